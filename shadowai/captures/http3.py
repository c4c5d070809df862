"""HTTP/3 requests (RFC 9114) out of the decrypted stream data of a QUIC connection, QPACK (RFC 9204) included.

tshark decrypts QUIC; versions before 4.2, and later ones built without nghttp3, show HTTP/3 header blocks without
decoding them. So the streams are read here: their pieces put in order, frames cut out, header blocks decoded by
ls-qpack, which knows the static table and keeps the dynamic one. Bodies are stepped over and counted, never kept.

Contract: `feed` takes any bytes in any order and never raises; what cannot be read is counted in `unreadable`, what was
thrown away for lack of room in `dropped`. Memory of a connection is bounded by `MAX_STREAMS` and `MAX_AHEAD`.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from pylsqpack import Decoder, DecompressionFailed, EncoderStreamError, StreamBlocked

from shadowai.captures.exchanges import Exchange, Seen, exchange_of, number_or_none, response_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

DATA, HEADERS, SETTINGS = 0, 1, 4  # frame types
CONTROL, ENCODER = 0, 2  # types of unidirectional streams
TABLE_CAPACITY = 1  # identifier of the setting QPACK_MAX_TABLE_CAPACITY
SERVER_STARTED, ONE_WAY = 1, 2  # bits of a stream number (RFC 9000 section 2.1)
MAX_STREAMS = 2_048  # requests followed at once in a direction; the longest unused goes first
MAX_ONE_WAY = 64  # control and encoder streams and their like of a direction; three are needed
MAX_AHEAD = 1 << 20  # bytes kept behind gaps in a direction
MAX_FRAME = 1 << 16  # bytes of a header block or of settings
MAX_TABLE = 1 << 16  # bytes of a dynamic table
MAX_UNFOLDED = 1 << 28  # bytes that a header block may become: each of its bytes may stand for an entry of the table
MAX_BLOCKED = 1_024  # header blocks that wait for the dynamic table
_TWO_BITS = 6


class Piece(NamedTuple):
    """The content of a STREAM frame: stream number, offset, bytes, and whether the client sent it."""

    stream: int
    offset: int
    data: bytes
    is_client: bool


@dataclass(slots=True)
class _Stream:
    """One direction of a stream: `at` is the offset behind `buffer`, `end` the highest offset seen."""

    at: int = 0
    end: int = 0
    body: int = 0
    kind: int | None = None
    is_lost: bool = False
    buffer: bytearray = field(default_factory=bytearray)
    ahead: list[tuple[int, bytes]] = field(default_factory=list)

    def skip(self, length: int) -> None:
        """Pass over bytes that need not be seen: a gap among them is no loss."""
        inside = min(length, len(self.buffer))
        del self.buffer[:inside]
        self.at += length - inside

    def body_seen(self) -> int:
        """Count the body's bytes, but for those announced that lie behind all that was seen."""
        return max(0, self.body - max(0, self.at - self.end))


class _Half:
    """What one end sends: its streams in order, and the decoder of its header blocks."""

    def __init__(self) -> None:
        self.streams: OrderedDict[int, _Stream] = OrderedDict()
        self.one_way: dict[int, _Stream] = {}
        self.instructed = 0  # bytes of instructions for the dynamic table
        self.decoder: Decoder | None = None
        self.waiting = 0
        self.dropped = 0
        self.capacity = 0  # of the dynamic table, as the other end's settings allow

    def put(self, piece: Piece) -> _Stream:
        """Put a piece in its place; the stream's buffer holds what became contiguous."""
        stream = self._find(piece.stream)
        stream.end = max(stream.end, piece.offset + len(piece.data))
        if stream.is_lost:
            return stream
        if piece.offset > stream.at:
            self._keep(stream, piece)
        elif piece.offset + len(piece.data) > stream.at:
            self._take(stream, piece.offset, piece.data)
        return stream

    def _find(self, number: int) -> _Stream:
        if number & ONE_WAY:
            if number not in self.one_way and len(self.one_way) >= MAX_ONE_WAY:
                self.dropped += 1
                return _Stream(is_lost=True)
            return self.one_way.setdefault(number, _Stream())
        stream = self.streams.setdefault(number, _Stream())
        self.streams.move_to_end(number)
        return stream

    def catch_up(self, stream: _Stream) -> bool:
        """Move pieces that are due into the buffer; say whether there were any."""
        grown = False
        while stream.ahead and stream.ahead[0][0] <= stream.at:
            offset, data = heapq.heappop(stream.ahead)
            self.waiting -= len(data)
            if offset + len(data) > stream.at:
                self._take(stream, offset, data)
                grown = True
        return grown

    def lose(self, stream: _Stream) -> None:
        """Read no more of a stream."""
        stream.is_lost = True
        self.waiting -= sum(len(data) for _, data in stream.ahead)
        stream.ahead.clear()
        stream.buffer.clear()

    def _take(self, stream: _Stream, offset: int, data: bytes) -> None:
        stream.buffer += data[stream.at - offset :]
        stream.at = offset + len(data)

    def _keep(self, stream: _Stream, piece: Piece) -> None:
        if self.waiting + len(piece.data) > MAX_AHEAD:
            self.dropped += 1
            return
        self.waiting += len(piece.data)
        heapq.heappush(stream.ahead, (piece.offset, piece.data))


class Connection:
    """One connection's requests. `feed` takes the pieces of both ends, `finish` gives what is still open."""

    def __init__(self) -> None:
        self.unreadable = 0
        self._client, self._server = _Half(), _Half()
        self._open: OrderedDict[int, Exchange] = OrderedDict()
        self._blocked: dict[tuple[bool, int], Seen] = {}

    @property
    def dropped(self) -> int:
        """Count the pieces that were thrown away."""
        return self._client.dropped + self._server.dropped

    def feed(self, piece: Piece, seen: Seen) -> Iterator[Exchange]:
        """Take a piece; give exchanges only where there are too many to be kept."""
        half = self._client if piece.is_client else self._server
        stream = half.put(piece)
        if not stream.is_lost:
            try:
                self._read(half, stream, piece, seen)
                while half.catch_up(stream):
                    self._read(half, stream, piece, seen)
            except ValueError:
                self.unreadable += 1
                half.lose(stream)
        if len(half.streams) > MAX_STREAMS:
            number, oldest = half.streams.popitem(last=False)
            half.lose(oldest)
            if piece.is_client and (exchange := self._open.pop(number, None)):
                exchange.up = oldest.body_seen()
                yield exchange

    def finish(self) -> Iterator[Exchange]:
        """Give the exchanges; header blocks that still wait for the dynamic table are counted as unreadable."""
        self.unreadable += len(self._blocked)
        for number, exchange in self._open.items():
            if stream := self._client.streams.get(number):
                exchange.up = stream.body_seen()
            yield exchange

    def _read(self, half: _Half, stream: _Stream, piece: Piece, seen: Seen) -> None:
        if piece.stream & ONE_WAY:
            self._read_one_way(half, stream, piece, seen)
        elif not piece.stream & SERVER_STARTED:
            for kind, body in _frames(stream):
                if kind == HEADERS:
                    self._decode(half, piece, body, seen)

    def _read_one_way(self, half: _Half, stream: _Stream, piece: Piece, seen: Seen) -> None:
        if stream.kind is None:
            found = _varint(stream.buffer, 0)
            if found is None:
                return
            stream.kind = found[0]
            del stream.buffer[: found[1]]
        if stream.kind == CONTROL:
            for kind, body in _frames(stream):
                if kind == SETTINGS:
                    other = self._server if piece.is_client else self._client
                    other.capacity = min(_settings(body).get(TABLE_CAPACITY, 0), MAX_TABLE)
        elif stream.kind == ENCODER and stream.buffer:
            self._instruct(half, bytes(stream.buffer), piece, seen)
            stream.buffer.clear()
        else:
            stream.buffer.clear()

    def _instruct(self, half: _Half, data: bytes, piece: Piece, seen: Seen) -> None:
        """Bring the dynamic table up to date, and read the header blocks that waited for it."""
        half.instructed += len(data)
        try:
            ready = _decoder(half).feed_encoder(data)
        except EncoderStreamError as error:
            raise ValueError(str(error)) from error
        for number in ready:
            first = self._blocked.pop((piece.is_client, number), seen)
            try:
                _, fields = _decoder(half).resume_header(number)
            except DecompressionFailed:
                self.unreadable += 1
                continue
            self._take(number, fields, first, is_client=piece.is_client)

    def _decode(self, half: _Half, piece: Piece, block: bytes, seen: Seen) -> None:
        if (piece.is_client and piece.stream in self._open) or (piece.is_client, piece.stream) in self._blocked:
            return  # trailers: they change nothing, and a stream waits for one block at a time
        largest = min(half.capacity, 2 * half.instructed)  # bytes of an entry: Huffman codes shrink by 8/5 at most
        if len(block) * largest > MAX_UNFOLDED:
            self.unreadable += 1
            return
        try:
            _, fields = _decoder(half).feed_header(piece.stream, block)
        except StreamBlocked:
            self._blocked[piece.is_client, piece.stream] = seen
            return
        except DecompressionFailed:
            self.unreadable += 1
            return
        self._take(piece.stream, fields, seen, is_client=piece.is_client)

    def _take(self, stream: int, fields: list[tuple[bytes, bytes]], seen: Seen, *, is_client: bool) -> None:
        named: dict[str, str] = {}
        for name, value in fields:
            named.setdefault(name.decode("latin-1"), value.decode("utf-8", "backslashreplace"))
        if is_client:
            exchange = exchange_of(seen, named)
            if exchange is not None and stream not in self._open:
                self._open[stream] = exchange
        elif (asked := self._open.get(stream)) and not (status := named.get(":status", "1")).startswith("1"):
            asked.down = response_bytes(status, asked.method, number_or_none(named.get("content-length")))


def _decoder(half: _Half) -> Decoder:
    """Give the decoder of what an end sends; it is made when first needed, since settings come before."""
    if half.decoder is None:
        half.decoder = Decoder(half.capacity, MAX_BLOCKED)
    return half.decoder


def _frames(stream: _Stream) -> Iterator[tuple[int, bytes]]:
    """Cut header blocks and settings out of a stream; every other frame is passed over, DATA counted."""
    while (kind := _varint(stream.buffer, 0)) and (length := _varint(stream.buffer, kind[1])):
        begin, size = length[1], length[0]
        if kind[0] not in (HEADERS, SETTINGS):
            stream.skip(begin + size)
            stream.body += size if kind[0] == DATA else 0
            continue
        if size > MAX_FRAME:
            error = "a header block without end"
            raise ValueError(error)
        if len(stream.buffer) < begin + size:
            return
        body = bytes(stream.buffer[begin : begin + size])
        stream.skip(begin + size)
        yield kind[0], body


def _varint(data: bytes | bytearray, at: int) -> tuple[int, int] | None:
    """Read an integer (RFC 9000 section 16); give it and the place behind it, None where bytes are missing."""
    if at >= len(data):
        return None
    width = 1 << (data[at] >> _TWO_BITS)
    if at + width > len(data):
        return None
    return int.from_bytes(data[at : at + width], "big") & ((1 << (8 * width - 2)) - 1), at + width


def _settings(body: bytes) -> dict[int, int]:
    values: dict[int, int] = {}
    at = 0
    while (name := _varint(body, at)) and (value := _varint(body, name[1])):
        values[name[0]], at = value
    return values
