"""Packets written by hand: a DNS query and ClientHellos in IP, as the innermost of every capture case."""

from __future__ import annotations

import ipaddress
import struct
import zlib

CLIENT, SERVER, RESOLVER = "192.0.2.10", "203.0.113.5", "192.0.2.53"
CLIENT6, SERVER6 = "2001:db8::10", "2001:db8:5::5"


def vector(width: int, data: bytes) -> bytes:
    return len(data).to_bytes(width, "big") + data


def hello(host: str, padding: int = 0) -> bytes:
    """Write a TLS record with a ClientHello (RFC 8446 section 4.1.2)."""
    name = b"\0\0" + vector(2, vector(2, b"\0" + vector(2, host.encode())))
    extensions = name + b"\0\x15" + vector(2, bytes(padding))
    body = b"\3\3" + b"\7" * 32 + vector(1, b"s" * 32) + vector(2, b"\x13\1\x13\2") + vector(1, b"\0")
    return b"\x16\3\1" + vector(2, b"\1" + vector(3, body + vector(2, extensions)))


def ip(payload: bytes, protocol: int, source: str, destination: str) -> bytes:
    """Write an IP header with a right check sum."""
    ends = ipaddress.ip_address(source).packed + ipaddress.ip_address(destination).packed
    if ":" in source:
        return struct.pack(">IHBB", 6 << 28, len(payload), protocol, 64) + ends + payload
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0) + ends
    total = sum(struct.unpack(">10H", head))
    check = ~(total + (total >> 16)) & 0xFFFF
    return head[:10] + struct.pack(">H", check) + head[12:] + payload


def tcp(payload: bytes, port: int, sequence: int = 1000, source: str = CLIENT, destination: str = SERVER) -> bytes:
    head = struct.pack(">HHIIBBHHH", port, 443, sequence, 1, 0x50, 0x18, 512, 0, 0)
    return ip(head + payload, 6, source, destination)


def query(name: str, port: int) -> bytes:
    labels = b"".join(vector(1, label.encode()) for label in name.split("."))
    message = struct.pack(">6H", 1, 0x0100, 1, 0, 0, 0) + labels + b"\0\0\1\0\1"
    return ip(struct.pack(">4H", port, 53, 8 + len(message), 0) + message, 17, CLIENT, RESOLVER)


def port_of(name: str) -> int:
    return 20_000 + zlib.crc32(name.encode()) % 20_000


def contacts(name: str) -> tuple[bytes, bytes, bytes]:
    """Give a DNS query and a ClientHello over IPv4, and a ClientHello over IPv6, with the client port of a case."""
    port = port_of(name)
    six = tcp(hello("six.example.com"), port, source=CLIENT6, destination=SERVER6)
    return query("api.example.com", port), tcp(hello("chat.example.com"), port), six
