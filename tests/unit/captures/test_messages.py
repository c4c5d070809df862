"""DNS messages looked at together say what each says by itself."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowai.captures import flowkeys
from shadowai.captures.answers import read_answer
from shadowai.captures.container import Capture
from shadowai.captures.dns import HEADER, plain_name, read_questions
from shadowai.captures.messages import Messages, alike, look_at, plain_answers

V4, V6 = bytes([203, 0, 113, 5]), bytes.fromhex("20010db8000000000000000000000007")
DATA = {1: V4, 28: V6, 5: b"\xc0\x0c", 16: b"\1x"}
LABEL = st.text("abcdEF019-_", min_size=1, max_size=12)
NAME = st.lists(LABEL, min_size=1, max_size=4).map(".".join)
KIND = st.sampled_from([1, 1, 1, 28, 28, 5, 16])
RECORDS = st.lists(st.tuples(KIND, st.sampled_from([0, 60, 300, 1 << 31]), st.sampled_from([1, 1, 1, 0])), max_size=5)
FLIPS = st.lists(st.tuples(st.integers(0, 120), st.integers(0, 255)), max_size=2)


def question(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0\0\1\0\1"


@st.composite
def responses(draw: st.DrawFn) -> bytes:
    asked, records = question(draw(NAME)), draw(RECORDS)
    wire = bytearray(struct.pack(">6H", 1, 0x8180, 1, len(records), 0, 0) + asked)
    for kind, ttl, is_pointer in records:
        owner = b"\xc0\x0c" if is_pointer else asked[:-4]
        wire += owner + struct.pack(">HHIH", kind, 1, ttl, len(DATA[kind])) + DATA[kind]
    for at, value in draw(FLIPS):
        if at < len(wire):
            wire[at] = value
    return bytes(wire[: draw(st.integers(HEADER, 300))])


def looked_at(wires: list[bytes]) -> tuple[Capture, Messages]:
    stop = np.cumsum([len(wire) for wire in wires], dtype=np.int64)
    capture = Capture(b"".join(wires))
    return capture, look_at(capture, stop - [len(wire) for wire in wires], stop)


@given(st.lists(responses(), min_size=1, max_size=6))
def test_plain_answers_are_read_as_any_other(wires: list[bytes]) -> None:
    capture, found = looked_at(wires)
    ends = enumerate(found.end.tolist())
    rows = np.array([row for row, end in ends if plain_name(wires[row][:end]) is not None], np.int64)
    told = plain_answers(capture, found, rows)
    for at, row in enumerate(rows.tolist()):
        if told.is_plain[at]:
            mine = told.row == at
            places = zip(told.at[mine].tolist(), told.size[mine].tolist(), strict=True)
            addresses = tuple(capture.raw[start : start + size] for start, size in places)
            # What else the header says does not matter here.
            head = struct.pack(">6H", 1, 0x8180, 1, int.from_bytes(wires[row][6:8], "big"), 0, 0)
            answer = read_answer(head + wires[row][HEADER:])
            assert answer is not None
            assert (answer.addresses, answer.ttl, answer.services, answer.chain) == (addresses, told.ttl[at], (), ())


@pytest.mark.parametrize("length", [0x15, 4, 2])
def test_a_zero_inside_a_label_ends_no_name(length: int) -> None:
    wire = bytearray(struct.pack(">6H", 1, 0x8180, 1, 0, 0, 0) + question("0.000.0"))
    wire[18] = length
    end = looked_at([bytes(wire)])[1].end[0]
    assert end
    assert plain_name(bytes(wire[:end])) is None


def test_what_is_plain_is_known_as_such() -> None:
    record = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + V4
    wire = struct.pack(">6H", 1, 0x8180, 1, 2, 0, 0) + question("a.example") + 2 * record
    for counts, expected in ((b"\0\2", True), (b"\0\1", True), (b"\0\3", False), (b"\0\0", False), (b"\0\x11", False)):
        capture, found = looked_at([wire[:6] + counts + wire[8:], b""])
        assert plain_answers(capture, found, np.array([0])).is_plain.tolist() == [expected]
    assert len(plain_answers(*looked_at([wire]), np.zeros(0, np.int64)).row) == 0


@given(
    st.lists(
        st.tuples(st.sampled_from(["a.example", "A.example", "b.example", "a"]), st.sampled_from([1, 7])), min_size=1
    )
)
def test_messages_are_alike_that_ask_the_same(asked: list[tuple[str, int]]) -> None:
    wires = [struct.pack(">6H", number, 0x100, 1, 0, 0, 0) + question(name) for name, number in asked]
    _, found = looked_at(wires)
    assert found.end.all()
    first, which = alike(found, np.arange(len(wires)), 2)
    assert [asked[row][0] for row in first[which].tolist()] == [name for name, _ in asked]
    assert len(first) == len({name for name, _ in asked})


def test_messages_are_not_alike_because_their_hashes_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flowkeys, "_MIX", np.uint64(0))
    names = ["a.example", "b.example", "a.example"]
    _, found = looked_at([struct.pack(">6H", 1, 0x100, 1, 0, 0, 0) + question(name) for name in names])
    first, which = alike(found, np.arange(3), 2)
    assert [names[row] for row in first[which].tolist()] == names


def test_only_one_whole_question_is_looked_at() -> None:
    whole = struct.pack(">6H", 1, 0x100, 1, 0, 0, 0) + question("a.example")
    long = whole[:HEADER] + question("x" * 60 + ".example")
    two = whole[:5] + b"\2" + whole[6:]
    assert looked_at([whole, whole[:-1], long, two, whole[:9]])[1].end.tolist() == [len(whole), 0, 0, 0, 0]
    assert read_questions(long) == [b"x" * 60 + b".example"], "others read it"
