"""Exports whose columns have any name, and those in which a format would find its words without opening them."""

import csv
import io
import json
from typing import Literal

import pytest

from shadowai.logs import open_reader, read_blocks, recognise
from shadowai.logs.lines import openings
from shadowai.logs.sampling import HEAD, is_binary, sample_of
from shadowai.logs.wrappers import widest_columns
from shadowai.model import Observation, Tally

SQUID = "1768471200.576    111 10.1.2.3 TCP_TUNNEL/200 15851 CONNECT chatgpt.com:443 alice HIER_DIRECT/192.0.2.7 -"
FEED = (
    "time=Thu Jan 15 10:00:00 2026\tlogin=a@example.com\tproto=HTTPS\teurl=chatgpt.com/c\taction=Allowed\treqsize=5"
    "\trespsize=6\tcip=10.1.2.3\tsip=192.0.2.7\treqmethod=POST\trespcode=200\tlocation=HQ\tdevicehostname=PC-17"
)
IPTABLES = (
    "Jan 15 10:00:01 gw kernel: [16571.459614] OUT IN=br0 OUT=eth0 SRC=10.1.2.3 DST=192.0.2.7 LEN=60 TTL=63 PROTO=TCP"
    " SPT=50000 DPT=443"
)
DNSMASQ = "dnsmasq[1]: query[A] chatgpt.com from 10.1.2.3"


def read(data: bytes) -> list[Observation]:
    fmt = recognise(data)
    assert fmt is not None
    return list(
        read_blocks([(0, data)], open_reader(fmt, name="x", reference_time=1_769_900_000 * 10**9), Tally(), None)
    )


def table(names: list[str], row: list[str], count: int = 3, quoting: Literal[0, 1] = csv.QUOTE_MINIMAL) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, quoting=quoting)
    writer.writerows([names, *[row] * count])
    return out.getvalue().encode()


@pytest.mark.parametrize("quoting", [csv.QUOTE_ALL, csv.QUOTE_MINIMAL])
@pytest.mark.parametrize("name", ["Log text", "UTF8 payload", "blob", "rawMessage"])
def test_the_column_with_the_records_may_have_any_name(name: str, quoting: Literal[0, 1]) -> None:
    rows = table(
        ["Event Name", "Start Time", "Source IP", name], ["x", "2026-01-15T10:00:00Z", "10.9.9.9", SQUID], 3, quoting
    )
    assert [(one.host, one.source_ip, one.user) for one in read(rows)] == [("chatgpt.com", "10.1.2.3", "alice")] * 3


def test_rows_without_a_header_are_not_taken_for_one() -> None:
    assert widest_columns([f"     1\t{SQUID}", f"     2\t{SQUID}"]) == []
    assert widest_columns([f"host,text\r\n{SQUID}", SQUID]) == []
    assert widest_columns(["host,text", f"h,{SQUID}", "h"]) == []
    assert widest_columns(["host,text", "h,short"]) == []


def test_the_widest_columns_come_first_with_the_time_of_the_row() -> None:
    found = widest_columns(["time,a,b,c,d", f"2026-01-15T10:00:00Z,{'x' * 40},{'y' * 50},{'z' * 60},short"])
    assert found == ["csv:,:3:0:c", "csv:,:2:0:b", "csv:,:1:0:a"]


def test_pairs_at_the_end_of_a_cell_end_with_it() -> None:
    rows = table(["_raw", "_time", "host"], [FEED, "2026-01-15T10:00:00.000+0000", "idx"], quoting=csv.QUOTE_ALL)
    assert [(one.host, one.device) for one in read(rows)] == [("chatgpt.com", "PC-17")] * 3


def test_a_list_of_wrapped_records_on_one_line_is_more_than_one_record() -> None:
    data = json.dumps([{"message": IPTABLES, "@timestamp": "2026-01-15T10:00:00Z"}] * 3).encode()
    assert [(one.source_ip, one.destination_ip) for one in read(data)] == [("10.1.2.3", "192.0.2.7")] * 3


@pytest.mark.parametrize(
    "data", ['[origin@32473 ip="10.0.0.1" software="a b c" x="1 2 3 4 5 6 7 8"][more@1 y="\\"\\] z"]', "[id@1]", "-"]
)
def test_structured_data_is_one_word_of_a_header(data: str) -> None:
    inner = f"<30>1 2026-01-15T09:00:00Z gw daemon 1 - - {DNSMASQ}"
    line = f"<30>1 2026-01-15T10:00:00Z relay app 12 ID47 {data} \ufeff{inner}"
    assert any(line[at:] == DNSMASQ for at, _ in openings(line))
    assert [(one.host, one.source_ip) for one in read(f"{line}\n".encode())] == [("chatgpt.com", "10.1.2.3")]


def test_structured_data_that_never_ends_costs_no_time() -> None:
    line = "<30>1 2026-01-15T10:00:00Z relay app 12 ID47 " + '[a b="' * 100_000
    assert len(list(openings(line))) > 1


def test_a_sample_is_of_the_head_and_of_pieces_from_further_on() -> None:
    head = b"a\n\nb\n" + b"c" * 3
    assert [(one.offset, one.line) for one in sample_of(head)] == [(0, b"a"), (3, b"b"), (5, b"ccc")]
    pieces = sample_of(head, [(100, b"d\ne\n")])
    assert [one.offset for one in pieces] == [0, 3, 5, 100, 102]
    assert [one.line for one in sample_of(b"a\n" + b"b" * HEAD)] == [b"a"]
    assert is_binary(bytes(range(8)) * 100)
    assert not is_binary("text\n".encode("utf-16"))
