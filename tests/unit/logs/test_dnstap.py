"""dnstap files as the documents of Frame Streams and dnstap.proto describe them, whole and damaged."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.dnstap_writer import control, field, message, query, stream, varint

from shadowai.logs import DNSTAP, open_reader, read_blocks, recognise
from shadowai.logs.dnstap import MAX_FRAME, columns_of, frames
from shadowai.model import Action, Evidence, Observation, Tally

WHOLE = stream(
    [
        message(wire=query("ChatGPT.com.")),
        message(kind=6, wire=query("chatgpt.com."), response=True),
        message(kind=3, wire=query("chatgpt.com.")),
        message(address=bytes.fromhex("20010db8000000000000000000000007"), wire=query("claude.ai."), policy=1),
        message(wire=query("claude.ai."), policy=3),
    ]
)


def read(data: bytes, size: int = 1 << 20) -> tuple[list[Observation], Tally]:
    fmt = recognise(data)
    assert fmt is not None
    assert fmt.id == "dnstap"
    tally = Tally()
    blocks = [(at, data[at : at + size]) for at in range(0, len(data), size)]
    return list(read_blocks(blocks, open_reader(fmt, name="x"), tally, None)), tally


def test_the_clients_questions_are_read_once() -> None:
    found, tally = read(WHOLE)
    assert [(seen.host, seen.source_ip, seen.action) for seen in found] == [
        ("chatgpt.com", "10.1.2.3", None),
        ("claude.ai", "2001:db8::7", Action.DENIED),
        ("claude.ai", "10.1.2.3", None),
    ]
    first = found[0]
    assert (first.evidence, first.time, first.source_port) == (Evidence.DNS, 1768471200_576_000_000, 50000)
    assert (first.destination_ip, first.destination_port) == ("192.0.2.53", 53)
    assert first.offset == WHOLE.index(struct.pack(">I", len(message(wire=query("ChatGPT.com.")))))
    assert (tally.records, tally.parsed, tally.skipped) == (5, 3, {"not-a-contact": 2})


@pytest.mark.parametrize("size", [1, 7, 64])
def test_blocks_may_end_anywhere(size: int) -> None:
    assert read(WHOLE) == read(WHOLE, size)


def test_where_only_responses_are_recorded_they_count() -> None:
    data = stream([message(kind=6, wire=query("chatgpt.com."), response=True)] * 2)
    found, _ = read(data)
    assert [seen.host for seen in found] == ["chatgpt.com"] * 2
    assert found[0].time == 1768471200_576_000_000


def test_a_file_that_is_cut_off_says_so() -> None:
    found, tally = read(WHOLE[:-60])
    assert len(found) == 2
    assert tally.skipped["truncated"] == 1
    assert tally.broken == 1


def test_damaged_payloads_are_counted() -> None:
    good = message(wire=query("chatgpt.com."))
    bad = [
        b"\xff",
        field(14, b"\x0b"),
        field(14, 7),
        field(15, 1),
        good[:-3],
        field(14, field(1, 5) + field(10, query("a.example.")[:-8])),
        field(14, field(1, 5) + field(10, b"\0" * 4 + b"\0\1" + b"\0" * 6 + b"\xc0\x0c")),
        field(14, field(1, 1) * 65),
        b"\xff" * 11,
        b"\x71\0",
    ]
    found, tally = read(stream([good, *bad]))
    assert len(found) == 1
    assert tally.skipped == {"bad-record": len(bad)}


def test_questions_without_a_name_are_no_contact() -> None:
    _, tally = read(stream([message(wire=b""), message(wire=query("."))]))
    assert tally.skipped == {"no-host": 2}


def test_unknown_values_are_unknown() -> None:
    columns = columns_of(field(14, field(1, 99) + field(4, b"abc") + field(99, 7) + varint(98 << 3 | 1) + b"\0" * 8))
    assert columns == dict.fromkeys(
        ("type", "query_address", "response_address", "query_port", "response_port", "time", "name", "policy"), ""
    )


def test_a_frame_that_is_too_long_ends_the_file() -> None:
    data = control(2, b"protobuf:dnstap.Dnstap") + struct.pack(">I", MAX_FRAME + 1) + b"x" * 100
    assert [frame for _, frame in frames([(0, data)])] == [None]


def test_other_streams_are_not_recognised() -> None:
    assert recognise(control(2, b"protobuf:other")) is None
    assert recognise(b"\0\0\0\0" * 20) is None


def test_a_line_of_text_is_no_frame() -> None:
    assert not isinstance(open_reader(DNSTAP, name="x").parse(b"text", 0), Observation)


@given(st.binary(max_size=200))
def test_any_bytes_are_read(data: bytes) -> None:
    columns_of(data)
    list(frames([(0, data)]))
    list(read_blocks([(0, control(2, b"protobuf:dnstap.Dnstap") + data)], open_reader(DNSTAP, name="x"), Tally(), None))
