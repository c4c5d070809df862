"""Spellings of the formats that real exports have beside the one of the vendor's page; each was misread once."""

from datetime import UTC, datetime

import pytest

from shadowai.logs import Reader, custom_csv, load_formats, recognise
from shadowai.logs.values import user_of
from shadowai.model import SECOND, Observation, Skip

FORMATS = load_formats()
REFERENCE = 1_770_000_000 * SECOND  # 2026-02-02


def read(name: str, *lines: str) -> Observation | Skip:
    """Read lines in a format and give what the last one is."""
    reader = Reader(FORMATS[name], name="x", reference_time=REFERENCE)
    return [reader.parse(line.encode(), 0) for line in lines][-1]


def at(*moment: int) -> int:
    return int(datetime(*moment, tzinfo=UTC).timestamp()) * SECOND  # year to second


def test_w3c_tabs_between_values_under_a_header_with_blanks() -> None:
    header = "#Fields: date time c-ip cs-username cs(User-Agent) cs-host cs-uri-path cs-bytes sc-bytes"
    for row in (
        "2026-01-15\t10:00:00\t10.1.2.3\tLast, First\tMozilla/5.0 (X11; Linux) Z\tchatgpt.com\t/c\t5\t6",
        '2026-01-15 10:00:00 10.1.2.3 "Last, First" "Mozilla/5.0 (X11; Linux) Z" chatgpt.com /c 5 6',
        '2026-01-15 10:00:00 10.1.2.3 "Last, First" "Mozilla/5.0\t(X11; Linux) Z" chatgpt.com /c 5 6',
    ):
        seen = read("w3c", header, row)
        assert isinstance(seen, Observation)
        assert (seen.host, seen.path, seen.bytes_up, seen.bytes_down) == ("chatgpt.com", "/c", 5, 6)
        assert seen.user == "Last, First"
        assert seen.user_agent is not None
        assert seen.user_agent.replace("\t", " ") == "Mozilla/5.0 (X11; Linux) Z"
    short = read("w3c", header, "2026-01-15\t10:00:00\t10.1.2.3\t-\tchatgpt.com")
    assert isinstance(short, Skip)
    assert short.broken


def test_the_unspecified_address_is_no_destination() -> None:
    # Zscaler: "%s{sip} ... 0.0.0.0 if the request was blocked".
    seen = read(
        "zscaler-csv",
        "time,login,eurl,action,urlcat,cip,sip",
        "2026-01-15 10:00:00,a@example.com,claude.ai/,Blocked,AI,10.1.2.3,0.0.0.0",
    )
    assert isinstance(seen, Observation)
    assert seen.destination_ip is None


def test_zscaler_feed_without_header_names_the_device() -> None:
    seen = read(
        "zscaler-feed",
        '"Thu Jan 15 10:00:00 2026","a@example.com","HTTPS","chatgpt.com/","Allowed","ChatGPT","AI","72","14061","0",'
        '"0","Productivity Loss","AI","AI","None","None","0","None","None","HQ","Sales","10.1.2.3","104.18.32.47",'
        '"GET","200","curl/8","None","FwFilter","Rule_1","Other","None","alice","PC-17"',
    )
    assert isinstance(seen, Observation)
    assert seen.device == "PC-17"


@pytest.mark.parametrize("method", ["ICP_QUERY", "HTCP_TST"])
def test_squid_questions_of_other_caches_are_no_requests(method: str) -> None:
    line = f"1768471200.576      0 10.1.2.3 UDP_HIT/000 73 {method} http://chatgpt.com/ - HIER_NONE/- -"
    assert read("squid", line) == Skip("inter-cache", 0)


@pytest.mark.parametrize("data", ["-", '[meta sequenceId="7"]'])
def test_syslog_protocol_headers(data: str) -> None:
    # RFC 5424: APP-NAME PROCID MSGID STRUCTURED-DATA, as OPNsense and rsyslog's SyslogProtocol23Format write them.
    head = "<30>1 2026-01-15T10:00:00+01:00 gw.example"
    lines = {
        "unbound": f"{head} unbound 812 - {data} [812:0] info: 10.1.2.3 chatgpt.com. A IN",
        "dnsmasq": f"{head} dnsmasq 812 - {data} query[A] chatgpt.com from 10.1.2.3",
        "bind": f"{head} named 812 - {data} client @0x7f 10.1.2.3#5 (chatgpt.com): query: chatgpt.com IN A + (::1)",
    }
    for name, line in lines.items():
        found = recognise(line.encode() + b"\n")
        assert found is not None
        assert found.id == name
        seen = read(name, line)
        assert isinstance(seen, Observation)
        assert (seen.host, seen.source_ip, seen.time) == ("chatgpt.com", "10.1.2.3", at(2026, 1, 15, 9, 0, 0))
    assert read("unbound", f"{head} unbound 812 - {data} [812:0] notice: init module 0: iterator") == Skip("comment", 0)
    assert read("dnsmasq", f"{head} dnsmasq 812 - {data} forwarded chatgpt.com to 9.9.9.9") == Skip("comment", 0)


PAN = (
    "1,2026/01/15 10:00:01,0072,{kind},2561,2026/01/15 10:00:00,10.1.2.3,104.18.32.47,,,web,corp\\alice,,ssl,vsys1,"
    "trust,untrust,e1,e2,fwd,2026/01/15 10:00:00,5,1,5,443,0,0,0x0,tcp,{action}"
)


def test_pan_os_names_the_device_from_version_10() -> None:
    # Source Hostname is field 83 of a traffic record and 87 of a URL record.
    traffic = [*PAN.format(kind="TRAFFIC,end", action="allow").split(","), "9", "5", "4"]
    traffic += ["0"] * (82 - len(traffic)) + ["PC-17", "00:11:22:33:44:55"]
    web = [*PAN.format(kind="THREAT,url", action="alert").split(","), "chatgpt.com/", "(9999)", "ai", "informational"]
    web += [""] * (86 - len(web)) + ["PC-17", "00:11:22:33:44:55"]
    for row in (traffic, web):
        seen = read("pan-os", ",".join(row))
        assert isinstance(seen, Observation)
        assert seen.device == "PC-17"


def test_pan_os_lockout_is_a_denial() -> None:
    web = PAN.format(kind="THREAT,url", action="override-lockout") + ",chatgpt.com/,(9999),ai,informational"
    seen = read("pan-os", web)
    assert isinstance(seen, Observation)
    assert seen.action == "denied"


def test_fortigate_http_transactions_name_the_host() -> None:
    seen = read(
        "fortigate",
        'date=2026-01-15 time=10:00:00 eventtime=1768471200 tz="+0000" logid="0010000023" type="traffic" '
        'subtype="http-transaction" srcip=10.1.2.3 dstip=104.18.32.47 action="accept" hostname="chatgpt.com" '
        'url="https://chatgpt.com/c/1" agent="curl/8" httpmethod="POST" sentbyte=5 rcvdbyte=6',
    )
    assert isinstance(seen, Observation)
    assert (seen.host, seen.path, seen.method, seen.user_agent) == ("chatgpt.com", "/c/1", "POST", "curl/8")


def test_windows_2003_writes_dates_without_separators() -> None:
    line = (
        "20260115 10:00:00 12C PACKET  UDP Rcv 10.1.2.3       4471   Q [0001   D   NOERROR] A      (7)chatgpt(3)com(0)"
    )
    found = recognise(line.encode() + b"\r\n")
    assert found is not None
    assert found.id == "windows-dns"
    seen = read("windows-dns", line)
    assert isinstance(seen, Observation)
    assert (seen.host, seen.time) == ("chatgpt.com", at(2026, 1, 15, 10, 0, 0))


@pytest.mark.parametrize(
    "head",
    [
        # JSON lines with an `event_type` of another product's.
        b'{"timestamp":"2026-01-15T10:00:00Z","event_type":"login","user":"alice","src_ip":"10.1.2.3"}\n',
        # The export of a virus scanner.
        b"time,action,threatname,user,host\n2026-01-15 10:00:00,quarantine,EICAR,alice,chatgpt.com\n",
    ],
)
def test_lookalikes_are_not_recognised(head: bytes) -> None:
    assert recognise(head * 5) is None


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026/01/15 10:00:00", (2026, 1, 15, 10, 0, 0)),
        ("15/Jan/2026:10:00:00 +0200", (2026, 1, 15, 8, 0, 0)),
        ("15-Jan-2026 10:00:00", (2026, 1, 15, 10, 0, 0)),
        ("15 Jan 2026 10:00:00", (2026, 1, 15, 10, 0, 0)),
        ("Jan 15 2026 10:00:00", (2026, 1, 15, 10, 0, 0)),
        ('"Thu, 15 Jan 2026 10:00:00 GMT"', (2026, 1, 15, 10, 0, 0)),
        ("Thu Jan 15 10:00:00 2026", (2026, 1, 15, 10, 0, 0)),
    ],
)
def test_times_of_a_csv_that_can_be_read_in_one_way_only(written: str, moment: tuple[int, ...]) -> None:
    reader = Reader(custom_csv({"time": "When", "host": "Site"}), name="x")
    reader.parse(b"When,Site", 0)
    seen = reader.parse(f"{written},chatgpt.com".encode(), 10)
    assert isinstance(seen, Observation)
    assert seen.time == at(*moment)


def test_a_url_in_the_host_column_keeps_its_path() -> None:
    reader = Reader(custom_csv({"host": "Site", "user": "Who"}), name="x")
    reader.parse(b"Site,Who", 0)
    seen = reader.parse(b'https://www.bing.com/chat?q=1,"al ""x"""', 9)
    assert isinstance(seen, Observation)
    assert (seen.host, seen.path, seen.user) == ("www.bing.com", "/chat?q=1", 'al "x"')


@pytest.mark.parametrize("column", ["localtime", "gmttime"])
def test_w3c_times_in_brackets_hold_a_blank(column: str) -> None:
    # ProxySG ELFF fields `localtime` and `gmttime`: [DD/MMM/YYYY:hh:mm:ss +nnnn]
    header = f"#Fields: {column} c-ip cs-username cs-host cs(User-Agent)"
    for row in (
        '[15/Jan/2026:10:00:00 +0200] 10.1.2.3 alice chatgpt.com "a [b] c"',
        '"[15/Jan/2026:10:00:00 +0200]" 10.1.2.3 alice chatgpt.com "a [b] c"',
        "[15/Jan/2026:10:00:00 +0200]\t10.1.2.3\talice\tchatgpt.com\ta [b] c",
    ):
        seen = read("w3c", header, row)
        assert isinstance(seen, Observation)
        assert (seen.host, seen.user, seen.user_agent) == ("chatgpt.com", "alice", "a [b] c")
        assert seen.time == at(2026, 1, 15, 8, 0, 0)


@pytest.mark.parametrize(
    ("written", "user"), [('"alice"', "alice"), ('alice""', "alice"), ('""', None), ('al "x"', 'al "x"')]
)
def test_quotes_around_a_user_are_not_part_of_it(written: str, user: str | None) -> None:
    assert user_of(written) == user


def test_pan_os_time_in_iso_form_stands_above_the_syslog_header() -> None:
    # Strata Logging Service forwards the same columns with RFC 3339 times.
    row = PAN.format(kind="TRAFFIC,end", action="allow").replace("2026/01/15 10:00:00,10", "2026-01-15T10:00:00Z,10")
    seen = read("pan-os", f"<142>1 2026-01-15T10:07:00Z gw logforwarder - panwlogs - {row},9,5,4")
    assert isinstance(seen, Observation)
    assert seen.time == at(2026, 1, 15, 10, 0, 0)


@pytest.mark.parametrize("stamp", ["Thu Jan 15 10:00:00 2026 daemon.info", "Thu Jan  1 10:00:00 2026 daemon.info"])
def test_openwrt_writes_the_weekday_and_the_year(stamp: str) -> None:
    for name, record in {
        "dnsmasq": "dnsmasq[1]: query[A] chatgpt.com from 10.1.2.3",
        "unbound": "unbound: [812:0] info: 10.1.2.3 chatgpt.com. A IN",
    }.items():
        found = recognise(f"{stamp} {record}\n".encode())
        assert found is not None
        assert found.id == name
        seen = read(name, f"{stamp} {record}")
        assert isinstance(seen, Observation)
        assert seen.time == at(2026, 1, int(stamp[8:10]), 10, 0, 0)


def test_pairs_may_be_quoted_as_a_whole() -> None:
    # FortiAnalyzer's CSV, and the quoted feeds of Zscaler: a comma in a value is no end of it.
    faz = (
        '"itime=1768471200","date=2026-01-15","time=10:00:00","devid=FG","logid=0316013056","type=utm",'
        '"subtype=webfilter","srcip=10.1.2.3","hostname=chatgpt.com","action=blocked","url=/a,b=""c""","user=alice"'
    )
    nss = (
        '"time=Thu Jan 15 10:00:00 2026","user=alice","url=chatgpt.com/a,b=""c""","action=Blocked",'
        '"ClientIP=10.1.2.3","requestsize=5"'
    )
    for name, line in {"fortigate": faz, "zscaler-pairs": nss}.items():
        found = recognise(line.encode() + b"\n")
        assert found is not None
        assert found.id == name
        seen = read(name, line)
        assert isinstance(seen, Observation)
        assert (seen.host, seen.path, seen.user, seen.action) == ("chatgpt.com", '/a,b="c"', "alice", "denied")
        assert seen.time == at(2026, 1, 15, 10, 0, 0)


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("w3c", ["#Fields: date time c-ip cs-host", "2026-01-15 10:00:00 10.1.2.3 chatgpt.com"]),
        ("w3c", ["#Date: 2026-01-15 09:00:00", "#Fields: time c-ip cs-host", "10:00:00 10.1.2.3 chatgpt.com"]),
        (
            "proxysg-pairs",
            ["c-ip=10.1.2.3 cs-host=chatgpt.com s-action=TCP_HIT cs-bytes=1 sc-bytes=2 date=2026-01-15 time=10:00:00"],
        ),
    ],
)
def test_w3c_dates_and_times_are_utc_whatever_the_zone_of_the_other_logs(name: str, lines: list[str]) -> None:
    # Extended Log File Format, section "Date" and "Time": all times are specified in GMT.
    reader = Reader(FORMATS[name], name="x", zone="Europe/Berlin")
    seen = [reader.parse(line.encode(), 0) for line in lines][-1]
    assert isinstance(seen, Observation)
    assert seen.time == at(2026, 1, 15, 10, 0, 0)


@pytest.mark.parametrize(
    ("written", "user"),
    [
        ("CORP%5Calice", "CORP\\alice"),
        ("alice%40example.com", "alice@example.com"),
        ("J%C3%BCrg%20M", "Jürg M"),
        ("100%", "100%"),
        ("50%off", "50%off"),
        ("a%00b", "a%00b"),
        ("a%FFb", "a%FFb"),
    ],
)
def test_escapes_in_user_names_are_undone(written: str, user: str) -> None:
    # Squid writes blanks, backslashes and all beyond ASCII as %XX (RFC 1738 section 2.2).
    seen = read("squid", f"1768471200.576 1 10.1.2.3 TCP_TUNNEL/200 5 CONNECT chatgpt.com:443 {written} HIER_NONE/- -")
    assert isinstance(seen, Observation)
    assert seen.user == user


def test_csv_of_web_requests_with_dates_as_spreadsheets_write_them() -> None:
    header = "Date,Time,Source_IP,Username,Bytes_Uploaded,Bytes_Downloaded,URL,Action"
    for day, hour in (("06/25/2024", "10:00:01 AM"), ("25/06/2024", "10:00:01"), ("2024-06-25", "10:00:01")):
        row = f'{day},{hour},192.0.2.10,alice,"1,200",34000,chatgpt.com/,Allowed'
        seen = read("csv-web", header, row)
        assert (seen.time, seen.bytes_up, seen.bytes_down) == (1719309601 * 10**9, 1200, 34000)


def test_csv_of_look_ups_with_dates_as_spreadsheets_write_them() -> None:
    header = "Date,Time,Client_IP,Query,Query_Type"
    for day, hour in (("06/25/2024", "10:00 AM"), ("25/06/2024", "10:00"), ("2024-06-25", "10:00:00")):
        assert read("csv-dns", header, f"{day},{hour},192.0.2.10,chatgpt.com,A").time == 1719309600 * 10**9
