"""Read a capture: blocks of packets to observations, the fast path first, the rest by way of fragments and tunnels."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import chain, repeat
from operator import itemgetter
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from shadowai.captures import pcap, pcapng
from shadowai.captures.candidates import DNS_PORT, Guess, answers, guess
from shadowai.captures.contacts import Contacts
from shadowai.captures.container import NO_TIME, Block, Capture, Ints, Part, dataset_of, opened
from shadowai.captures.counting import Verdict, count_block, reclassify, recount_block
from shadowai.captures.flows import Flows
from shadowai.captures.fragments import Fragments
from shadowai.captures.link import sort_block
from shadowai.captures.network import Network, sort_packets
from shadowai.captures.oddlinks import OddLinks
from shadowai.captures.resolving import Resolving
from shadowai.captures.streams import Packet
from shadowai.captures.transport import Segments, acknowledged, decode
from shadowai.errors import SourceError
from shadowai.model import Observation, Skip, Tally

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from shadowai.captures.contacts import Concerns
    from shadowai.captures.ledger import Ledger

BEHIND = 4 << 20  # bytes behind a part in which messages may end
OPENING = (Guess.QUIC, Guess.DTLS, Guess.HTTP)  # what a UDP flow begins with
NEEDS_FIRST = (Guess.SOCKS, Guess.HIDDEN)  # believed at the beginning of a stream alone
RAW_IP = 101  # LINKTYPE of packets that begin with the IP header
GUESSES = tuple(Guess)
MAX_DEPTH = 6  # times that packets are taken out of packets
IPV4_BYTES, IPV6_BYTES = 4, 16  # of an address
_Row: TypeAlias = "tuple[Any, ...]"  # a level and a place in it, and the values of its columns there
_WALKERS = {"pcap": pcap.blocks, "pcapng": pcapng.blocks}


def read(path: Path, *, name: str, tally: Tally, concerns: Concerns | None = None) -> Iterator[Observation]:
    """Give the contacts of a capture: DNS queries, TLS and QUIC server names, HTTP requests, and what no name tells.

    `name` is the file name that observations carry. `tally` is filled on the way: records are packets, parsed those
    that hold IP, the rest is skipped by reason. Observations with byte counts come last, for bytes are those of the
    whole flow; further observations of the same host in the same flow have none. Raises SourceError where the file is
    no capture, CaptureError where not one record of it can be read. `concerns` says of an observation whether anybody
    wants to know of it: others may be left out then, and clients are not fingerprinted.
    """
    with _reported(name), opened(path) as capture:
        dataset = dataset_of(capture)
        reading = _Reading(Contacts(name, dataset, tally, concerns), tally, concerns)
        yield from reading.read(capture, dataset)
        yield from reading.contacts.finish(reading.flows)


def read_part(
    path: Path, part: Part, *, name: str, tally: Tally, concerns: Concerns | None = None
) -> Generator[Observation, None, Ledger]:
    """Give the contacts of a part of a capture that are whole, and return the ledger of what is not.

    As `read`, but that packets are numbered from the part's first. `part` is told how far the walk came. `concerns`
    says of an observation whether anybody wants to know of it; flows that something else named are left out of the
    ledger, and clients are not fingerprinted then. A message that begins in the part and ends behind it is read to its
    end.
    """
    with _reported(name):
        with opened(path) as capture:
            dataset = dataset_of(capture)
            contacts = Contacts(name, dataset, tally, concerns, from_start=not part.start)
            reading = _Reading(contacts, tally, concerns)
            yield from reading.read(capture, dataset, part)
            if part.end is not None and reading.contacts.is_waiting():
                yield from reading.read_on(capture, dataset, part.reached)
        if part.end is None and part.following is not None and reading.contacts.is_waiting():
            with suppress(SourceError), opened(part.following) as capture:  # it has an error of its own then
                yield from reading.read_on(capture, dataset_of(capture), 0)
        yield from reading.contacts.rest()
        return reading.contacts.close(reading.flows)


@contextmanager
def _reported(name: str) -> Iterator[None]:
    try:
        yield
    except SourceError as error:
        error.where = error.where or name
        raise


@dataclass(slots=True)
class _Inner:
    """IP packets taken out of others: number and time of the outer packet, and the bytes."""

    numbers: list[int] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    interfaces: list[int] = field(default_factory=list)
    packets: list[bytes] = field(default_factory=list)

    def add(self, block: Block, row: int, packet: bytes) -> None:
        """Add the packet that was inside the packet of a row."""
        self.numbers.append(int(block.number[row]))
        self.times.append(int(block.time[row]))
        self.interfaces.append(int(block.interface[row]))
        self.packets.append(packet)

    def as_capture(self) -> tuple[Capture, Block]:
        """Give the packets as a capture of raw IP of one block."""
        lengths = np.array([len(packet) for packet in self.packets], np.int64)
        block = Block(
            number=np.array(self.numbers, np.int64),
            start=np.cumsum(lengths) - lengths,
            captured=lengths,
            original=lengths,
            time=np.array(self.times, np.int64),
            link=np.full(len(lengths), RAW_IP, np.int64),
            interface=np.array(self.interfaces, np.int64),
        )
        return Capture(b"".join(self.packets)), block


class _Level:
    """The segments of one IP family of a block, or of the packets inside its packets; at last, those to be handed on.

    `number` are the packets' numbers.
    """

    def __init__(self, capture: Capture, block: Block, segments: Segments) -> None:
        self.capture = capture
        self.block = block
        self.segments = segments
        self.number = block.number[segments.row]
        self.sources = self.destinations = b""

    def choose(self, watched: Ints) -> None:
        """Keep the segments that may begin something, and those with a payload of the sides that are watched."""
        segments = self.segments
        chosen = segments.guess != Guess.NONE
        if len(watched):
            chosen |= segments.is_tcp & (segments.length > 0) & np.isin(segments.side, watched)
        segments = self.segments = segments.pick(np.flatnonzero(chosen))
        self.number = self.block.number[segments.row]
        self.sources, self.destinations = segments.source.tobytes(), segments.destination.tobytes()

    def rows(self) -> Iterator[_Row]:
        """Give number, side and guess of each chosen segment, then what else a packet is made of."""
        segments = self.segments
        columns = (
            self.number,
            segments.side,
            segments.guess,
            self.block.time[segments.row],
            segments.is_tcp,
            segments.source_port,
            segments.destination_port,
            segments.sequence,
            segments.at,
            segments.stop,
            segments.length,
            segments.lead,
            np.where(segments.is_tcp, acknowledged(self.capture, segments.head), 0),
        )
        return zip(repeat(self), range(len(segments)), *(column.tolist() for column in columns), strict=False)


class _Reading:
    """What is kept from block to block while one capture is read."""

    def __init__(self, contacts: Contacts, tally: Tally, concerns: Concerns | None) -> None:
        self.contacts = contacts
        self.flows = Flows()
        self._resolving = Resolving(contacts, concerns)
        self._tally = tally
        self._fragments = Fragments()
        self._odd_links = OddLinks()
        self._is_behind = False

    def read(self, capture: Capture, dataset: str, part: Part | None = None) -> Iterator[Observation]:
        """Give the observations of a capture, or a part, that do not need their flow's bytes."""
        for block in _WALKERS[dataset](capture, self._tally, part):
            yield from self._block(capture, block)
            capture.forget(int(block.start[-1]))
        if lost := self._fragments.finish():
            reclassify(self._tally, Skip("fragment"), lost)

    def read_on(self, capture: Capture, dataset: str, start: int) -> Iterator[Observation]:
        """Read the ends of messages in what follows, but no more than that, and not far."""
        self._is_behind = True
        self._tally = Tally()  # these packets are another's to count
        for block in _WALKERS[dataset](capture, self._tally, Part(start, start + BEHIND)):
            if not self.contacts.is_waiting():
                return
            yield from self._block(capture, block)

    def _block(self, capture: Capture, block: Block) -> Iterator[Observation]:
        """Read a block together with the packets inside its packets, in the order of the file.

        They must be read together: of one stream a large segment may have come in fragments and a small one whole.
        """
        levels = [_Level(*level) for level in self._levels(capture, block)]
        for level in levels:
            self._prepare(level)
        yield from self._transport(levels)
        self.contacts.streams.forget_early()

    def _levels(self, capture: Capture, block: Block) -> Iterator[tuple[Capture, Block, Segments]]:
        """Give the segments of a block, then those of the packets inside its packets, level by level."""
        for depth in range(MAX_DEPTH):
            capture.check()
            inner = _Inner()
            verdicts = np.zeros(len(block), np.int8)
            network = self._sort(capture, block, inner, verdicts)
            decoded = [decode(capture, packets) for packets in network.transport]
            for _, faults in decoded:
                verdicts[faults.bad] = Verdict.INVALID
                verdicts[faults.short] = Verdict.CUT_SHORT
            if depth == 0:
                count_block(self._tally, block, verdicts)
            else:
                recount_block(self._tally, verdicts)
            self._open(capture, block, network, inner)
            yield from ((capture, block, segments) for segments, _ in decoded)
            if not inner.packets:
                return
            capture, block = inner.as_capture()
        reclassify(self._tally, Skip("tunnel-depth", packet=int(block.number[0])), len(block))

    def _sort(self, capture: Capture, block: Block, inner: _Inner, verdicts: NDArray[np.int8]) -> Network:
        """Sort a block down to TCP and UDP, noting what each packet came to."""
        link = sort_block(capture, block)
        for row in link.odd.tolist():
            verdicts[row] = self._open_frame(capture, block, row, inner)
        network = sort_packets(capture, link.frames)
        for verdict, rows in (*link.ended, *network.ended):
            verdicts[rows] = verdict
        return network

    def _open(self, capture: Capture, block: Block, network: Network, inner: _Inner) -> None:
        """Put fragments together."""
        for packets in network.fragments:
            for row, head, stop in zip(packets.row.tolist(), packets.head.tolist(), packets.stop.tolist(), strict=True):
                try:
                    whole = self._fragments.add(bytes(capture.raw[head:stop]), int(block.time[row]))
                except ValueError:
                    reclassify(self._tally, Skip("fragment", packet=int(block.number[row])))
                    continue
                if whole is not None:
                    inner.add(block, row, whole)

    def _open_frame(self, capture: Capture, block: Block, row: int, inner: _Inner) -> Verdict:
        """Have a frame of an odd link layer dissected."""
        link, start = int(block.link[row]), int(block.start[row])
        if not self._odd_links.knows(link):
            return Verdict.UNKNOWN_LINK
        packet = self._odd_links.open(link, bytes(capture.raw[start : start + int(block.captured[row])]))
        if packet is None:
            return Verdict.NOT_IP
        inner.add(block, row, packet)
        return Verdict.PARSED

    def _prepare(self, level: _Level) -> None:
        """Guess what the payloads of a level begin with, and count the bytes of flows."""
        segments = level.segments
        segments.guess = guess(level.capture, segments)
        segments.opens |= ~segments.is_tcp & np.isin(segments.guess, OPENING) & ~answers(segments)
        segments.side = self._sides(segments, level.block)
        self._thin_out(segments)
        self._resolving.deal_with(level.capture, level.block, segments)

    def _transport(self, levels: list[_Level]) -> Iterator[Observation]:
        """Hand on the packets that may name a server."""
        begun = [level.segments.side[(level.segments.guess != Guess.NONE) & level.segments.is_tcp] for level in levels]
        watched = np.unique(np.concatenate([*begun, np.array(self.contacts.streams.awaited(), np.int64)]))
        for level in levels:
            level.choose(watched)
        for width in (IPV4_BYTES, IPV6_BYTES):
            same = [level for level in levels if len(level.segments) and level.segments.source.shape[1] == width]
            for packet, kind in self._packets(same) if same else ():
                yield from self.contacts.feed(packet, kind)

    def _thin_out(self, segments: Segments) -> None:
        """Keep, of the packets that may hide something, the first of each flow of which nothing is known yet."""
        rows = np.flatnonzero(segments.guess == Guess.HIDDEN)
        if len(rows):
            sides, first = np.unique(segments.side[rows], return_index=True)
            kept = [
                at for side, at in zip(sides.tolist(), first.tolist(), strict=True) if not self.contacts.knows(side)
            ]
            segments.guess[rows] = Guess.NONE
            segments.guess[rows[kept]] = Guess.HIDDEN

    def _sides(self, segments: Segments, block: Block) -> Ints:
        """Count the segments' bytes; give twice the flow's number, plus one against its canonical direction.

        DNS over UDP is left out (-1): its observations have no byte counts, and a resolver's capture is made of such
        flows.
        """
        if self._is_behind:
            side = self.flows.find(segments)
            # Nothing begins here but what goes on with a hello over QUIC.
            segments.guess[(side < 0) | (segments.guess != Guess.QUIC)] = Guess.NONE
            return side
        side = np.full(len(segments), -1, np.int64)
        dns = (segments.source_port == DNS_PORT) | (segments.destination_port == DNS_PORT)
        rows = np.flatnonzero(segments.is_tcp | ~dns)
        if len(rows):
            side[rows] = self.flows.add(segments if len(rows) == len(segments) else segments.pick(rows), block)
            segments.guess[rows[side[rows] < 0]] = Guess.NONE  # there is no room for their flows
        return side

    def _packets(self, levels: list[_Level]) -> Iterator[tuple[Packet, Guess]]:
        """Give segments as packets, in order, but for those of no use: nothing is awaited and nothing begins later."""
        last: dict[int, int] = {}
        for level in levels:
            begins = level.segments.guess != Guess.NONE
            sides, numbers = level.segments.side[begins].tolist(), level.number[begins].tolist()
            for side, number in zip(sides, numbers, strict=True):
                last[side] = max(number, last.get(side, -1))
        awaits = self.contacts.streams.awaits
        for level, place, number, side, kind, *values in _in_order(levels):
            if kind == Guess.NONE and number > last.get(side, -1) and not awaits(side):
                continue
            time, is_tcp, source_port, destination_port, sequence, at, stop, length, lead, received = values
            width = level.segments.source.shape[1]
            packet = Packet(
                number=number,
                time=None if time == NO_TIME else time,
                side=side,
                is_tcp=bool(is_tcp),
                source=level.sources[place * width : (place + 1) * width],
                destination=level.destinations[place * width : (place + 1) * width],
                source_port=source_port,
                destination_port=destination_port,
                sequence=sequence,
                payload=bytes(level.capture.raw[at:stop]),
                missing=max(0, length - (stop - at)),
                acknowledged=received,
                lead=lead,
                is_first=kind in NEEDS_FIRST and self.flows.begins(side, sequence),
            )
            yield packet, GUESSES[kind]


def _in_order(levels: list[_Level]) -> Iterator[_Row]:
    """Give the segments of levels of one IP family in the file's order."""
    if len(levels) == 1:
        return levels[0].rows()
    return iter(sorted(chain.from_iterable(level.rows() for level in levels), key=itemgetter(2)))
