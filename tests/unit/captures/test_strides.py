"""Records walked from many places at once are the records one by one, whatever lies in the packets."""

from __future__ import annotations

import random
import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shadowai.captures import pcap, pcapng
from shadowai.captures.container import Capture
from shadowai.captures.strides import STRIDE, Leaps, stretches
from shadowai.model import Tally

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shadowai.captures.container import Ints

SECOND_0 = 1_700_000_000


@pytest.fixture(scope="module", autouse=True)
def _small() -> Iterator[None]:
    """Make strides so small that small files have many."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"STRIDE": 200, "SEARCHED": 150, "WORTH": 2, "WINDOW": 4_000}.items():
            patch.setattr(f"shadowai.captures.strides.{name}", value)
        for module in ("pcap", "pcapng"):
            patch.setattr(f"shadowai.captures.{module}.BLOCK_PACKETS", 64)
        yield


def payload(dice: random.Random, order: str, second: int) -> bytes:
    """Write what may deceive: whole records, of both formats, in the middle of a packet."""
    kind = dice.choice(("noise", "zeros", "record", "block", "empty"))
    size = dice.randrange(0, 120)
    return {
        "noise": dice.randbytes(size),
        "zeros": bytes(size),
        "record": dice.randbytes(dice.randrange(9)) + struct.pack(order + "4I", second, 5, size, size) + bytes(size),
        "block": epb(bytes(size), order),
        "empty": b"",
    }[kind]


def epb(data: bytes, order: str, ticks: int = SECOND_0 * 1_000_000) -> bytes:
    length = 32 + len(data) + -len(data) % 4
    head = struct.pack(order + "7I", 6, length, 0, ticks >> 32, ticks & 0xFFFFFFFF, len(data), len(data))
    return head + data + bytes(-len(data) % 4) + struct.pack(order + "I", length)


def made(dice: random.Random, order: str, kind: str) -> tuple[bytes, list[int]]:
    """Write a file, and give where its packets' bytes begin."""
    if kind == "pcap":
        content = bytearray(struct.pack(order + "IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 101))
    else:
        content = bytearray(struct.pack(order + "IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28))
        content += struct.pack(order + "IIHHII", 1, 20, 101, 0, 0, 20)
    starts = []
    for at in range(dice.randrange(1, 400)):
        second = SECOND_0 + at * dice.choice((0, 0, 1, 70_000))
        data = payload(dice, order, second)
        if kind == "pcap":
            content += struct.pack(order + "4I", second, 5, len(data), len(data))
            starts.append(len(content))
            content += data
            continue
        if dice.random() < 0.05:
            content += struct.pack(order + "III", 0x0BAD, 12, 12)
        starts.append(len(content) + 28)
        content += epb(data, order, second * 1_000_000)
    return bytes(content), starts


@settings(max_examples=80)
@given(seed=st.integers(0, 1 << 32), order=st.sampled_from("<>"), kind=st.sampled_from(["pcap", "pcapng"]))
def test_every_packet_is_met_once_and_no_other(seed: int, order: str, kind: str) -> None:
    content, starts = made(random.Random(seed), order, kind)
    tally = Tally()
    module = {"pcap": pcap, "pcapng": pcapng}[kind]
    found = [start for block in module.blocks(Capture(content), tally) for start in block.start.tolist()]
    assert found == starts
    assert (tally.records, tally.broken) == (len(starts), 0)


@settings(max_examples=40)
@given(seed=st.integers(0, 1 << 32), kind=st.sampled_from(["pcap", "pcapng"]), data=st.data())
def test_damage_is_met_where_one_by_one_meets_it(seed: int, kind: str, data: st.DataObject) -> None:
    content, _ = made(random.Random(seed), "<", kind)
    hurt = bytearray(content)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(60, max(60, len(hurt) - 1)))
        hurt[at:at] = data.draw(st.binary(max_size=3))
    del hurt[data.draw(st.integers(60, max(60, len(hurt)))) :]
    module = {"pcap": pcap, "pcapng": pcapng}[kind]
    results = []
    for worth in (2, 1 << 30):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("shadowai.captures.strides.WORTH", worth)
            tally = Tally()
            try:
                found = [
                    start for block in module.blocks(Capture(bytes(hurt)), tally) for start in block.start.tolist()
                ]
            except pcap.CaptureError as error:
                found = [str(error)]
            results.append((found, tally))
    assert results[0] == results[1]


def test_a_stretch_that_is_never_come_upon_does_not_count() -> None:
    """Steps of 10 from 0 never meet those that were guessed to be at 205 and 215."""

    def advance(places: Ints) -> Ints:
        following: Ints = places + 10
        return following

    found = stretches(0, 400, [100, 205, 300], advance)
    assert sorted(found) == [0, 100, 205, 300]
    assert (found[0][0].tolist(), found[0][1]) == (list(range(0, 90, 10)), 90)
    assert found[100][1] == 200
    assert stretches(0, 400, [], advance) == {}


def test_windows_grow_with_the_records() -> None:
    windows = []

    def walk(at: int, beyond: int) -> dict[int, tuple[Ints, int]]:
        windows.append(beyond - at)
        return {}

    leaps = Leaps(0, 1 << 30, 1_000, walk)
    assert leaps.take(0, 0) is None
    assert leaps.take(100, 1) is None
    assert leaps.take(5_000, 100) is None
    assert leaps.take(1 << 30, 200) is None
    assert windows == [4_000, 45_000]
    assert STRIDE > 0


def test_a_block_of_an_odd_length_is_damage_in_the_middle_of_a_stretch() -> None:
    head = struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28) + struct.pack("<5I", 1, 20, 101, 0, 20)
    odd = struct.pack("<7I", 6, 35, 0, 0, 0, 3, 3) + b"abc" + struct.pack("<I", 35)
    content = head + epb(b"some", "<") * 50 + odd + bytes(1) + epb(b"more", "<") * 50
    tally = Tally()
    assert [len(block) for block in pcapng.blocks(Capture(content), tally)] == [50, 50]
    assert tally.skipped == {"corrupt": 1}
