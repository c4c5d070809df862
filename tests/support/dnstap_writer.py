"""Writes dnstap files by the letter of their documents: Protocol Buffers' encoding and Frame Streams."""

import struct
from collections.abc import Iterable

import dns.message

CONTENT_TYPE = b"protobuf:dnstap.Dnstap"


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*out, value))


def field(number: int, value: int | bytes, *, fixed32: bool = False) -> bytes:
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    if fixed32:
        return varint(number << 3 | 5) + struct.pack("<I", value)
    return varint(number << 3) + varint(value)


def query(name: str) -> bytes:
    return dns.message.make_query(name, "AAAA").to_wire()


def message(  # noqa: PLR0913  # the fields of the proto
    *,
    kind: int = 5,
    address: bytes = b"\x0a\x01\x02\x03",
    port: int = 50000,
    seconds: int = 1768471200,
    nanoseconds: int = 576_000_000,
    wire: bytes = b"",
    policy: int | None = None,
    response: bool = False,
) -> bytes:
    """Make a payload `Dnstap` with one `Message`."""
    inner = field(1, kind) + field(2, 1 if len(address) == 4 else 2) + field(3, 1) + field(4, address)
    inner += field(5, bytes((192, 0, 2, 53))) + field(6, port) + field(7, 53)
    first = (12, 13, 14) if response else (8, 9, 10)
    inner += field(first[0], seconds) + field(first[1], nanoseconds, fixed32=True) + field(first[2], wire)
    if policy is not None:
        inner += field(15, field(1, b"RPZ") + field(3, policy))
    return field(1, b"ns1") + field(2, b"unbound 1.19") + field(15, 1) + field(14, inner)


def control(kind: int, content: bytes = b"") -> bytes:
    body = struct.pack(">I", kind)
    if content:
        body += struct.pack(">II", 1, len(content)) + content
    return struct.pack(">II", 0, len(body)) + body


def stream(payloads: Iterable[bytes]) -> bytes:
    """Make a file: START, the payloads, STOP."""
    frames = b"".join(struct.pack(">I", len(payload)) + payload for payload in payloads)
    return control(2, CONTENT_TYPE) + frames + control(3)
