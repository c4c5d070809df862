"""Capture files written by hand from the formats' definitions: every kind of container around the same packets."""

from __future__ import annotations

import ipaddress
import struct
from typing import TYPE_CHECKING

from support.capture_cases import RAW, TRUTH_4, TRUTH_6, Case
from support.packets import SERVER, SERVER6, contacts

if TYPE_CHECKING:
    from collections.abc import Iterable

START = 1_700_000_000  # seconds since the epoch
MICRO, NANO, MODIFIED = 0xA1B2C3D4, 0xA1B23C4D, 0xA1B2CD34


def pcap(frames: Iterable[bytes], link: int = RAW, order: str = "<", magic: int = MICRO) -> bytes:
    content = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 262_144, link)
    for at, frame in enumerate(frames):
        content += struct.pack(order + "4I", START + at, 5, len(frame), len(frame))
        content += (bytes(8) if magic == MODIFIED else b"") + frame
    return content


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    body += bytes(-len(body) % 4)
    size = struct.pack(order + "I", 12 + len(body))
    return struct.pack(order + "I", kind) + size + body + size


def section(order: str = "<") -> bytes:
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def option(code: int, value: bytes, order: str = "<") -> bytes:
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def interface(link: int = RAW, options: bytes = b"", order: str = "<", snap: int = 0) -> bytes:
    return block(1, struct.pack(order + "HHI", link, 0, snap) + options, order)


def enhanced(packet: bytes, face: int = 0, ticks: int = START * 1_000_000, order: str = "<") -> bytes:
    fields = face, ticks >> 32, ticks & 0xFFFFFFFF, len(packet), len(packet)
    return block(6, struct.pack(order + "5I", *fields) + packet, order)


def simple(packet: bytes) -> bytes:
    return block(3, struct.pack("<I", len(packet)) + packet)


def obsolete(packet: bytes, face: int = 0) -> bytes:
    fields = face, 0, START * 1_000_000 >> 32, START * 1_000_000 & 0xFFFFFFFF, len(packet), len(packet)
    return block(2, struct.pack("<HH4I", *fields) + packet)


def resolutions(entries: list[tuple[str, tuple[str, ...]]], order: str = "<") -> bytes:
    body = b""
    for address, names in entries:
        packed = ipaddress.ip_address(address).packed
        value = packed + b"".join(name.encode() + b"\0" for name in names)
        body += option(1 if len(packed) == 4 else 2, value, order)
    return block(4, body + bytes(4), order)


def secrets(text: bytes, order: str = "<") -> bytes:
    return block(10, struct.pack(order + "II", 0x544C534B, len(text)) + text, order)


def side_by_side(cases: Iterable[Case]) -> bytes:
    """Put cases into one pcapng file, each on an interface of its own."""
    cases = list(cases)
    content = section() + b"".join(interface(case.link) for case in cases)
    return content + b"".join(enhanced(frame, face) for face, case in enumerate(cases) for frame in case.frames)


def files() -> dict[str, bytes]:
    """Give a file of each container kind; all hold a DNS query and a ClientHello over IPv4 and one over IPv6."""
    packets = contacts("containers")
    dns, four, six = packets
    ether = b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\0"
    head = section() + interface()
    many = (
        section()
        + interface(1, option(9, b"\x09") + option(14, struct.pack("<q", 100)))
        + interface(RAW, option(9, b"\x8a"))
    )
    names = resolutions([(SERVER, ("named.example.com", "alias.example.com")), (SERVER6, ("six.example.net",))])
    big = section(">") + interface(RAW, order=">")
    return {
        "pcap": pcap(packets),
        "pcap-big": pcap(packets, order=">"),
        "pcap-nano": pcap(packets, magic=NANO),
        "pcap-nano-big": pcap(packets, order=">", magic=NANO),
        "pcap-modified": pcap(packets, magic=MODIFIED),
        "pcap-modified-big": pcap(packets, order=">", magic=MODIFIED),
        "pcapng": head + b"".join(map(enhanced, packets)),
        "pcapng-big": big + b"".join(enhanced(packet, order=">") for packet in packets),
        "pcapng-sections": head
        + enhanced(dns)
        + big
        + enhanced(four, order=">")
        + section()
        + interface(1)
        + interface()
        + enhanced(six, 1),
        "pcapng-interfaces": many
        + enhanced(ether + dns, 0, (START - 100) * 10**9)
        + enhanced(four, 1, START << 10)
        + enhanced(six, 1, START << 10),
        "pcapng-simple": head + b"".join(map(simple, packets)),
        "pcapng-obsolete": head + b"".join(map(obsolete, packets)),
        "pcapng-names": head + names + b"".join(map(enhanced, packets)) + block(77, b"any"),
        "pcapng-secrets": head + secrets(b"CLIENT_RANDOM 00 11\n") + b"".join(map(enhanced, packets)),
    }


TRUTH = TRUTH_4 | TRUTH_6
