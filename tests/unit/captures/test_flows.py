"""Bytes of flows: payload counts once however it is sent again, wire bytes each time, one interface for each side."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shadowai.captures import pcap

if TYPE_CHECKING:
    import random

    from shadowai.model import Observation
    from tests.unit.captures.conftest import Craft

QUIET = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
REQUEST = b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"


def first(found: list[Observation]) -> Observation:
    assert len(found) == 1
    return found[0]


@QUIET
@given(start=st.integers(0, (1 << 32) - 1), dice=st.randoms(use_true_random=False), block=st.integers(1, 9))
def test_every_byte_of_a_stream_counts_once(
    craft: Craft, monkeypatch: pytest.MonkeyPatch, start: int, dice: random.Random, block: int
) -> None:
    data = REQUEST + bytes(dice.randrange(1, 4000))
    pieces = []
    at = len(REQUEST)
    while at < len(data):
        end = min(len(data), at + dice.randrange(1, 700))
        pieces.append((at, end))
        at = end
    again = [(dice.randrange(low, high), high) for low, high in pieces if dice.random() < 0.3]
    wider = [(max(len(REQUEST), low - 50), high) for low, high in pieces if dice.random() < 0.3]
    # Order is lost within a block alone: across blocks a gap is filled by what was not seen, whatever it is.
    sent = [*pieces, *again, *wider]
    dice.shuffle(sent)
    packets = [craft.tcp(data[low:high], start + low) for low, high in [(0, len(REQUEST)), *sent]]
    found, _ = craft.read(craft.pcap(packets))
    assert first(found).bytes_up == len(data)
    in_order = sorted({*pieces, *again})
    packets = [craft.tcp(data[low:high], start + low) for low, high in [(0, len(REQUEST)), *in_order]]
    with monkeypatch.context() as patch:
        patch.setattr(pcap, "BLOCK_PACKETS", block)
        found, _ = craft.read(craft.pcap(packets))
    assert first(found).bytes_up == len(data)


def test_a_gap_is_filled_by_a_later_block(craft: Craft, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pcap, "BLOCK_PACKETS", 2)
    data = REQUEST + bytes(900)
    cuts = [(0, len(REQUEST)), (300, 600), (600, len(data)), (len(REQUEST), 300), (300, 600), (len(REQUEST), 300)]
    found, _ = craft.read(craft.pcap([craft.tcp(data[low:high], 77 + low) for low, high in cuts]))
    assert first(found).bytes_up == len(data)


def test_what_was_never_captured_is_not_counted(craft: Craft) -> None:
    data = REQUEST + bytes(5000)
    packets = [craft.tcp(REQUEST, 1), craft.tcp(data[4000:], 4001)]
    assert first(craft.read(craft.pcap(packets))[0]).bytes_up == len(REQUEST) + len(data) - 4000


@pytest.mark.parametrize("far", [1 << 28, (1 << 32) - (1 << 28)])
@pytest.mark.parametrize("block", [1, 100])
def test_another_connection_on_the_same_ports_counts_in_full(
    craft: Craft, monkeypatch: pytest.MonkeyPatch, far: int, block: int
) -> None:
    monkeypatch.setattr(pcap, "BLOCK_PACKETS", block)
    packets = [craft.tcp(REQUEST, 1), craft.tcp(b"x" * 50, 1 + len(REQUEST))]
    packets += [craft.tcp(b"y" * 70, 1 + far), craft.tcp(b"z" * 30, 71 + far), craft.tcp(b"z" * 30, 71 + far)]
    found, _ = craft.read(craft.pcap(packets))
    repeated = 30 if block == 100 else 0  # far segments of one block are joined with their like alone
    assert first(found).bytes_up in {len(REQUEST) + 150, len(REQUEST) + 150 + repeated}


def test_bare_acknowledgements_are_on_the_wire(craft: Craft) -> None:
    acknowledgement = craft.tcp(b"", 400, (443, 40000), source="203.0.113.5", destination="192.0.2.10")
    found, _ = craft.read(craft.pcap([craft.tcp(REQUEST, 1), acknowledgement, acknowledgement]))
    seen = first(found)
    assert (seen.bytes_up, seen.bytes_down) == (len(REQUEST), 0)
    assert (seen.wire_up, seen.wire_down) == (40 + len(REQUEST), 80)


def section(packets: list[tuple[int, bytes]]) -> bytes:
    """Write a pcapng file with two raw IP interfaces."""
    out = struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)
    out += struct.pack("<IIHHII", 1, 20, 101, 0, 0, 20) * 2
    for interface, packet in packets:
        body = packet + bytes(-len(packet) % 4)
        length = 32 + len(body)
        out += struct.pack("<IIIIIII", 6, length, interface, 0, 1000, len(packet), len(packet))
        out += body + struct.pack("<I", length)
    return out


def test_a_flow_seen_on_two_interfaces_counts_once(craft: Craft) -> None:
    hello = craft.records(craft.hello("a.example"))
    tcp = [craft.tcp(hello, 1), craft.tcp(b"q" * 100, 1 + len(hello))]
    found, _ = craft.read(craft.file(section([(at, packet) for packet in tcp for at in (1, 0)])))
    seen = first(found)
    assert (seen.bytes_up, seen.wire_up) == (len(hello) + 100, sum(map(len, tcp)))


def test_a_datagram_seen_on_two_interfaces_counts_once(craft: Craft) -> None:
    handshake = b"\1\0\0\0" + bytes(range(1, 145))  # WireGuard's first, 148 bytes
    packets = [craft.udp(handshake, (40000, 51820)), craft.udp(b"\4" * 60, (40000, 51820))]
    found, _ = craft.read(craft.file(section([(at, packet) for packet in packets for at in (0, 1)])))
    seen = first(found)
    assert (seen.hidden, seen.bytes_up) == ("wireguard", 208)


def test_flows_that_share_a_place_in_the_table_are_told_apart(craft: Craft, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shadowai.captures.flowkeys._SLOT_BITS", 1)
    monkeypatch.setattr("shadowai.captures.flowkeys._SLOT_SHIFT", np.uint64(63))
    monkeypatch.setattr("shadowai.captures.pcap.BLOCK_PACKETS", 7)
    servers = [f"93.184.215.{number}" for number in range(1, 30)]
    here = {"source": "10.0.0.9"}  # the lesser end of all
    packets = []
    for turn in range(3):
        packets += [craft.tcp(bytes(10), 100 + 10 * turn, destination=server, **here) for server in servers]
    packets += [craft.udp(bytes(5), (40000, 443), destination=server, **here) for server in servers[:9]]
    # The same ends again, from another connection: what is remembered of the first must not be found any more.
    packets += [craft.tcp(b"", 5_000_000, destination=servers[0], flags=2, **here)]
    packets += [craft.tcp(bytes(4), 5_000_001, destination=servers[0], **here)] * 15
    found, _ = craft.read(craft.pcap(packets))
    sizes = sorted((str(seen.destination_ip), seen.bytes_up) for seen in found)
    wanted = [(server, 30) for server in servers] + [(server, 5) for server in servers[:9]] + [(servers[0], 4)]
    assert sizes == sorted(wanted)


def test_a_connection_begun_anew_in_one_block_goes_on_in_the_next(
    craft: Craft, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shadowai.captures.pcap.BLOCK_PACKETS", 3)
    ends = {"destination": "93.184.215.14"}
    packets = [craft.tcp(b"", 99, flags=2, **ends), craft.tcp(bytes(10), 100, **ends)]
    packets += [craft.tcp(b"", 4_999, flags=2, **ends)]
    packets += [craft.tcp(bytes(20), 5_000 + 20 * at, **ends) for at in range(5)]
    found, _ = craft.read(craft.pcap(packets))
    assert [seen.bytes_up for seen in found] == [10, 100]
