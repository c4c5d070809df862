"""Records inside records, files of several formats, and files whose records are not lines: told from content alone."""

import csv
import io
import json
from typing import Any, Literal

import pytest

from shadowai.errors import SourceError
from shadowai.logs import Needle, Prefilter, bind, load_formats, open_reader, read_blocks, recognise, with_day_first
from shadowai.logs.mixed import UNKNOWN
from shadowai.logs.wrappers import cells, columns_of, opener_of
from shadowai.model import Observation, Tally

SQUID = "1768471200.576    111 10.1.2.3 TCP_TUNNEL/200 15851 CONNECT chatgpt.com:443 alice HIER_DIRECT/192.0.2.7 -"
EVE: dict[str, Any] = {
    "timestamp": "2026-01-15T10:00:00.000000+0000", "event_type": "tls", "src_ip": "10.1.2.3", "src_port": 50000,
    "dest_ip": "192.0.2.7", "dest_port": 443, "tls": {"sni": "chatgpt.com"},
}  # fmt: skip
DNSMASQ = "Jan 15 10:00:00 gw dnsmasq[1]: query[A] chatgpt.com from 10.1.2.3"
DNS_JSON = json.dumps(EVE)


def read(data: bytes, prefilter: Prefilter | None = None) -> tuple[list[Observation], Tally]:
    fmt = recognise(data)
    assert fmt is not None
    tally = Tally()
    reader = open_reader(fmt, name="x", reference_time=1_769_900_000 * 10**9)
    return list(read_blocks([(0, data)], reader, tally, prefilter)), tally


def rows(name: str, value: str, count: int) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["_time", "host", name])
    writer.writerows([["2026-01-15", "h", value]] * count)
    return out.getvalue().encode()


def json_lines(document: object, count: int = 5) -> bytes:
    return (json.dumps(document) + "\n").encode() * count


PAN = "1,2026/01/15 10:00:01,007200001056,THREAT,url,2561,2026/01/15 10:00:00,10.1.2.3,192.0.2.7,,,web,alice,,ssl,vsys1"
PAN += (
    ',trust,untrust,e1,e2,f,2026/01/15 10:00:00,1,1,50000,443,1,443,0x0,tcp,alert,"chatgpt.com/x,y",(9999),ai,low,out'
)
FORCEPOINT = (
    '"15/01/2026","10:00:00","alice","u1","AI,Chat","Allowed","Use","Staff","https://claude.ai/c","203.0.113.2","192.0.2.7"'
    ',"10.1.2.3","None","None","Mozilla/5.0","200","Post"'
)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_ALL, csv.QUOTE_MINIMAL])
@pytest.mark.parametrize(("name", "row"), [("pan-os", PAN), ("forcepoint-csv", FORCEPOINT)])
def test_rows_saved_anew_by_a_spreadsheet_are_read_as_before(
    name: str, row: str, delimiter: str, quoting: Literal[0, 1]
) -> None:
    plain, _ = read((row + "\n").encode() * 3)
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, quoting=quoting).writerows(list(csv.reader([row])) * 3)
    found, tally = read(out.getvalue().encode())
    assert [(one.host, one.path, one.user, one.time, one.dataset) for one in found] == [
        (one.host, one.path, one.user, one.time, name) for one in plain
    ]
    assert len(found) == len(plain) == 3
    assert not tally.broken


def test_rows_of_no_known_product_are_not_taken_for_one() -> None:
    assert recognise(b"a;b;c;d;e;f;g;h;i\n" * 5) is None
    assert opener_of("rows:;:plain")("a;b") is None


WRAPPED = {
    "splunk": json_lines({"preview": False, "offset": 0, "result": {"_raw": SQUID, "_time": "2026-01-15T10:00:00Z"}}),
    "elasticsearch": json_lines({"_index": "a", "_source": {"@timestamp": "2026-01-15T10:00:00Z", "message": SQUID}}),
    "elasticsearch-original": json_lines({"_source": {"event": {"original": SQUID}, "message": "other"}}),
    "filebeat": json_lines({"@timestamp": "2026-01-15T10:00:00Z", "message": SQUID, "log": {"offset": 7}}),
    "flat": json_lines({"event.original": SQUID}),
    "docker": json_lines({"log": SQUID + "\n", "stream": "stdout", "time": "2026-01-15T10:00:00Z"}),
    "gelf": json_lines({"version": "1.1", "host": "h", "short_message": SQUID, "timestamp": 1768471200.5}),
    "wazuh": json_lines({"timestamp": "2026-01-15T10:00:00.000+0000", "rule": {"level": 3}, "full_log": SQUID}),
    "kafka": json_lines({"topic": "web", "partition": 0, "offset": 5, "timestamp": 1768471201000, "value": SQUID}),
    "kafka-connect": json_lines({"schema": {"type": "string"}, "payload": SQUID}),
    "datadog": json_lines({"type": "log", "attributes": {"timestamp": "2026-01-15T10:00:00Z", "message": SQUID}}),
    "elasticsearch-fields": json_lines({"_id": "1", "fields": {"message": [SQUID]}}),
    "logscale": json_lines({"@rawstring": SQUID, "@timestamp": 1768471201000}),
    "chronicle": json_lines({"log_type": "SQUID_WEBPROXY", "log_text": SQUID}),
    "rsyslog": json_lines({"timestamp": "2026-01-15T10:00:00Z", "syslog-tag": "squid[1]:", "msg": " " + SQUID}),
    "opentelemetry": json_lines(
        {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"stringValue": SQUID}}] * 5}]}]}, 1
    ),
    "cloudwatch": json_lines({"@timestamp": "2026-01-15 10:00:00.000", "@message": SQUID}),
    "docker-json": json_lines({"log": DNS_JSON + "\n", "stream": "stdout"}),
    "object": json_lines({"_index": "a", "_source": EVE}),
    "list": json_lines({"message": [SQUID]}),
    "syslog": b"<134>Jan 15 10:00:00 host fluentd[7]: " + json_lines({"message": SQUID}, 1),
    "thrice": json_lines({"result": {"_raw": json.dumps({"log": SQUID})}}),
    "csv": rows("_raw", SQUID, 5),
    "csv-json": rows("message", DNS_JSON, 5),
    "audit": rows("AuditData", DNS_JSON, 5),
    "csv-lines": rows("event.original", json.dumps(EVE, indent=1), 5),
    "pretty": (json.dumps(EVE, indent=2) + "\n").encode() * 5,
    "array": json.dumps([EVE] * 5, indent=2).encode(),
    "records": json.dumps({"Records": [EVE] * 5}).encode(),
    "value": json.dumps({"value": [EVE] * 5}, indent=1).encode(),
    "hits": json.dumps({"hits": {"total": 5, "hits": [{"_source": EVE}] * 5}}, indent=1).encode(),
    "array-of-wrapped": json.dumps([{"message": SQUID}] * 5, indent=1).encode(),
}


def test_a_record_without_a_time_gets_that_of_its_wrapper() -> None:
    line = '[INFO] 10.1.2.3:44381 - 2341 "A IN chatgpt.com. udp 44 false 512" NOERROR qr,rd,ra 94 0.0123s'
    export = f'timestamp,message\n1768471200,"{line.replace(chr(34), chr(34) * 2)}"\n'
    for data in (json_lines({"time": 1768471200.5, "event": line}, 1), export.encode()):
        found, tally = read(data)
        assert [seen.time // 10**9 for seen in found if seen.time] == [1768471200]
        assert tally.broken == 0


@pytest.mark.parametrize("name", WRAPPED)
def test_the_record_inside_is_read(name: str) -> None:
    data = WRAPPED[name]
    found, tally = read(data)
    assert {(seen.host, seen.source_ip, seen.dataset) for seen in found} <= {
        ("chatgpt.com", "10.1.2.3", "squid"),
        ("chatgpt.com", "10.1.2.3", "suricata"),
    }
    assert len(found) == (1 if name == "syslog" else 5)
    assert tally.broken == 0
    assert {seen.time for seen in found} <= {1768471200_576_000_000, 1768471200_000_000_000}
    needle, _ = read(data, Prefilter([Needle("chatgpt.com", at_end=True)]))
    assert needle == found
    assert len({seen.offset for seen in found}) == len(found)


@pytest.mark.parametrize("name", ["pretty", "array", "records", "csv-lines"])
def test_offsets_are_those_of_the_file(name: str) -> None:
    for seen in read(WRAPPED[name])[0]:
        assert WRAPPED[name][seen.offset :].lstrip().startswith((b"{", b"2026"))


def test_the_time_of_the_wrapper_stands_where_the_record_has_none() -> None:
    found, _ = read(
        json_lines({"message": "dnsmasq[1]: query[A] chatgpt.com from 10.1.2.3", "time": "2026-01-15T10:00:00Z"})
    )
    assert {seen.time for seen in found} == {1768471200 * 10**9}


def test_records_without_the_inner_one_are_counted() -> None:
    found, tally = read(json_lines({"log": SQUID}) + b'{"other":1}\n{"log":""}\n{"log":7}\nnothing\n')
    assert len(found) == 5
    assert tally.skipped == {"bad-record": 4}
    assert tally.broken == 4


def test_every_item_of_a_page_is_a_record() -> None:
    page = json.dumps({"data": [EVE, EVE, EVE], "total": 3})
    assert len(read(page.encode())[0]) == 3
    assert len(read((page + "\n" + page + "\n").encode())[0]) == 6


def test_openers() -> None:
    assert opener_of("a.b")('{"a":[{"b":"x"}]}') is None
    assert opener_of("a.b")('{"a":{"b":"x"},"time":1768471200}') == ("x", "2026-01-15T10:00:00.000000Z")
    assert opener_of("a")('{"a":{"b":1}}') == ('{"b":1}', "")
    assert opener_of("a")("[]") is None
    assert opener_of("csv:,:1::_raw")('1,"x ""y"""') == ('x "y"', "")
    assert opener_of("csv:,:1:0:_raw")("1768471200,x") == ("x", "2026-01-15T10:00:00.000000Z")
    assert opener_of("csv:,:0:1:_raw")("x") == ("x", "")
    assert opener_of("csv:,:1::_raw")("1") is None
    assert opener_of("csv:,:1:0:_raw")('"Jan 15, 2026 @ 10:00:00.123",x') == ("x", "Jan 15 2026 10:00:00")
    assert opener_of("csv:,:1:0:_raw")("2026-01-15 10:00:00,x") == ("x", "2026-01-15 10:00:00")
    assert opener_of("csv:,:1:0:_raw")("yesterday,x") == ("x", "")
    assert cells('a,"' + "x" * 200_000, ",") is None
    assert columns_of("_time;host;_raw") == ["csv:;:2:0:_raw"]


def test_a_file_may_hold_several_formats() -> None:
    lines = [SQUID, DNSMASQ, DNS_JSON, SQUID]
    found, tally = read(("\n".join(lines * 10) + "\n").encode())
    assert [seen.dataset for seen in found[:4]] == ["squid", "dnsmasq", "suricata", "squid"]
    assert (tally.parsed, tally.broken) == (40, 0)
    assert tally.formats == {"squid": 20, "dnsmasq": 10, "suricata": 10}


def test_a_file_of_several_formats_is_told_whatever_the_order_of_its_lines() -> None:
    lines = [SQUID, DNSMASQ, DNS_JSON, "Jan 15 10:00:00 h sshd[1]: x"]
    for text in ("\n".join(lines * 50), "\n".join(line for line in lines for _ in range(50)), "\n".join(lines * 2)):
        found, tally = read((text + "\n").encode())
        assert tally.formats.keys() == {"squid", "dnsmasq", "suricata"}
        assert len(found) == tally.records * 3 // 4


def test_a_few_lines_in_a_syslog_servers_file_are_read() -> None:
    noise = "".join(f"<13>Jan 15 10:00:{second:02} h sshd[1]: x\n" for second in range(30))
    text = noise + (DNSMASQ + "\n") * 5
    found, tally = read(text.encode())
    assert {seen.dataset for seen in found} == {"dnsmasq"}
    assert (len(found), tally.skipped) == (5, {UNKNOWN: 30})
    assert recognise((noise * 2 + (DNSMASQ + "\n") * 2).encode()) is None


def test_a_wrapped_file_may_hold_several_formats() -> None:
    found, tally = read(json_lines({"message": SQUID}) + json_lines({"message": DNS_JSON}))
    assert [seen.dataset for seen in found] == ["squid"] * 5 + ["suricata"] * 5
    assert tally.broken == 0


def test_am_and_pm_may_have_an_order_of_their_own() -> None:
    line = "{} 0D4C PACKET  0000000003D25E10 UDP Rcv 10.1.2.3 0006 Q [0001 D NOERROR] A (7)chatgpt(3)com(0)\n"
    times = ["6/5/2013 10:00:32 AM", "4/21/2017 7:52:03 AM", "22/12/2021 21:46:04", "05/06/2021 21:46:04"]
    found, _ = read("".join(line.format(time) for time in times).encode())
    assert [seen.to_ecs()["@timestamp"][:10] for seen in found] == [
        "2013-06-05", "2017-04-21", "2021-12-22", "2021-06-05",
    ]  # fmt: skip


def test_lines_of_no_format_are_counted_as_such() -> None:
    fmt = recognise(("\n".join([SQUID, DNSMASQ, "Jan 15 10:00:00 h sshd[1]: x"] * 10) + "\n").encode())
    assert fmt is not None
    assert fmt.id == "mixed"
    assert fmt.recognition == "told line by line: dnsmasq 33%, squid 33%"
    tally = Tally()
    reader = open_reader(fmt, name="x")
    list(read_blocks([(0, b"Jan 15 10:00:00 h sshd[1]: x\n" + SQUID.encode() + b"\n")], reader, tally, None))
    assert tally.skipped == {UNKNOWN: 1}
    assert tally.parsed == 1


def test_comments_of_a_member_are_comments() -> None:
    fmt = recognise(("\n".join([SQUID, DNSMASQ] * 10) + "\n").encode())
    assert fmt is not None
    result = open_reader(fmt, name="x").parse(b"2026/01/15 10:00:00| Starting Squid Cache\n", 0)
    assert not isinstance(result, Observation)
    assert result.reason == "comment"


def test_damage_keeps_its_reason_in_a_mixed_file() -> None:
    fmt = recognise(("\n".join([SQUID, DNSMASQ] * 10) + "\n").encode())
    assert fmt is not None
    result = open_reader(fmt, name="x").parse(SQUID.replace("chatgpt.com", "a b").encode(), 0)
    assert not isinstance(result, Observation)
    assert result.broken
    result = open_reader(fmt, name="x").parse(SQUID.replace("1768471200.576", "0000000000.576").encode(), 0)
    assert not isinstance(result, Observation)
    assert result.reason == "bad-time"


def test_the_choice_and_its_margin_are_told() -> None:
    fmt = recognise((SQUID + "\n").encode() * 9 + b"noise\n")
    assert fmt is not None
    assert fmt.recognition == "90% of 10 lines"


def test_further_places_of_the_file_vote_too() -> None:
    head = b"noise\n" * 60
    assert recognise(head) is None
    pieces = [(1000 * number, (SQUID + "\n").encode() * 50) for number in range(1, 5)]
    fmt = recognise(head, more=pieces)
    assert fmt is not None
    assert fmt.id == "squid"


def test_a_format_that_is_named_is_bound_to_the_file() -> None:
    formats = load_formats()
    assert bind(formats["squid"], WRAPPED["docker"]).wrapped == ("log",)
    assert bind(formats["suricata"], WRAPPED["records"]).framing == "json:3"
    assert bind(formats["squid"], (SQUID + "\n").encode()).wrapped == ()
    assert bind(formats["squid"], b"") is formats["squid"]
    # Named by the user, it stands although most lines are something else.
    assert bind(formats["squid"], (SQUID + "\n" + "noise\n" * 5).encode()) is formats["squid"]
    with pytest.raises(SourceError, match="none of 3 lines"):
        bind(formats["squid"], b"noise\n" * 3)


def test_rows_whose_quoted_values_hold_line_ends() -> None:
    head = "time,login,eurl,action,reqsize,respsize,urlsupercat,cip,ua\n"
    row = '2026-01-15 10:00:00,a@example.com,chatgpt.com/a,Allowed,598,65,AI,10.1.2.3,"Mozilla\n(X)"\n'
    found, tally = read((head + row * 5).encode())
    assert [seen.user_agent for seen in found] == ["Mozilla (X)"] * 5
    assert tally.broken == 0


def test_the_order_of_day_and_month_is_the_files_then_the_users() -> None:
    formats = load_formats()
    line = (
        "05/06/2021 21:46:04 0D4C PACKET  0000000003D25E10 UDP Rcv 10.1.2.3 0006 Q [0001 D NOERROR] "
        "A (7)chatgpt(3)com(0)\n"
    )
    settled = line.replace("05/06", "25/06")
    for text, setting, expected in (
        (line, None, None),
        (line, True, 5),
        (line, False, 6),
        (line + settled, None, 5),
        (line + settled, False, 5),
    ):
        fmt = recognise(text.encode())
        assert fmt is not None
        assert fmt.id == "windows-dns"
        tally = Tally()
        reader = open_reader(with_day_first(fmt, setting), name="x")
        found = list(read_blocks([(0, text.encode())], reader, tally, None))
        if expected is None:
            assert found == []
            assert tally.skipped == {"ambiguous-date": 1}
        else:
            day, month = (5, 6) if expected == 5 else (6, 5)
            assert found[0].to_ecs()["@timestamp"].startswith(f"2021-{month:02}-{day:02}T")
    assert with_day_first(formats["squid"], setting=None) is formats["squid"]
