"""Capture files: pcap with microseconds, and pcapng with one interface in nanoseconds.

pcap: draft-ietf-opsawg-pcap; pcapng: draft-ietf-opsawg-pcapng. Written by hand, because the bytes must not depend on a
library's version.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_ETHERNET = 1
_SNAPLEN = 262_144
_NANO_RESOLUTION = struct.pack("<HHB3x", 9, 1, 9)  # option if_tsresol: 10^-9 s
_END = struct.pack("<HH", 0, 0)


def pcap(packets: Iterable[tuple[int, bytes]]) -> bytes:
    """Write packets with their times in ns as a little-endian pcap file."""
    data = bytearray(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, _SNAPLEN, _ETHERNET))
    for time, frame in sorted(packets, key=lambda packet: packet[0]):
        seconds, rest = divmod(time, 1_000_000_000)
        data += struct.pack("<IIII", seconds, rest // 1000, len(frame), len(frame)) + frame
    return bytes(data)


def pcapng(packets: Iterable[tuple[int, bytes]]) -> bytes:
    """Write packets with their times in ns as a little-endian pcapng file with one section and one interface."""
    section = struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)
    interface = struct.pack("<HHI", _ETHERNET, 0, _SNAPLEN) + _NANO_RESOLUTION + _END
    data = bytearray(_block(0x0A0D0D0A, section) + _block(1, interface))
    for time, frame in sorted(packets, key=lambda packet: packet[0]):
        head = struct.pack("<IIIII", 0, time >> 32, time & 0xFFFFFFFF, len(frame), len(frame))
        data += _block(6, head + frame)
    return bytes(data)


def _block(kind: int, body: bytes) -> bytes:
    padded = body + bytes(-len(body) % 4)
    size = struct.pack("<I", len(padded) + 12)
    return struct.pack("<I", kind) + size + padded + size
