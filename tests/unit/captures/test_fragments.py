"""Fragments of IPv4 and IPv6: put together whatever order they come in, never into a packet that nobody sent."""

from __future__ import annotations

import contextlib
import struct
import warnings
from itertools import pairwise, permutations
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.packets import CLIENT, CLIENT6, SERVER, SERVER6, ip

from shadowai.captures.fragments import LIFETIME, MAX_PACKETS, MAX_PIECES, Fragments

if TYPE_CHECKING:
    from tests.unit.captures.conftest import Craft

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from scapy.layers.inet import IP
    from scapy.layers.inet6 import IPv6, IPv6ExtHdrFragment
    from scapy.packet import Raw

BODY = bytes(range(240))


def four(at: int, data: bytes, *, more: bool, number: int = 7) -> bytes:
    packet = bytearray(ip(data, 17, CLIENT, SERVER))
    packet[4:8] = struct.pack(">HH", number, at // 8 | (0x2000 if more else 0))
    return bytes(packet)


def six(at: int, data: bytes, *, more: bool, number: int = 7) -> bytes:
    return ip(struct.pack(">BBHI", 17, 0, at | more, number) + data, 44, CLIENT6, SERVER6)


def joined(pieces: list[bytes]) -> tuple[list[bytes], int]:
    """Give the bodies of the packets that came out, and how many fragments were lost."""
    fragments = Fragments()
    found = [whole for piece in pieces if (whole := fragments.add(piece)) is not None]
    for whole in found:
        assert (whole[9] if whole[0] >> 4 == 4 else whole[6]) == 17
    return [whole[20 if whole[0] >> 4 == 4 else 40 :] for whole in found], fragments.finish()


@given(data=st.data(), size=st.integers(1, 400), version_6=st.booleans())
def test_any_cutting_in_any_order_gives_the_packet_back(data: st.DataObject, size: int, *, version_6: bool) -> None:
    body = bytes(place * 7 % 251 for place in range(size))
    places = sorted(
        {8 * place for place in data.draw(st.lists(st.integers(1, max(1, size // 8)), max_size=6))} - {size}
    )
    edges = [0, *(place for place in places if place < size), size]
    make = six if version_6 else four
    pieces = [make(low, body[low:high], more=high < size) for low, high in pairwise(edges)]
    mixed = data.draw(st.permutations(pieces))
    assert joined(mixed) == ([body], 0)


@given(data=st.data())
def test_fragments_that_overlap_and_agree_are_put_together(data: st.DataObject) -> None:
    spans = data.draw(st.lists(st.tuples(st.integers(0, 29), st.integers(1, 12)), max_size=12))
    pieces = [four(8 * at, BODY[8 * at : 8 * (at + length)], more=8 * (at + length) < 240) for at, length in spans]
    # The whole in three at the end, so that it can always be completed.
    pieces += [four(at, BODY[at : at + 80], more=at < 160) for at in (0, 80, 160)]
    found, _ = joined(pieces)
    assert found
    assert set(found) == {BODY}


@pytest.mark.parametrize("make", [four, six])
def test_duplicates_are_no_overlap(make: type[bytes]) -> None:
    pieces = [make(at, BODY[at : at + 80], more=at < 160) for at in (0, 0, 80, 80, 160)]
    assert joined(pieces) == ([BODY], 0)


def test_overlapping_fragments_of_ipv6_are_thrown_away() -> None:
    pieces = [six(0, BODY[:80], more=True), six(40, BODY[40:160], more=True), six(160, BODY[160:], more=False)]
    assert joined(pieces) == ([], 3)


def test_fragments_that_disagree_are_thrown_away() -> None:
    lie = bytes(80)
    assert joined([four(0, BODY[:80], more=True), four(40, lie, more=True), four(80, BODY[80:], more=False)]) == ([], 3)
    ends = [four(160, BODY[160:], more=False), four(160, BODY[160:200], more=False)]
    assert joined(ends) == ([], 2)
    assert joined([four(160, BODY[160:], more=False), four(160, BODY[:80], more=True)]) == ([], 2)
    assert joined([four(160, BODY[160:], more=True), four(80, BODY[80:160], more=False)]) == ([], 2)


def test_numbers_that_are_used_again_do_not_mix_packets() -> None:
    fragments = Fragments()
    start = 1_700_000_000 * 10**9
    assert fragments.add(four(0, b"old" * 8, more=True), start) is None
    assert fragments.add(four(24, BODY[24:], more=False), start + LIFETIME + 1) is None
    assert fragments.dropped == 1
    whole = fragments.add(four(0, BODY[:24], more=True), start + LIFETIME + 2)
    assert whole is not None
    assert whole[20:] == BODY


def test_packets_are_told_apart_by_number_protocol_and_ends() -> None:
    pieces = [
        four(0, BODY[:80], more=True),
        four(80, BODY[80:], more=False, number=8),
        six(0, BODY[:80], more=True),
        six(80, BODY[80:], more=False, number=8),
    ]
    assert joined(pieces) == ([], 4)


def test_fragments_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    fragments = Fragments()
    for number in range(MAX_PACKETS + 5):
        assert fragments.add(four(0, bytes(16), more=True, number=number)) is None
    assert fragments.dropped == 5
    for offset in range(1, MAX_PIECES + 2):
        fragments.add(four(16 * offset, bytes(8), more=True, number=9_999))
    assert fragments.dropped > MAX_PIECES
    assert fragments.finish() == MAX_PACKETS + 5 + MAX_PIECES + 1
    monkeypatch.setattr("shadowai.captures.fragments.MAX_WAITING", 100)
    for number in range(20):
        fragments.add(four(0, bytes(64), more=True, number=number))
    assert fragments.finish() == MAX_PACKETS + 5 + MAX_PIECES + 1 + 20


FAULTS = {
    "beyond": (bytes(IP(frag=8191) / Raw(bytes(40))), "beyond"),
    "ipv6-header": (bytes(IPv6() / IPv6ExtHdrFragment(m=1))[:44], "IPv6"),
    "ipv6-nothing": (bytes(IPv6() / IPv6ExtHdrFragment(m=1))[:41], "IPv6"),
    "ipv6-options": (bytes(IPv6(nh=60) / Raw(b"\x3c\0" + bytes(6)))[:48], "IPv6"),
    "uneven": (four(0, bytes(9), more=True), "multiple"),
    "empty": (four(0, b"", more=True), "multiple"),
    "cut": (four(0, bytes(80), more=True)[:60], "cut off"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_is_no_sound_fragment_is_refused(name: str) -> None:
    packet, words = FAULTS[name]
    with pytest.raises(ValueError, match=words):
        Fragments().add(packet)


def test_an_authentication_header_in_front_of_a_fragment_is_measured_in_its_own_way() -> None:
    head = b"\x2c\2" + bytes(14)  # 4 words
    inner = struct.pack(">BBHI", 17, 0, 1, 7) + BODY[:80]
    first = ip(head + inner, 51, CLIENT6, SERVER6)
    assert joined([first, six(80, BODY[80:], more=False)]) == ([BODY], 0)


def test_a_fragment_that_is_refused_is_counted(craft: Craft) -> None:
    _, tally = craft.read(craft.pcap([bytes(IP(frag=8191, dst=SERVER) / Raw(bytes(40)))]))
    assert tally.skipped == {"fragment": 1}


@given(noise=st.binary(min_size=20, max_size=90), version=st.sampled_from([0x45, 0x60]))
def test_random_fragments_are_taken_or_refused(noise: bytes, version: int) -> None:
    fragments = Fragments()
    packet = bytes([version]) + noise + bytes(20)
    taken = 0
    for _ in range(2):
        with contextlib.suppress(ValueError):
            fragments.add(packet)
            taken += 1
    assert fragments.finish() in (0, taken)


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("source", ["192.0.2.10", "2001:db8::10"], ids=["ipv4", "ipv6"])
def test_a_stream_of_which_some_segments_came_in_fragments(craft: Craft, source: str, order: tuple[int, ...]) -> None:
    ends = {"source": source, "destination": "2001:db8::5" if ":" in source else "203.0.113.5"}
    stream = craft.records(craft.hello("some.example", padding=200))
    segments = [craft.tcp(stream[low:high], 1000 + low, **ends) for low, high in pairwise([0, 150, 300, len(stream)])]
    pieces = [fragments_of(segments[0]), [segments[1]], [segments[2]]]
    assert craft.hosts([piece for place in order for piece in pieces[place]]) == ["some.example"]


def fragments_of(packet: bytes) -> list[bytes]:
    """Cut an IP packet into three fragments."""
    if packet[0] >> 4 == 4:
        data = packet[20:]
        cuts = [(at, data[at : at + 64], at + 64 < len(data)) for at in range(0, len(data), 64)]
        return [
            packet[:2] + struct.pack(">HHH", 20 + len(part), 7, at // 8 | more << 13) + packet[8:20] + part
            for at, part, more in cuts
        ]
    data = packet[40:]
    cuts = [(at, data[at : at + 64], at + 64 < len(data)) for at in range(0, len(data), 64)]
    return [
        packet[:4]
        + struct.pack(">HBB", 8 + len(part), 44, 64)
        + packet[8:40]
        + struct.pack(">BBHI", packet[6], 0, at | more, 7)
        + part
        for at, part, more in cuts
    ]
