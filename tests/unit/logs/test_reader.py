"""Layouts, headers, hostile lines, and observations that are what the model says."""

import dataclasses
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shadowai.errors import SourceError, UsageError
from shadowai.logs import Reader, bind, custom_csv, load_formats, read_blocks, recognise
from shadowai.logs.engines import cut
from shadowai.logs.lines import MAX_LINE
from shadowai.logs.pairs import pairs_in
from shadowai.model import Action, Evidence, Kind, Observation, Skip, Tally

FORMATS = load_formats()
SQUID = b"1768471200.576    111 10.1.2.3 TCP_TUNNEL/200 15851 CONNECT chatgpt.com:443 alice HIER_DIRECT/104.18.32.47 -"


def parse(name: str, *lines: bytes) -> Observation | Skip:
    """Read lines in a format and give what the last one is."""
    reader = Reader(FORMATS[name], name="x")
    results = [reader.parse(line, 100 * number) for number, line in enumerate(lines)]
    return results[-1]


def test_an_observation_is_the_models_own() -> None:
    seen = parse("squid", SQUID)
    made = Observation(
        Evidence.PROXY,
        Kind.PROXY,
        "squid",
        "x",
        "chatgpt.com",
        1768471200576000000,
        "10.1.2.3",
        None,
        "104.18.32.47",
        443,
        "alice",
        None,
        None,
        "CONNECT",
        None,
        Action.ALLOWED,
        None,
        15851,
        0,
        None,
    )
    assert seen == made
    assert type(seen) is Observation
    assert hash(seen) == hash(made)
    with pytest.raises(dataclasses.FrozenInstanceError):
        seen.host = "other.example"  # that it is frozen is what is tested


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (SQUID.replace(b"CONNECT chatgpt.com:443", b"GET http://bad host/"), "bad-record"),
        (SQUID.replace(b"chatgpt.com:443", b"!!!:443"), "bad-host"),
        (SQUID.replace(b"1768471200.576", b"0000000000.000"), "bad-time"),
        (SQUID.replace(b" -", b""), "bad-record"),
        (SQUID.replace(b"TCP_TUNNEL/200", b"tcp"), "bad-record"),
        (b"x" * (MAX_LINE + 1), "over-long"),
        (b"not a record", "bad-record"),
    ],
)
def test_damage_is_told(line: bytes, reason: str) -> None:
    assert parse("squid", line) == Skip(reason, 0, broken=True)


@pytest.mark.parametrize(
    ("name", "line", "reason"),
    [
        ("squid", b"2019/10/11 09:14:49 kid1| Accepting HTTP Socket connections", "comment"),
        ("squid", b"1768471200.5 0 10.1.2.3 NONE_NONE/400 3913 GET /favicon.ico - HIER_NONE/- text/html", "no-host"),
        ("squid", b"1768471200.5 0 10.1.2.3 NONE_NONE/400 3913 GET - - HIER_NONE/- text/html", "no-host"),
        ("bind", b"15-Jan-2026 10:00:00.123 queries: info: client 10.0.0.1#5 (.): query: . IN NS +", "odd-name"),
    ],
)
def test_what_is_no_contact_is_no_damage(name: str, line: bytes, reason: str) -> None:
    assert parse(name, line) == Skip(reason, 0)


def test_rows_before_a_layout_are_broken() -> None:
    assert parse("w3c", b"10.0.0.1 a.example") == Skip("no-layout", 0, broken=True)


def test_a_layout_without_a_host_is_refused() -> None:
    assert parse("w3c", b"#Fields: date time c-ip") == Skip("bad-header", 0, broken=True)
    assert parse("w3c", b"#Fields: c-ip cs-host", b"#Fields: x y", b"10.0.0.1 a.example") == Skip(
        "no-layout", 200, broken=True
    )


def test_rows_shorter_than_their_layout_are_broken_and_longer_ones_are_not() -> None:
    head = b"#Fields: c-ip cs-host sc-bytes"
    assert parse("w3c", head, b"10.0.0.1 a.example") == Skip("bad-record", 100, broken=True)
    seen = parse("w3c", head, b'10.0.0.1 a.example 5 extra "more"')
    assert (seen.host, seen.bytes_down) == ("a.example", 5)


def test_w3c_tabs_dates_and_stamps() -> None:
    seen = parse(
        "w3c", b"#Fields: c-ip\tcs-host\tcs(User-Agent)\tx-timestamp", b"10.0.0.1\ta.example\tMozilla 5\t1768471200"
    )
    assert (seen.user_agent, seen.time) == ("Mozilla 5", 1768471200 * 10**9)
    seen = parse("w3c", b"#Fields: gmttime c-ip cs-host", b'"[15/Jan/2026:10:00:00 GMT]" 10.0.0.1 a.example')
    assert seen.time == 1768471200 * 10**9
    seen = parse("w3c", b"#Fields: c-ip  cs-uri", b"10.0.0.1   tcp://a.example:443/")
    assert (seen.host, seen.destination_port) == ("a.example", 443)


@pytest.mark.parametrize(
    ("lines", "host"),
    [
        (
            [
                b"#separator ,",
                b"#unset_field,nil",
                b"#fields,ts,id.orig_h,query,qtype_name",
                b"1768471200.5,nil,a.ai,A",
            ],
            "a.ai",
        ),
        ([b"#separator |", b"#fields|ts|query|qtype_name", b"1768471200.5|a.ai|A"], "a.ai"),
        ([b"#fields\tts\tid_orig_h\tquery\tqtype_name", b"1768471200.5\t10.0.0.1\ta.ai\tA"], "a.ai"),
    ],
)
def test_zeek_separators_and_names(lines: list[bytes], host: str) -> None:
    assert parse("zeek-dns", *lines).host == host


@pytest.mark.parametrize(
    "lines",
    [
        [b"#separator ", b"#fields\ta", b"hi"],
        [b"#separator \\x00", b"#fields\ta", b"hi"],
        [b"#fields\tts\tquery\tqtype_name", b"hello\ta\tb"],
        [b"#fields\tts\tquery\tqtype_name", b"1768471200.5\ta"],
        [b"#fields\tts\tquery\tqtype_name", b"77777777777777777777\ta\tA"],
    ],
)
def test_odd_zeek_files_are_reported(lines: list[bytes]) -> None:
    result = parse("zeek-dns", *lines)
    assert isinstance(result, Skip)
    assert result.broken


def test_a_header_line_in_the_middle_of_a_file_is_no_record() -> None:
    head = b"time,login,eurl,action,urlcat"
    reader = Reader(FORMATS["zscaler-csv"], name="x", header=[head])
    assert reader.parse(head, 0) == Skip("header", 0)
    assert reader.parse(head + b"\r", 500) == Skip("header", 500)
    assert reader.parse(b"2026-01-15 10:00:00,a,a.ai/x,Allowed,y", 600).host == "a.ai"


def test_a_header_without_the_formats_columns_is_refused() -> None:
    assert parse("zscaler-csv", b"a,b,c") == Skip("bad-header", 0, broken=True)


def test_csv_values_that_shift_the_columns_are_refused() -> None:
    head = b"time,login,eurl,action,urlcat"
    row = b"2026-01-15 10:00:00,a,a.ai/x,y,Allowed,z"
    assert parse("zscaler-csv", head, row) == Skip("bad-record", 100, broken=True)
    assert parse("zscaler-csv", head, b"2026-01-15 10:00:00,a,a.ai/x,Allowed,z,").host == "a.ai"


def test_text_inside_a_message_cannot_pose_as_a_record() -> None:
    forged = b'type="event" msg="x type=traffic srcip=10.9.9.9 dstip=192.0.2.1 hostname=chatgpt.com"'
    line = b'date=2026-01-15 time=10:00:00 logid="0100032001" ' + forged + b' subtype="system"'
    assert parse("fortigate", line) == Skip("not-a-contact", 0)
    assert parse("squid", b"Jan 15 10:00:00 h a: " + b"word " * 30 + SQUID) == Skip("bad-record", 0, broken=True)


def test_the_first_of_equal_keys_counts() -> None:
    assert pairs_in("a=1 a=2") == {"a": "1"}
    assert pairs_in("a=1\ta=2\tb") == {"a": "1"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('a=1 b="x y" c=', {"a": "1", "b": "x y", "c": ""}),
        ('a=1,b="x, y",c=z w', {"a": "1", "b": "x, y", "c": "z w"}),
        ('a="x\\"y" b=2', {"a": 'x"y', "b": "2"}),
        ('a=1\tb=""http://x"" \tc="d"', {"a": "1", "b": "http://x", "c": "d"}),
        ('a="unclosed b=2', {"a": "unclosed", "b": "2"}),
        ("no pairs", {}),
        ("url=x?a=b&c=d e=f", {"url": "x?a=b&c=d", "e": "f"}),
    ],
)
def test_pairs(text: str, expected: object) -> None:
    assert pairs_in(text) == expected


def test_cut() -> None:
    assert cut('a "b c"  d', " ") == ["a", "b c", "d"]
    assert cut('a,"b ""c"", d"', ",") == ["a", 'b "c", d']
    assert cut('a "b c"', " ", quotes=False) == ["a", '"b', 'c"']
    assert cut('"' + "x" * 200_000 + '"', ",") is None


def test_fortigate_in_csv_format() -> None:
    line = (
        b'date=2026-01-15,time=10:00:00,devname="fw",logid="0000000013",type="traffic",subtype="forward",'
        b"srcip=10.1.2.3,"
        b"dstip=192.0.2.1,action=accept,sentbyte=5,rcvdbyte=6"
    )
    seen = parse("fortigate", line)
    assert (seen.destination_ip, seen.bytes_up, seen.bytes_down) == ("192.0.2.1", 5, 6)
    assert recognise(line).id == "fortigate"


def test_pan_os_takes_the_zone_from_the_high_resolution_time() -> None:
    base = (
        b"1,2026/01/15 10:00:01,0072,TRAFFIC,end,2561,2026/01/15 10:00:00,10.1.2.3,192.0.2.1,,,rule,,,ssl,vsys1,"
        b"t,u,e1,e2,fwd,"
        b"2026/01/15 10:00:00,3,1,39681,443,0,0,0x4,tcp,allow,30,10,20,9,2026/01/15 09:59:00,1,any"
    )
    columns = base.count(b",") + 1
    with_zone = base + b"," * (103 - columns) + b"2026-01-15T10:00:02.123-05:00,,"
    assert parse("pan-os", base).time == 1768471200 * 10**9
    assert parse("pan-os", with_zone).time == (1768471200 + 5 * 3600) * 10**9


def test_pan_os_records_that_are_cut_short_are_broken() -> None:
    line = b"1,2026/01/15 10:00:01,0072,TRAFFIC,end,2561,2026/01/15 10:00:00,10.1.2.3,192.0.2.1,,,rule,,,ssl"
    assert parse("pan-os", line) == Skip("bad-record", 0, broken=True)


def test_zones_and_unknown_years() -> None:
    fmt = FORMATS["dnsmasq"]
    line = b"Jan 15 10:00:00 dnsmasq[1]: query[A] a.ai from 10.0.0.1"
    assert Reader(fmt, name="x").parse(line, 0).time is None
    reader = Reader(fmt, name="x", reference_time=1768600000 * 10**9, zone="Europe/Berlin")
    assert reader.parse(line, 0).time == (1768471200 - 3600) * 10**9
    with pytest.raises(UsageError):
        Reader(fmt, name="x", zone="Nowhere")


def test_windows_dates_in_the_order_the_head_shows() -> None:
    row = "{} 21:46:04 0E1C PACKET  0000017DEDFE28D0 UDP Rcv 10.20.0.6 966f   Q [0001 D NOERROR] A (1)a(2)ai(0)\n"
    us = row.format("12/22/2021") + row.format("05/06/2021")
    fmt = recognise(us.encode())
    assert fmt.day_first is False
    seen = list(read_blocks([(0, us.encode())], Reader(fmt, name="x"), Tally(), None))
    assert seen[1].to_ecs()["@timestamp"].startswith("2021-05-06")
    assert recognise(row.format("05/06/2021").encode()).day_first is None
    assert recognise((us + row.format("22/12/2021")).encode()).day_first is None


@pytest.mark.parametrize("name", FORMATS)
@given(line=st.binary(max_size=200))
@settings(max_examples=60)
def test_no_bytes_raise(name: str, line: bytes) -> None:
    reader = Reader(FORMATS[name], name="x", reference_time=10**18)
    for part in line.split(b"\n"):
        assert isinstance(reader.parse(part, 3), Observation | Skip)


PIECES = [
    *rb' a=" \\" | , " = (63) client 1 a: {"a": [ :// \\x A R f 0. from unbound:'.split(b" "),
    b" ",
    b"\t",
    b"\xff",
    b". ",
    b" from 1",
    b"dnsmasq: query[A] ",
    b"unbound: info: 1 ",
    b"1 ",
    b"a: ",
]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("piece", [piece for piece in PIECES if piece])
def test_hostile_lines_take_linear_time(name: str, piece: bytes) -> None:
    fmt = FORMATS[name]
    prefixes = {
        "pan-os": b"1,2026/01/15 10:00:00,1,TRAFFIC,",
        "fortigate": b"date=2026-01-15 time=10:00:00 ",
        "bind": b"15-Jan-2026 10:00:00.123 client ",
        "squid-combined": b'10.1.2.3 - - [15/Jan/2026:10:00:00 +0000] "GET http://a/ HTTP/1.1" 200 5 "',
        "windows-dns": b"1/15/2026 10:00:32 AM 0E70 PACKET ",
    }
    line = prefixes.get(name, b"") + piece * (200_000 // len(piece))
    begin = time.process_time()
    assert isinstance(Reader(fmt, name="x").parse(line, 0), Observation | Skip)
    assert time.process_time() - begin < 2


def test_deeply_nested_json_is_broken_not_fatal() -> None:
    for name in ("suricata", "zeek-dns-json"):
        assert parse(name, b'{"a":' * 100_000) == Skip("bad-record", 0, broken=True)
        assert parse(name, b"{}") == Skip("bad-record", 0, broken=True)
        assert parse(name, b'{"timestamp":[1],"event_type":{"a":1}}') == Skip("bad-record", 0, broken=True)


MAP = {"time": "When", "source_ip": "Client", "user": "Who", "url": "Link", "bytes_up": "Up", "action": "Verdict"}


def test_a_csv_with_a_column_map() -> None:
    reader = Reader(custom_csv(MAP), name="x")
    assert reader.parse(b"When;Client;Who;Link;Up;Verdict;Ignored", 0) == Skip("header", 0)
    seen = reader.parse(b"2026-01-15T10:00:00Z;10.1.2.3;alice;https://chatgpt.com/x;5;BLOCKED;z", 60)
    assert (seen.host, seen.path, seen.user, seen.source_ip, seen.bytes_up) == (
        "chatgpt.com",
        "/x",
        "alice",
        "10.1.2.3",
        5,
    )
    assert (seen.time, seen.action, seen.dataset, seen.offset) == (1768471200 * 10**9, Action.DENIED, "csv", 60)
    assert reader.parse(b"1768471200123;10.1.2.3;-;claude.ai;;allowed;z", 0).time == 1768471200123 * 10**6
    assert reader.parse(b"1768471200;10.1.2.3;-;claude.ai;;maybe;z", 0).action is None


def test_a_csv_with_a_time_format() -> None:
    fmt = custom_csv({"time": "t", "host": "h"}, time_format="%d.%m.%Y %H:%M", delimiter="\t", name="mine")
    reader = Reader(fmt, name="x", header=[b"t\th"], zone="Europe/Berlin")
    seen = reader.parse(b"15.01.2026 11:00\ta.ai", 9)
    assert (seen.time, seen.host, seen.dataset) == (1768471200 * 10**9, "a.ai", "mine")
    assert reader.parse(b"2026\ta.ai", 9) == Skip("bad-time", 9, broken=True)


def test_a_csv_with_columns_for_date_and_time() -> None:
    fmt = custom_csv({"date": "Day", "time": "Hour", "host": "h"})
    reader = Reader(fmt, name="x", header=[b"Day,Hour,h"])
    expected = 1768471200 * 10**9  # 2026-01-15T10:00:00Z
    for line in (b"2026-01-15,10:00:00,a.ai", b"15/01/2026,10:00:00,a.ai", b"01/15/2026,10:00 AM,a.ai"):
        assert reader.parse(line, 11).time == expected
    assert reader.parse(b"05/06/2026,10:00,a.ai", 11) == Skip("ambiguous-date", 11, broken=True)


def test_another_date_settles_the_order_in_a_csv_with_a_column_map() -> None:
    head = b"When,h\n25/06/2026 10:00:00,a.ai\n05/06/2026 10:00:00,a.ai\n"
    own = custom_csv({"time": "When", "host": "h"})
    for fmt in (recognise(head, own=[own]), bind(own, head)):
        seen = Reader(fmt, name="x", header=[b"When,h"]).parse(b"05/06/2026 10:00:00,a.ai", 9)
        assert seen.time == 1780653600 * 10**9  # 2026-06-05T10:00:00Z


@pytest.mark.parametrize(
    ("columns", "options"),
    [
        ({"host": "x", "date": "x"}, {}),
        ({"hots": "x"}, {}),
        ({"user": "x"}, {}),
        ({"host": "x"}, {"delimiter": "§"}),
        ({"host": "x", "time": "t"}, {"time_format": "%Q"}),
        ({"host": "x"}, {"name": "no id!"}),
    ],
)
def test_unusable_column_maps_are_refused(columns: dict[str, str], options: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        custom_csv(columns, **options)


def test_a_mapped_column_that_the_file_lacks_is_named() -> None:
    with pytest.raises(SourceError, match=r"'Link'.*'When', 'Client'"):
        Reader(custom_csv({"url": "Link"}), name="x.csv", header=[b"When,Client"])


def test_preambles_of_a_csv_are_passed_over() -> None:
    reader = Reader(custom_csv({"host": "h"}), name="x")
    assert reader.parse(b"sep=;", 0) == Skip("comment", 0)
    assert reader.parse(b"# made by x", 0) == Skip("comment", 0)
    assert reader.parse(b"h;x", 0) == Skip("header", 0)
    assert reader.parse(b"a.ai;1", 0).host == "a.ai"
