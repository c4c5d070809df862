"""Link layers and tags that offices rarely have: a query in each, and what tshark makes of the same file."""

from __future__ import annotations

import shutil
import struct
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.captures.conftest import Craft

HOST = "rare.example"
LOGICAL = b"\xaa\xaa\3\0\0\0\x08\0"  # LLC and SNAP (RFC 1042)
MACS = bytes(12)
# A comment, the protocol's name, the end (epan/exported_pdu.h).
EXPORTED_ETHERNET = b"\0\1\0\4note" + b"\0\x0c\0\x10eth_withoutfcs\0\0" + bytes(4)


def _isl(craft: Craft, packet: bytes) -> bytes:
    frame = craft.ethernet(packet)
    head = b"\1\0\x0c\0\0\0" + bytes(6) + struct.pack(">H", len(frame) + 16) + b"\xaa\xaa\3\0\0\x0c" + bytes(6)
    return head + frame + bytes(4)


def _in_gtp(craft: Craft, packet: bytes) -> bytes:
    frame = craft.ethernet(packet)
    return craft.ethernet(craft.udp(b"\x30\xff" + struct.pack(">HI", len(frame), 1) + frame, (2152, 2152)))


def _in_gre(craft: Craft, packet: bytes) -> bytes:
    return craft.ethernet(craft.ip(b"\0\0\x88\x0b\xff\3\0\x21" + packet, 47))


FRAMES: dict[str, tuple[int, Callable[[Craft, bytes], bytes]]] = {
    "fddi": (10, lambda _, packet: b"\x50" + MACS + LOGICAL + packet),
    "atm-rfc1483": (100, lambda _, packet: LOGICAL + packet),
    "frame-relay": (107, lambda _, packet: b"\x18\x41\3\xcc" + packet),
    "frame-relay-snap": (107, lambda _, packet: b"\x18\x41\3\0\x80\0\0\0\x08\0" + packet),
    "frame-relay-cisco": (107, lambda _, packet: b"\x18\x41\x08\0" + packet),
    "sunatm": (123, lambda _, packet: b"\x02\0\0\x21" + LOGICAL + packet),
    "firewire": (138, lambda _, packet: bytes(16) + b"\x08\0" + packet),
    "ipnet": (226, lambda _, packet: b"\1\2\0\0" + struct.pack(">I", len(packet)) + bytes(16) + packet),
    "vn-tag": (1, lambda _, packet: MACS + b"\x89\x26\0\0\0\0\x08\0" + packet),
    "hsr": (1, lambda _, packet: MACS + b"\x89\x2f" + struct.pack(">HH", len(packet) + 6, 7) + b"\x08\0" + packet),
    "trill": (1, lambda craft, packet: MACS + b"\x22\xf3\0\1\0\1\0\2" + craft.ethernet(packet)),
    "trill-options": (1, lambda craft, packet: MACS + b"\x22\xf3\0\x41\0\1\0\2" + bytes(4) + craft.ethernet(packet)),
    "gre-ppp": (1, _in_gre),
    "atm-rfc1483-bsd": (11, lambda _, packet: LOGICAL + packet),
    "fibre-channel": (122, lambda _, packet: bytes(16) + LOGICAL + packet),
    "symantec": (99, lambda _, packet: bytes(6) + b"\x08\0" + bytes(36) + packet),
    "juniper-frame-relay": (180, lambda _, packet: b"MGC\x80\0\0\x18\x41\3\xcc" + packet),
    "isl": (1, _isl),
    "fabric-path": (1, lambda craft, packet: MACS + b"\x89\3\0\x40" + craft.ethernet(packet) + bytes(4)),
    "jumbo-llc": (1, lambda _, packet: MACS + b"\x88\x70" + LOGICAL + packet),
    "redundancy-tag": (1, lambda _, packet: MACS + b"\xf1\xc1\0\0\0\7\x08\0" + packet),
    "batman": (1, lambda craft, packet: MACS + b"\x43\5\x40\x0f\x32\1" + bytes(6) + craft.ethernet(packet)),
    "batman-all": (1, lambda craft, packet: MACS + b"\x43\5\1\x0f\x32" + bytes(11) + craft.ethernet(packet)),
    "batman-14": (1, lambda craft, packet: MACS + b"\x43\5\3\x0e\x32\1" + bytes(6) + craft.ethernet(packet)),
    "null-ethertype": (0, lambda _, packet: b"\0\x08\0\0" + packet),
    "null-ethertype-big": (0, lambda _, packet: b"\0\0\x08\0" + packet),
    "ppp-bridged": (9, lambda craft, packet: b"\xff\3\0\x31\0\1" + craft.ethernet(packet)),
    "ppp-bundle": (9, lambda _, packet: b"\xff\3\0\x3d\xc0\0\0\1\0\x21" + packet),
    "frame-relay-address-3": (107, lambda _, packet: b"\x18\x40\x21\3\xcc" + packet),
    "frame-relay-address-4": (107, lambda _, packet: b"\x18\x40\x10\x21\3\xcc" + packet),
    "gre-frame-relay": (
        1,
        lambda craft, packet: craft.ethernet(craft.ip(b"\0\0\x65\x59\x18\x41\3\xcc" + packet, 47)),
    ),
    "gtp-ethernet": (1, _in_gtp),
    "juniper-atm-1": (137, lambda _, packet: b"MGC\1" + bytes(4) + LOGICAL + packet),
    "juniper-atm-1-ip": (137, lambda _, packet: b"MGC\1" + bytes(4) + packet),
    "juniper-atm-2": (135, lambda _, packet: b"MGC\1" + bytes(8) + LOGICAL + packet),
    "juniper-pppoe": (167, lambda craft, packet: b"MGC\1" + craft.ethernet(packet)),
    "juniper-mlppp": (130, lambda _, packet: b"MGC\1\0\x21" + packet),
    "juniper-virtual": (183, lambda _, packet: b"MGC\1" + bytes(18) + packet),
    "pim-register": (1, lambda craft, packet: craft.ethernet(craft.ip(b"\x21" + bytes(7) + packet, 103))),
    "ethernet-in-ip": (1, lambda craft, packet: craft.ethernet(craft.ip(craft.ethernet(packet), 143))),
    "exported-ip": (252, lambda _, packet: b"\0\x0c\0\4ip\0\0" + bytes(4) + packet),
    "exported-ethernet": (252, lambda craft, packet: EXPORTED_ETHERNET + craft.ethernet(packet)),
}
# tshark asks for the direction in the pseudo header of these, and knows no encapsulation of Cisco's on the other.
NOT_TSHARKS = {"frame-relay-cisco", "trill-options"}


@pytest.mark.parametrize("name", FRAMES)
def test_rare_frames_are_read(craft: Craft, name: str) -> None:
    link, wrap = FRAMES[name]
    assert craft.hosts([wrap(craft, craft.udp(craft.query(HOST)))], link) == [HOST]


@pytest.mark.skipif(shutil.which("tshark") is None, reason="needs tshark")
def test_tshark_reads_the_same(craft: Craft) -> None:
    names = sorted(FRAMES.keys() - NOT_TSHARKS)
    interfaces = [block(1, struct.pack("<HHI", FRAMES[name][0], 0, 0)) for name in names]
    packets = []
    for number, name in enumerate(names):
        frame = FRAMES[name][1](craft, craft.udp(craft.query(f"{name}.example")))
        packets.append(block(6, struct.pack("<5I", number, 0, 0, len(frame), len(frame)) + frame))
    path = craft.file(b"".join([block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)), *interfaces, *packets]))
    command = ["tshark", "-n", "-r", path, "-T", "fields", "-e", "dns.qry.name"]
    asked = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\n")
    assert asked[:-1] == [f"{name}.example" for name in names]
    assert [each.host for each in craft.read(path)[0]] == asked[:-1]


def block(kind: int, body: bytes) -> bytes:
    """Write a block of pcapng (draft-ietf-opsawg-pcapng section 3.1)."""
    body += bytes(-len(body) % 4)
    size = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + size + body + size


@pytest.mark.parametrize(
    ("link", "head"),
    [
        (10, b"\x41" + MACS),
        (107, b"\x18\x41\3\xcf"),
        (107, b"\x18\x41\3\0\x80\0\0\1\x08\0"),
        (123, b"\x01\0\0\x21"),
        (9, b"\xff\3\0\x31\0\2"),
        (137, b"MGC\1" + bytes(4) + b"\0\x21"),
        (137, b"NGC\1" + bytes(4)),
        (183, b"NGC\1" + bytes(18)),
        (1, MACS + b"\x43\5\x40\x10\x32\1" + bytes(6)),
        (1, MACS + b"\0\x64\xaa\xaa\3\0\0\x0c\x20\0"),
    ],
)
def test_other_frames_hold_no_ip(craft: Craft, link: int, head: bytes) -> None:
    found, tally = craft.read(craft.pcap([head + craft.udp(craft.query(HOST))], link))
    assert (found, tally.skipped) == ([], {"not-ip": 1})


def test_pieces_of_a_bundle_are_counted(craft: Craft) -> None:
    packet = craft.udp(craft.query(HOST))
    found, tally = craft.read(craft.pcap([b"\xff\3\0\x3d\x80\0\0\1\0\x21" + packet], 9))
    assert (found, tally.skipped) == ([], {"tunnel-unread": 1})


@pytest.mark.parametrize(
    "tags",
    [
        b"\0\x0c\0\4dns\0" + bytes(4),
        bytes(4),
        b"\0\1\0\0" * 100,
        b"\0\x0c\0\4ip\0\0" + b"\0\1\xff\xff",
    ],
)
def test_of_what_is_exported_only_packets_are_read(craft: Craft, tags: bytes) -> None:
    found, tally = craft.read(craft.pcap([tags + craft.udp(craft.query(HOST))], 252))
    assert (found, tally.parsed) == ([], 0)


def test_a_bridged_frame_in_frame_relay_is_read(craft: Craft) -> None:
    bridged = b"\x18\x41\3\0\x80\0\x80\xc2\0\x07" + craft.ethernet(craft.udp(craft.query(HOST)))
    assert craft.hosts([bridged], 107) == [HOST]
