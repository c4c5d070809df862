"""Put IPv4 (RFC 791) and IPv6 (RFC 8200 section 4.5) fragments together again, within bounds.

Fragments that overlap and disagree tell two stories, of which the receiver saw one: such a packet is thrown away, and
so is every IPv6 packet whose fragments overlap at all (RFC 5722). An exact duplicate is no overlap.
"""

from __future__ import annotations

import struct
from collections import OrderedDict
from dataclasses import dataclass, field

from shadowai.captures.container import NO_TIME
from shadowai.model import SECOND

MAX_PACKETS = 1_024  # packets being put together at once; the oldest goes first
MAX_PIECES = 128  # fragments of one packet
MAX_SIZE = 65_535  # bytes of one packet
MAX_WAITING = 16 << 20  # bytes kept of all fragments
LIFETIME = 60 * SECOND  # after which identifications are used again (RFC 8200 section 4.5; RFC 791 allows less)
IPV4, IPV4_HEADER = 4, 20  # version, bytes
IPV6_HEADER, IPV6_FRAGMENT, IPV6_AUTH = 40, 44, 51


@dataclass(slots=True)
class _Partial:
    """What has come of a packet: `size` bytes in `pieces` by offset, the first at `time`, `seen` fragments in all."""

    time: int
    pieces: dict[int, bytes] = field(default_factory=dict)
    seen: int = 0
    size: int = 0
    total: int | None = None
    head: bytes = b""
    protocol: int = 0


class Fragments:
    """The packets of which some fragments have come; `dropped` counts fragments that never became one."""

    def __init__(self) -> None:
        self._partial: OrderedDict[bytes, _Partial] = OrderedDict()
        self._waiting = 0
        self.dropped = 0

    def add(self, packet: bytes, time: int = NO_TIME) -> bytes | None:
        """Take an IP packet that is a fragment; give the whole packet as one IP packet when this was its last piece.

        `time` is in ns since the epoch, `NO_TIME` where it is not known. ValueError where it is no sound fragment.
        """
        piece = _ipv4(packet) if packet[0] >> 4 == IPV4 else _ipv6(packet)
        known = self._partial.get(piece.key)
        if known is not None and NO_TIME not in (time, known.time) and abs(time - known.time) > LIFETIME:
            self._drop(piece.key)
        partial = self._partial.setdefault(piece.key, _Partial(time))
        if not _fits(partial, piece):
            partial.seen += 1
            self._drop(piece.key)
            return None
        self._keep(partial, piece)
        if partial.head and partial.size == partial.total:
            self._forget(piece.key)
            return _whole(partial, b"".join(data for _, data in sorted(partial.pieces.items())))
        self._make_room(piece.key)
        return None

    def finish(self) -> int:
        """Give how many fragments never became a packet."""
        for key in list(self._partial):
            self._drop(key)
        return self.dropped

    def _keep(self, partial: _Partial, piece: _Piece) -> None:
        """Keep of a piece what is new."""
        partial.seen += 1
        if piece.offset == 0 and not partial.head:
            partial.head, partial.protocol = piece.head, piece.protocol
        if not piece.more:
            partial.total = piece.offset + len(piece.data)
        for offset, data in _new_parts(partial, piece):
            partial.pieces[offset] = data
            partial.size += len(data)
            self._waiting += len(data)

    def _make_room(self, key: bytes) -> None:
        if self._partial[key].seen > MAX_PIECES:
            self._drop(key)
        while len(self._partial) > MAX_PACKETS or self._waiting > MAX_WAITING:
            self._drop(next(iter(self._partial)))

    def _drop(self, key: bytes) -> None:
        self.dropped += self._forget(key).seen

    def _forget(self, key: bytes) -> _Partial:
        partial = self._partial.pop(key)
        self._waiting -= partial.size
        return partial


@dataclass(frozen=True, slots=True)
class _Piece:
    key: bytes
    offset: int
    more: bool
    data: bytes
    head: bytes
    protocol: int
    may_overlap: bool


def _ipv4(packet: bytes) -> _Piece:
    size = (packet[0] & 15) * 4
    total, part = struct.unpack_from(">H2xH", packet, 2)
    key = packet[12:20] + packet[4:6] + packet[9:10]
    data = packet[size:total]
    return _checked(
        _Piece(
            key=key,
            offset=(part & 0x1FFF) * 8,
            more=bool(part & 0x2000),
            data=data,
            head=packet[:IPV4_HEADER],
            protocol=packet[9],
            may_overlap=True,
        ),
        total - size,
    )


def _ipv6(packet: bytes) -> _Piece:
    protocol, at = packet[6], IPV6_HEADER
    while protocol != IPV6_FRAGMENT:
        if at + 8 > len(packet):
            message = "an IPv6 fragment without its header"
            raise ValueError(message)
        units = packet[at + 1]
        protocol, at = packet[at], at + ((units + 2) * 4 if protocol == IPV6_AUTH else (units + 1) * 8)
    if at + 8 > len(packet):
        message = "an IPv6 fragment header that is cut"
        raise ValueError(message)
    (length,) = struct.unpack_from(">H", packet, 4)
    (part,) = struct.unpack_from(">H", packet, at + 2)
    return _checked(
        _Piece(
            key=packet[8:40] + packet[at + 4 : at + 8],
            offset=part & 0xFFF8,
            more=bool(part & 1),
            data=packet[at + 8 : IPV6_HEADER + length],
            head=packet[:IPV6_HEADER],
            protocol=packet[at],
            may_overlap=False,
        ),
        IPV6_HEADER + length - at - 8,
    )


def _checked(piece: _Piece, length: int) -> _Piece:
    """Refuse a piece that cannot be: `length` is what the IP header says of its data."""
    if piece.offset + length > MAX_SIZE:
        message = "a fragment beyond the largest packet"
        raise ValueError(message)
    if len(piece.data) != length:
        message = "a fragment that was cut off when it was captured"
        raise ValueError(message)
    if piece.more and (not length or length % 8):
        message = "a fragment whose length is not a multiple of 8"
        raise ValueError(message)
    return piece


def _fits(partial: _Partial, piece: _Piece) -> bool:
    """Say whether a piece agrees with those that came before, in its bytes and about the end of the packet."""
    end = piece.offset + len(piece.data)
    if partial.total is not None and (end > partial.total or (not piece.more and end != partial.total)):
        return False
    if not piece.more and any(offset + len(data) > end for offset, data in partial.pieces.items()):
        return False
    if partial.pieces.get(piece.offset) == piece.data:
        return True
    for offset, data in partial.pieces.items():
        low, high = max(offset, piece.offset), min(offset + len(data), end)
        if low < high and (
            not piece.may_overlap
            or data[low - offset : high - offset] != piece.data[low - piece.offset : high - piece.offset]
        ):
            return False
    return True


def _new_parts(partial: _Partial, piece: _Piece) -> list[tuple[int, bytes]]:
    """Give the stretches of a piece that no earlier piece covers."""
    parts: list[tuple[int, bytes]] = []
    at, end = piece.offset, piece.offset + len(piece.data)
    for offset, data in sorted(partial.pieces.items()):
        if offset > at and at < end:
            parts.append((at, piece.data[at - piece.offset : min(offset, end) - piece.offset]))
        at = max(at, offset + len(data))
    if at < end:
        parts.append((at, piece.data[at - piece.offset :]))
    return parts


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
