"""The server name of QUIC connections: Initial packets to CRYPTO frames to a ClientHello (RFC 9000, RFC 9001).

A connection is met when a datagram opens with the keys of its own destination connection id: only a client's first
packets do. Those keys are kept for the flow, for the client goes on using them when it addresses the server by another
id.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shadowai.captures.quic_packet import (
    GOOGLE,
    LongPacket,
    Opened,
    client_keys,
    long_packets,
    read_varint,
    salts,
    unprotect,
)
from shadowai.captures.tcp import Stream
from shadowai.captures.tls import MESSAGE_HEADER, Hello, read_hello

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_CONNECTIONS = 16_384  # connections remembered; the longest unused goes first
MAX_WAITING = 64 << 20  # bytes kept for all connections
MAX_IDS = 4  # keys kept for one flow: the first id, a new one after Retry, a following connection
PADDING, PING, CRYPTO_FRAME = 0x00, 0x01, 0x06
GOOGLE_CRYPTO = 0x08  # the same in the TLS flavour of Google's QUIC (T050, T051)
ACK_FRAMES = (0x02, 0x03)
MAX_ACK_RANGES = 1 << 12  # more do not fit in a datagram
_NOT_PADDING = re.compile(rb"[^\x00]")


@dataclass(slots=True)
class _Connection:
    """One flow's client side: the ids whose keys it uses, and its handshake bytes so far.

    `hello` is the one found last and `version` that of the client's first packet; `again` says that the client began
    anew because the server asked for it (Retry, version negotiation), which is not another connection.
    """

    ids: list[bytes] = field(default_factory=list)
    largest: int = -1
    crypto: Stream = field(default_factory=lambda: Stream(0))
    message: bytearray = field(default_factory=bytearray)
    wanted: int = MESSAGE_HEADER
    hello: Hello | None = None
    version: int = 0
    again: bool = False
    finished: bool = False

    def held(self) -> int:
        """Count the bytes kept."""
        return len(self.message) + self.crypto.waiting


class Connections:
    """The QUIC connections of a capture; `dropped` counts those given up half read because there were too many.

    `unreadable` counts datagrams of clients with Initial packets that no known key opens.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[int, _Connection] = OrderedDict()
        self._waiting = 0
        self.dropped = 0
        self.unreadable = 0

    def feed(self, side: int, datagram: bytes, *, is_answer: bool = False) -> list[Hello]:
        """Take a datagram of one side of a flow (`side ^ 1` is the other); give the hellos it completed.

        `is_answer` says that its ports are those of a server's answer, whose keys the client's first packet would give.
        ValueError where it is no sound QUIC.
        """
        if side ^ 1 in self._known:
            return []
        hellos: list[Hello] = []
        readable = True
        for packet in long_packets(datagram):
            if packet.is_initial:
                readable &= self._packet(side, packet, hellos)
        self.unreadable += not readable and not is_answer
        return hellos

    def unfinished(self) -> int:
        """Count the connections whose hello has begun and is not whole."""
        return sum(not each.finished for each in self._known.values())

    def _packet(self, side: int, packet: LongPacket, hellos: list[Hello]) -> bool:
        """Add the hello that an Initial packet completes; say whether the packet could be opened."""
        connection = self._known.get(side)
        opened, is_new = self._open(connection, packet)
        if opened is None:
            return False
        if connection is None:
            connection = self._known[side] = _Connection()
            self._make_room()
        if is_new:
            self._waiting -= connection.held()
            _restart(connection, packet)
        self._known.move_to_end(side)
        connection.largest = max(connection.largest, opened.number)
        if not connection.finished:
            before = connection.held()
            try:
                hellos.extend(_advance(connection, opened.frames))
            finally:
                self._waiting += connection.held() - before
                self._make_room()
        return True

    def _open(self, connection: _Connection | None, packet: LongPacket) -> tuple[Opened | None, bool]:
        """Try the keys of the flow, then those of the packet's own id; the second value says that the latter fitted."""
        largest = connection.largest if connection else -1
        for known in reversed(connection.ids if connection else []):
            for salt in salts(packet.version):
                opened = unprotect(packet, client_keys(salt, packet.version, known), largest)
                if opened is not None:
                    return opened, False
        for salt in salts(packet.version):
            opened = unprotect(packet, client_keys(salt, packet.version, packet.destination_id), -1)
            if opened is not None:
                return opened, True
        return None, False

    def _make_room(self) -> None:
        while len(self._known) > MAX_CONNECTIONS or self._waiting > MAX_WAITING:
            _, gone = self._known.popitem(last=False)
            self._waiting -= gone.held()
            self.dropped += not gone.finished


def _restart(connection: _Connection, packet: LongPacket) -> None:
    connection.again = packet.has_token or packet.version != connection.version
    connection.version = packet.version
    connection.ids = [*connection.ids[1 - MAX_IDS :], packet.destination_id]
    connection.largest = -1
    connection.crypto = Stream(0)
    connection.message.clear()
    connection.wanted = MESSAGE_HEADER
    connection.finished = False


def _advance(connection: _Connection, frames: bytes) -> Iterator[Hello]:
    for offset, data in crypto_frames(frames, GOOGLE_CRYPTO if connection.version in GOOGLE else CRYPTO_FRAME):
        if offset + len(data) > 1 << 20:
            message = "a handshake of more than a megabyte"
            raise ValueError(message)
        connection.message += connection.crypto.push(offset, data)
    if len(connection.message) < connection.wanted:
        return
    connection.wanted = MESSAGE_HEADER + int.from_bytes(connection.message[1:MESSAGE_HEADER], "big")
    try:
        hello = read_hello(bytes(connection.message[: connection.wanted]))
    except ValueError:
        _finish(connection)
        raise
    if hello is None:
        return
    _finish(connection)
    known, connection.hello = connection.hello, hello
    if known is None or not _is_same(known, hello, again=connection.again):
        yield hello


def _is_same(known: Hello, hello: Hello, *, again: bool) -> bool:
    """Say whether a hello belongs to the connection of the one before: repeated, or made anew at the server's wish."""
    return hello.random == known.random or (again and hello.server_name == known.server_name)


def _finish(connection: _Connection) -> None:
    connection.finished = True
    connection.message.clear()
    connection.crypto = Stream(0)


def crypto_frames(frames: bytes, wanted: int = CRYPTO_FRAME) -> Iterator[tuple[int, bytes]]:
    """Give offset and data of the CRYPTO frames of an Initial packet (RFC 9000 section 19); ValueError for a cut one.

    `wanted` is the type that CRYPTO frames have. Reading stops at a frame that has no place in an Initial packet.
    """
    at = 0
    while at < len(frames):
        kind = frames[at]
        at += 1
        if kind == PADDING:
            other = _NOT_PADDING.search(frames, at)
            at = other.start() if other else len(frames)
        elif kind == wanted:
            offset, at = read_varint(frames, at)
            length, at = read_varint(frames, at)
            if at + length > len(frames):
                message = "a CRYPTO frame runs over its packet's end"
                raise ValueError(message)
            yield offset, frames[at : at + length]
            at += length
        elif kind in ACK_FRAMES:
            at = _skip_ack(frames, at, kind)
        elif kind != PING:
            return


def _skip_ack(frames: bytes, at: int, kind: int) -> int:
    _, at = read_varint(frames, at)
    _, at = read_varint(frames, at)
    ranges, at = read_varint(frames, at)
    if ranges > MAX_ACK_RANGES:
        message = "an ACK frame of more ranges than fit"
        raise ValueError(message)
    for _ in range(1 + 2 * ranges + 3 * (kind - ACK_FRAMES[0])):
        _, at = read_varint(frames, at)
    return at
