"""TCP streams that are awaited: messages out of segments, for the few flows whose beginning was recognised."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from shadowai.captures.candidates import Guess
from shadowai.captures.counting import reclassify
from shadowai.captures.dns import MessageReader
from shadowai.captures.http import Body, Chunks, Request, RequestReader
from shadowai.captures.http2 import PREFACE, Http2Reader
from shadowai.captures.socks import SocksReader, Tunnel
from shadowai.captures.tcp import WINDOW, Stream, distance
from shadowai.captures.tls import HANDSHAKE, Hello, HelloReader
from shadowai.model import Skip, Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAX_STREAMS = 65_536  # streams awaited at once, and streams whose end is remembered; the longest unused goes first
MAX_WAITING = 64 << 20  # bytes kept for all streams
MAX_EARLY = 32 << 10  # bytes kept of a stream before its beginning is seen
MAX_EARLY_BYTES = 16 << 20  # bytes kept of all such segments
MAX_PASSED = 16  # such segments kept behind the beginning of a message that they lie before
SEGMENT_COST = 64  # bytes that such a segment counts for besides its payload
MAX_BODY = 1 << 30  # bytes of a request body that is passed over
MAX_FOLLOWED = 65_536  # bytes of one that is followed to its end, for another request may begin in the same segment
MAX_LATE = 65_536  # bytes behind a gap until it is given up
SPACE = 1 << 32  # sequence numbers
PREFACE_WORD = 14  # bytes of the HTTP/2 preface that no HTTP/1 request begins with
PREFACE_LEAST = 3  # bytes of it, where a segment ends, that no method begins with

Message = Hello | Request | Tunnel | bytes
Reader = HelloReader | RequestReader | Chunks | Body | Http2Reader | SocksReader | MessageReader
_READERS: dict[Guess, Callable[[], Reader]] = {
    Guess.TLS: HelloReader,
    Guess.HTTP: partial(RequestReader, wait_for_body=True),
    Guess.DNS: MessageReader,
    Guess.SOCKS: SocksReader,
}
_FAULTS = {HelloReader: "tls-invalid", MessageReader: "dns-invalid"}


class Placed(NamedTuple):
    """A message, and the sequence number at which it begins in its stream; None over UDP."""

    message: Message
    begun: int | None = None


class Packet(NamedTuple):
    """A TCP or UDP packet that may name a server.

    `side` is twice the flow's number, plus one against its canonical direction; `missing` the payload bytes that were
    on the wire and are not in the file. `acknowledged` is the acknowledgment number of TCP, `lead` counts the bytes in
    front of the message that begins in the payload, `is_first` says that nothing that its side sent before was seen.
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
    acknowledged: int = 0
    lead: int = 0
    is_first: bool = False


@dataclass(slots=True)
class _Awaited:
    """A stream whose beginning was recognised and whose message is not whole yet.

    `packet` is its first one, without payload, `begun` the sequence number at which the message begins; `size` counts
    the bytes kept. What was set aside because another message was found behind a gap `ends` where that begins.
    """

    stream: Stream
    reader: Reader
    packet: Packet
    begun: int
    size: int = 0
    ends: int = 0


class Streams:
    """Follows the awaited streams; what cannot be followed to its end is counted in the tally."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._awaited: OrderedDict[int, _Awaited] = OrderedDict()  # by side; what is set aside, by its complement
        self._early: dict[int, list[Packet]] = {}
        self._early_sizes: dict[int, int] = {}  # by side: bytes kept since the last block
        self._early_bytes = 0
        self._read: OrderedDict[int, tuple[int, int]] = OrderedDict()  # side -> numbers read: first, and behind
        self._waiting = 0

    def awaited(self) -> list[int]:
        """Give the sides of flows from which more is awaited."""
        return [max(side, ~side) for side in self._awaited]

    def is_waiting(self) -> bool:
        """Say whether the beginning of a message was seen whose end has not come."""
        return any(side >= 0 and not isinstance(awaited.reader, Body) for side, awaited in self._awaited.items())

    def awaits(self, side: int) -> bool:
        """Say whether more is awaited from a side of a flow."""
        return side in self._awaited or ~side in self._awaited

    def forget_early(self) -> None:
        """Drop the segments whose stream's beginning never came."""
        self._early.clear()
        self._early_sizes.clear()
        self._early_bytes = 0

    def feed(self, packet: Packet, guess: Guess) -> Iterator[Placed]:
        """Take a segment and what it may begin with; give the messages it completed."""
        older = self._awaited.get(~packet.side)
        return self._feed(packet, guess) if older is None else self._feed_older(packet, guess, older)

    def _feed_older(self, packet: Packet, guess: Guess, older: _Awaited) -> Iterator[Placed]:
        """Take a segment of a side of which something is set aside."""
        if 0 < distance(packet.sequence, older.ends) <= WINDOW:
            yield from self._push(packet._replace(side=~packet.side), older)
            return
        if distance(older.ends, packet.sequence) > MAX_LATE:
            yield from self._abandon(~packet.side, older)
        yield from self._feed(packet, guess)

    def _feed(self, packet: Packet, guess: Guess) -> Iterator[Placed]:
        """Take a segment that is not late."""
        awaited = self._awaited.get(packet.side)
        if awaited is not None and self._is_renewed(awaited, packet, guess):
            yield from self._set_aside(packet, awaited)
            awaited = None
        if awaited is not None:
            before = distance(packet.sequence, awaited.stream.start)
            is_before = 0 < before <= WINDOW
            yield from self._feed_before(packet, guess, awaited) if is_before else self._push(packet, awaited)
            return
        if packet.lead:
            packet = _behind_lead(packet)
        if guess not in _READERS:
            self._keep_early(packet)
        elif (guess != Guess.SOCKS or packet.is_first) and not self._is_read(packet):
            yield from self._begin(packet, guess)

    def _feed_before(self, packet: Packet, guess: Guess, awaited: _Awaited) -> Iterator[Placed]:
        """Take a segment that begins before the message that is awaited: it comes late, or once more."""
        if packet.lead:
            packet = _behind_lead(packet)
        begins = guess in _READERS and guess != Guess.SOCKS
        if begins and ~packet.side not in self._awaited and not self._is_read(packet):
            yield from self._begin(packet._replace(side=~packet.side), guess, awaited.stream.start)
        elif len(packet.payload) <= distance(packet.sequence, awaited.stream.start):
            self._keep_early(packet)
        else:
            yield from self._push(packet, awaited)

    def finish(self) -> Iterator[tuple[Packet, Placed]]:
        """Give the messages that can stand without their rest, and count those that never became whole."""
        for side, awaited in list(self._awaited.items()):
            for message in self._abandon(side, awaited):
                yield awaited.packet, message

    def _set_aside(self, packet: Packet, awaited: _Awaited) -> Iterator[Placed]:
        """Await what lies before a message behind a gap under a side of its own, for it may only be late."""
        if ~packet.side in self._awaited:
            yield from self._abandon(~packet.side, self._awaited[~packet.side])
        if not awaited.stream.is_near(packet.sequence):
            yield from self._abandon(packet.side, awaited)
            return
        self._hand_back(packet.side, awaited, packet.sequence)
        awaited.ends = packet.sequence
        self._awaited[~packet.side] = self._awaited.pop(packet.side)
        self._weigh(~packet.side, awaited)

    def _hand_back(self, side: int, awaited: _Awaited, sequence: int) -> None:
        """Keep, for what begins at a sequence number or behind it, what waited behind a gap of another message."""
        if later := awaited.stream.split(sequence):
            kept = self._early.setdefault(max(side, ~side), [])
            for at, data in later:
                kept.append(awaited.packet._replace(side=max(side, ~side), sequence=at, payload=data))

    def _abandon(self, side: int, awaited: _Awaited) -> Iterator[Placed]:
        """Stop awaiting a stream: a request whose body alone is missing stands, all else is incomplete."""
        reader = awaited.reader
        request = reader.without_body() if isinstance(reader, RequestReader) else None
        if request is not None:
            yield Placed(request, awaited.begun)
        if isinstance(reader, Http2Reader):
            yield from (Placed(each, awaited.begun) for each in reader.without_bodies())
        if isinstance(reader, Body):
            self._done(side, awaited, reader.left)
        else:
            is_whole = request or isinstance(reader, (Chunks, Http2Reader)) or not reader.held()
            self._drop(side, None if is_whole else "incomplete")

    def _begin(self, packet: Packet, guess: Guess, ends: int = 0) -> Iterator[Placed]:
        reader = _reader_of(guess, packet.payload)
        begun = packet.sequence
        awaited = _Awaited(Stream(begun), reader, packet._replace(payload=b""), begun, ends=ends)
        self._awaited[packet.side] = awaited
        yield from self._push(packet, awaited)
        key = max(packet.side, ~packet.side)
        passed: list[Packet] = []
        for each in self._early.pop(key, []):
            if packet.side in self._awaited and distance(packet.sequence, each.sequence) > 0:
                yield from self._push(each._replace(side=packet.side), awaited)
            else:
                passed.append(each)
        if passed:
            # Only a late message could want them, and there may be a beginning for each of many requests.
            self._early.setdefault(key, []).extend(passed[-MAX_PASSED:])

    def _push(self, packet: Packet, awaited: _Awaited) -> Iterator[Placed]:
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

    def _read_messages(self, side: int, awaited: _Awaited, data: bytes) -> Iterator[Placed]:
        """Read messages one behind the other, whatever kind follows the one before."""
        rest: bytes | None = data
        while rest and side in self._awaited:
            reader = awaited.reader
            if isinstance(reader, (MessageReader, Http2Reader)):
                for each in reader.feed(rest):
                    yield Placed(each, awaited.begun)
                if isinstance(reader, MessageReader) and not reader.held():
                    self._done(side, awaited, 0)
                return
            if isinstance(reader, (Chunks, Body)):
                rest = reader.feed(rest)
            else:
                message = reader.feed(rest)
                if message is None:
                    return
                yield Placed(message, awaited.begun)
                if isinstance(reader, HelloReader):
                    rest = reader.behind()
                else:
                    rest = self._behind(side, awaited, message, reader.rest)
            if rest:
                awaited.reader = _following(rest)
                awaited.begun = (awaited.stream.start + awaited.stream.position - len(rest)) % SPACE
            elif rest is not None and side in self._awaited:
                self._done(side, awaited, 0)

    def _behind(self, side: int, awaited: _Awaited, message: Message, rest: bytes) -> bytes | None:
        """Give what of the rest follows a message and its body; None where more of the body must be stepped over."""
        if not isinstance(message, Request):
            return rest
        if isinstance(awaited.reader, RequestReader) and awaited.reader.chunks is not None:
            awaited.reader = awaited.reader.chunks
            return awaited.reader.feed(rest)
        left = message.body - len(rest)
        if left > MAX_FOLLOWED:
            self._done(side, awaited, min(left, MAX_BODY))
            return None
        if left > 0:
            awaited.reader = Body(left)
            return None
        return rest[message.body :]

    def _give_up(self, side: int, awaited: _Awaited) -> Iterator[Placed]:
        """Read what the file holds of a message whose rest was cut off when it was captured."""
        reader = awaited.reader
        if isinstance(reader, Body):
            self._done(side, awaited, reader.left)
            return
        if isinstance(reader, Http2Reader):
            yield from (Placed(each, awaited.begun) for each in reader.without_bodies())
        begun = reader.give_up() if isinstance(reader, (HelloReader, RequestReader, MessageReader)) else None
        if begun is None:
            self._drop(side, "cut-short")
            return
        yield Placed(begun, awaited.begun)
        self._done(side, awaited, 0)

    def _is_renewed(self, awaited: _Awaited, packet: Packet, guess: Guess) -> bool:
        """Say whether a segment begins anew, so that what was awaited is lost.

        It does where it lies far off (the ports serve another connection now), or where it lies behind a gap and holds
        a whole message by itself: the middle of another message never does, and that of a body is told by its length.
        """
        if not awaited.stream.is_near(packet.sequence):
            return True
        ahead = awaited.stream.offset(packet.sequence) - awaited.stream.position
        if guess not in _READERS or ahead <= 0:
            return False
        if isinstance(awaited.reader, Body):
            return ahead >= awaited.reader.left
        reader = _reader_of(guess, packet.payload)
        try:
            return isinstance(reader, (HelloReader, RequestReader)) and reader.feed(packet.payload) is not None
        except ValueError:
            return False

    def _is_read(self, packet: Packet) -> bool:
        """Say whether a segment was read before, or lies in the body of a request that was."""
        first, behind = self._read.get(packet.side, (0, 0))
        return (packet.sequence - first) % SPACE < (behind - first) % SPACE

    def _keep_early(self, packet: Packet) -> None:
        size = self._early_sizes.get(packet.side, 0) + len(packet.payload) + SEGMENT_COST
        if size > MAX_EARLY or self._is_read(packet):
            return
        self._early.setdefault(packet.side, []).append(packet)
        self._early_bytes += size - self._early_sizes.get(packet.side, 0)
        self._early_sizes[packet.side] = size
        if self._early_bytes > MAX_EARLY_BYTES:
            self.forget_early()

    def _done(self, side: int, awaited: _Awaited, further: int) -> None:
        start = awaited.stream.start
        end = (start + awaited.stream.position + further) % SPACE
        if awaited.stream.waiting:
            self._hand_back(side, awaited, end)
        key = max(side, ~side)
        first, behind = self._read.get(key, (start, start))
        if side < 0 and 0 <= distance(end, first) <= WINDOW:
            end = behind  # it was read late, before what was read already
            first = start
        elif not 0 <= distance(behind, start) <= WINDOW or distance(first, start) < 0:
            first = start  # the ports serve another connection now
        self._read[key] = (first, end)
        self._read.move_to_end(key)
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
            reclassify(self._tally, Skip(reason, packet=awaited.packet.number))

    def _make_room(self) -> None:
        while self._awaited and (len(self._awaited) > MAX_STREAMS or self._waiting > MAX_WAITING):
            self._drop(next(iter(self._awaited)), "reassembly-dropped")


def _behind_lead(packet: Packet) -> Packet:
    sequence = (packet.sequence + packet.lead) % SPACE
    return packet._replace(sequence=sequence, payload=packet.payload[packet.lead :], lead=0)


def _reader_of(guess: Guess, payload: bytes) -> Reader:
    """Give a reader for what a payload begins with."""
    if guess == Guess.HTTP and len(payload) >= PREFACE_LEAST and PREFACE.startswith(payload[:PREFACE_WORD]):
        return Http2Reader()
    return _READERS[guess]()


def _following(rest: bytes) -> Reader:
    """Give a reader for what follows a message in the same segment: a hello inside a tunnel, else a request."""
    return HelloReader() if rest[0] == HANDSHAKE else _reader_of(Guess.HTTP, rest)
