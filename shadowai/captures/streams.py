"""TCP streams that are awaited: messages out of segments, for the few flows whose beginning was recognised."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from shadowai.captures.candidates import Guess
from shadowai.captures.counting import reclassify
from shadowai.captures.dns import MessageReader
from shadowai.captures.http import Request, RequestReader
from shadowai.captures.tcp import Stream, distance
from shadowai.captures.tls import Hello, HelloReader
from shadowai.model import Skip, Tally

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_STREAMS = 65_536  # streams awaited at once, and streams whose end is remembered; the longest unused goes first
MAX_WAITING = 64 << 20  # bytes kept for all streams
MAX_EARLY = 16  # segments kept of a stream before its beginning is seen
MAX_EARLY_BYTES = 16 << 20  # bytes kept of all such segments
MAX_BODY = 1 << 30  # bytes of a request body that is passed over
SPACE = 1 << 32  # sequence numbers

Message = Hello | Request | bytes
Reader = HelloReader | RequestReader | MessageReader
_READERS: dict[Guess, type[Reader]] = {
    Guess.TLS: HelloReader,
    Guess.HTTP: RequestReader,
    Guess.DNS: MessageReader,
}
_FAULTS = {HelloReader: "tls-invalid", MessageReader: "dns-invalid"}


class Packet(NamedTuple):
    """A TCP or UDP packet that may name a server.

    `side` is twice the flow's number, plus one against its canonical direction; `missing` the payload bytes that were
    on the wire and are not in the file.
    """

    number: int
    time: int | None
    side: int
    is_tcp: bool
    source: bytes
    destination: bytes
    source_port: int
    destination_port: int
    sequence: int
    payload: bytes
    missing: int


@dataclass(slots=True)
class _Awaited:
    """A stream whose beginning was recognised and whose message is not whole yet; `size` counts its bytes."""

    stream: Stream
    reader: Reader
    number: int
    size: int = 0


class Streams:
    """Follows the awaited streams; what cannot be followed to its end is counted in the tally."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._awaited: OrderedDict[int, _Awaited] = OrderedDict()
        self._early: dict[int, list[Packet]] = {}
        self._early_bytes = 0
        self._read: OrderedDict[int, int] = OrderedDict()  # side -> sequence number up to which all is read
        self._waiting = 0

    def awaited(self) -> list[int]:
        """Give the sides of flows from which more is awaited."""
        return list(self._awaited)

    def awaits(self, side: int) -> bool:
        """Say whether more is awaited from a side of a flow."""
        return side in self._awaited

    def forget_early(self) -> None:
        """Drop the segments whose stream's beginning never came."""
        self._early.clear()
        self._early_bytes = 0

    def feed(self, packet: Packet, guess: Guess) -> Iterator[Message]:
        """Take a segment and what it may begin with; give the messages it completed."""
        awaited = self._awaited.get(packet.side)
        if awaited is not None and self._is_renewed(awaited, packet, guess):
            self._drop(packet.side, "incomplete")
            awaited = None
        if awaited is not None:
            yield from self._push(packet, awaited)
        elif guess in _READERS and not self._is_read(packet):
            yield from self._begin(packet, guess)
        elif guess not in _READERS:
            self._keep_early(packet)

    def finish(self) -> None:
        """Count the streams whose message never became whole."""
        for side in list(self._awaited):
            self._drop(side, "incomplete")

    def _begin(self, packet: Packet, guess: Guess) -> Iterator[Message]:
        awaited = _Awaited(Stream(packet.sequence), _READERS[guess](), packet.number)
        self._awaited[packet.side] = awaited
        yield from self._push(packet, awaited)
        for early in self._early.pop(packet.side, ()):
            if packet.side not in self._awaited:
                break
            if distance(packet.sequence, early.sequence) > 0:
                yield from self._push(early, awaited)

    def _push(self, packet: Packet, awaited: _Awaited) -> Iterator[Message]:
        data = awaited.stream.push(packet.sequence, packet.payload)
        self._awaited.move_to_end(packet.side)
        try:
            if data:
                yield from self._read_messages(packet.side, awaited, data)
            if packet.missing and packet.side in self._awaited:
                yield from self._give_up(packet.side, awaited)
        except ValueError:
            self._drop(packet.side, _FAULTS.get(type(awaited.reader)))
        else:
            self._weigh(packet.side, awaited)

    def _weigh(self, side: int, awaited: _Awaited) -> None:
        """Keep the count of bytes held up to date."""
        if side in self._awaited:
            held = awaited.stream.waiting + awaited.reader.held()
            self._waiting += held - awaited.size
            awaited.size = held
            self._make_room()

    def _read_messages(self, side: int, awaited: _Awaited, data: bytes) -> Iterator[Message]:
        reader = awaited.reader
        if isinstance(reader, MessageReader):
            yield from reader.feed(data)
            if not reader.held():
                self._done(side, awaited, 0)
        elif isinstance(reader, HelloReader):
            hello = reader.feed(data)
            if hello is not None:
                yield hello
                self._done(side, awaited, 0)
        else:
            yield from self._read_requests(side, awaited, data)

    def _read_requests(self, side: int, awaited: _Awaited, data: bytes) -> Iterator[Message]:
        """Read requests one behind the other, stepping over bodies that are announced by their length."""
        while isinstance(awaited.reader, RequestReader):
            request = awaited.reader.feed(data)
            if request is None:
                return
            yield request
            data = awaited.reader.rest[request.body :]
            if not data:
                self._done(side, awaited, min(request.body - len(awaited.reader.rest), MAX_BODY))
                return
            awaited.reader = RequestReader()

    def _give_up(self, side: int, awaited: _Awaited) -> Iterator[Message]:
        """Read what the file holds of a message whose rest was cut off when it was captured."""
        partial = None if isinstance(awaited.reader, MessageReader) else awaited.reader.give_up()
        if partial is None:
            self._drop(side, "cut-short")
            return
        yield partial
        self._done(side, awaited, 0)

    def _is_renewed(self, awaited: _Awaited, packet: Packet, guess: Guess) -> bool:
        """Say whether a segment begins anew, so that what was awaited is lost.

        It does where it lies far off (the ports serve another connection now), or where it lies behind a gap and holds
        a whole message by itself: the middle of another message never does.
        """
        if not awaited.stream.is_near(packet.sequence):
            return True
        if guess not in _READERS or awaited.stream.offset(packet.sequence) <= awaited.stream.position:
            return False
        try:
            reader = _READERS[guess]()
            return not isinstance(reader, MessageReader) and reader.feed(packet.payload) is not None
        except ValueError:
            return False

    def _is_read(self, packet: Packet) -> bool:
        """Say whether a segment was read before, or lies in the body of a request that was."""
        end = self._read.get(packet.side)
        if end is None:
            return False
        ahead = distance(packet.sequence, end)
        return 0 < ahead <= MAX_BODY

    def _keep_early(self, packet: Packet) -> None:
        kept = self._early.setdefault(packet.side, [])
        if len(kept) < MAX_EARLY and not self._is_read(packet):
            kept.append(packet)
            self._early_bytes += len(packet.payload)
            if self._early_bytes > MAX_EARLY_BYTES:
                self.forget_early()

    def _done(self, side: int, awaited: _Awaited, further: int) -> None:
        self._read[side] = (awaited.stream.start + awaited.stream.position + further) % SPACE
        self._read.move_to_end(side)
        if len(self._read) > MAX_STREAMS:
            self._read.popitem(last=False)
        self._drop(side, None)

    def _drop(self, side: int, reason: str | None) -> None:
        """Stop awaiting a stream; with a reason, its first packet is counted as skipped."""
        awaited = self._awaited.pop(side)
        self._waiting -= awaited.size
        if awaited.stream.dropped:
            reclassify(self._tally, Skip("reassembly-dropped"), awaited.stream.dropped)
        if reason is not None:
            reclassify(self._tally, Skip(reason, packet=awaited.number))

    def _make_room(self) -> None:
        while self._awaited and (len(self._awaited) > MAX_STREAMS or self._waiting > MAX_WAITING):
            self._drop(next(iter(self._awaited)), "reassembly-dropped")
