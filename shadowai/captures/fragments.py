"""Put IPv4 (RFC 791) and IPv6 (RFC 8200 section 4.5) fragments together again, within bounds."""

from __future__ import annotations

import struct
from collections import OrderedDict
from dataclasses import dataclass, field

MAX_PACKETS = 1_024  # packets being put together at once; the oldest goes first
MAX_PIECES = 128  # fragments of one packet
MAX_SIZE = 65_535  # bytes of one packet
IPV4, IPV4_HEADER = 4, 20  # version, bytes
IPV6_FRAGMENT = 44


@dataclass(slots=True)
class _Partial:
    pieces: dict[int, bytes] = field(default_factory=dict)
    total: int | None = None
    head: bytes = b""
    protocol: int = 0


class Fragments:
    """The packets of which some fragments have come; `dropped` counts fragments that never became one."""

    def __init__(self) -> None:
        self._partial: OrderedDict[bytes, _Partial] = OrderedDict()
        self.dropped = 0

    def add(self, packet: bytes) -> bytes | None:
        """Take an IP packet that is a fragment; give the whole packet as one IP packet when this was its last piece.

        ValueError where it is no sound fragment.
        """
        piece = _ipv4(packet) if packet[0] >> 4 == IPV4 else _ipv6(packet)
        partial = self._partial.setdefault(piece.key, _Partial())
        if piece.offset == 0:
            partial.head, partial.protocol = piece.head, piece.protocol
        if not piece.more:
            partial.total = piece.offset + len(piece.data)
        partial.pieces.setdefault(piece.offset, piece.data)
        body = _join(partial)
        if body is not None:
            del self._partial[piece.key]
            return _whole(partial, body)
        if len(partial.pieces) > MAX_PIECES:
            self._drop(piece.key)
        if len(self._partial) > MAX_PACKETS:
            self._drop(next(iter(self._partial)))
        return None

    def finish(self) -> int:
        """Give how many fragments never became a packet."""
        for key in list(self._partial):
            self._drop(key)
        return self.dropped

    def _drop(self, key: bytes) -> None:
        self.dropped += len(self._partial.pop(key).pieces)


@dataclass(frozen=True, slots=True)
class _Piece:
    key: bytes
    offset: int
    more: bool
    data: bytes
    head: bytes
    protocol: int


def _ipv4(packet: bytes) -> _Piece:
    size = (packet[0] & 15) * 4
    (part,) = struct.unpack_from(">H", packet, 6)
    key = packet[12:20] + packet[4:6] + packet[9:10]
    return _checked(
        _Piece(key, (part & 0x1FFF) * 8, bool(part & 0x2000), packet[size:], packet[:IPV4_HEADER], packet[9])
    )


def _ipv6(packet: bytes) -> _Piece:
    protocol, at = packet[6], 40
    while protocol != IPV6_FRAGMENT:
        if at + 8 > len(packet):
            message = "an IPv6 fragment without its header"
            raise ValueError(message)
        protocol, at = packet[at], at + (packet[at + 1] + 1) * 8
    if at + 8 > len(packet):
        message = "an IPv6 fragment header that is cut"
        raise ValueError(message)
    (part,) = struct.unpack_from(">H", packet, at + 2)
    key = packet[8:40] + packet[at + 4 : at + 8]
    return _checked(_Piece(key, part & 0xFFF8, bool(part & 1), packet[at + 8 :], packet[:40], packet[at]))


def _checked(piece: _Piece) -> _Piece:
    if piece.offset + len(piece.data) > MAX_SIZE or (piece.more and not piece.data):
        message = "a fragment beyond the largest packet"
        raise ValueError(message)
    return piece


def _join(partial: _Partial) -> bytes | None:
    """Lay the pieces one behind the other; None while there is a gap. Where they overlap, the earlier place wins."""
    if partial.total is None or not partial.head or sum(map(len, partial.pieces.values())) < partial.total:
        return None
    body = bytearray()
    for offset, data in sorted(partial.pieces.items()):
        if offset > len(body):
            return None
        body += data[len(body) - offset :]
    return bytes(body[: partial.total])


def _whole(partial: _Partial, body: bytes) -> bytes:
    """Write an IP header for the whole packet: no options, no fragment."""
    head = bytearray(partial.head)
    if len(head) == IPV4_HEADER:
        head[0] = 0x45
        struct.pack_into(">H", head, 2, min(len(head) + len(body), MAX_SIZE))
        head[6:8] = b"\0\0"
    else:
        struct.pack_into(">H", head, 4, min(len(body), MAX_SIZE))
        head[6] = partial.protocol
    return bytes(head) + body
