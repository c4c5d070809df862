"""Read a capture: blocks of packets to observations, the fast path first, the rest by way of fragments and tunnels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from shadowai.captures import pcap, pcapng, tunnels
from shadowai.captures.candidates import DNS_PORT, Guess, guess
from shadowai.captures.contacts import Contacts
from shadowai.captures.container import NO_TIME, Block, Capture, Ints, opened, recognise
from shadowai.captures.counting import Verdict, count_block, reclassify
from shadowai.captures.flows import Flows
from shadowai.captures.fragments import Fragments
from shadowai.captures.link import sort_block
from shadowai.captures.network import Datagrams, Network, sort_packets
from shadowai.captures.streams import Packet, Streams
from shadowai.captures.transport import Segments, decode
from shadowai.errors import SourceError
from shadowai.model import Observation, Skip, Tally

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

HEAD = 12  # bytes that tell the format
RAW_IP = 101  # LINKTYPE of packets that begin with the IP header
GUESSES = tuple(Guess)
MAX_DEPTH = 6  # times that packets are taken out of packets
_WALKERS = {"pcap": pcap.blocks, "pcapng": pcapng.blocks}


def read(path: Path, *, name: str, tally: Tally) -> Iterator[Observation]:
    """Give the contacts of a capture: DNS queries, TLS and QUIC server names, HTTP requests.

    `name` is the file name that observations carry. `tally` is filled on the way: records are packets, parsed those
    that hold IP, the rest is skipped by reason. Observations with byte counts come last, for bytes are those of the
    whole flow in the whole file, each time they were seen; further observations of the same flow have none. Raises
    SourceError where the file is no capture, CaptureError where not one record of it can be read.
    """
    try:
        with opened(path) as capture:
            dataset = _format(capture)
            yield from _Reading(Contacts(name, dataset, tally), tally).read(capture, dataset)
    except SourceError as error:
        error.where = error.where or name
        raise


def _format(capture: Capture) -> str:
    dataset = recognise(bytes(capture.raw[:HEAD]))
    if dataset is None:
        message = "neither pcap nor pcapng"
        raise SourceError(message)
    return dataset


@dataclass(slots=True)
class _Inner:
    """IP packets taken out of others: number and time of the outer packet, and the bytes."""

    numbers: list[int] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    packets: list[bytes] = field(default_factory=list)

    def add(self, block: Block, row: int, packet: bytes) -> None:
        """Add the packet that was inside the packet of a row."""
        self.numbers.append(int(block.number[row]))
        self.times.append(int(block.time[row]))
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
        )
        return Capture(b"".join(self.packets)), block


class _Reading:
    """What is kept from block to block while one capture is read."""

    def __init__(self, contacts: Contacts, tally: Tally) -> None:
        self._contacts = contacts
        self._tally = tally
        self._flows = Flows()
        self._fragments = Fragments()

    def read(self, capture: Capture, dataset: str) -> Iterator[Observation]:
        """Give all observations of a capture."""
        for block in _WALKERS[dataset](capture, self._tally):
            yield from self._block(capture, block)
            capture.forget(int(block.start[-1]))
        if lost := self._fragments.finish():
            reclassify(self._tally, Skip("fragment"), lost)
        yield from self._contacts.finish(self._flows)

    def _block(self, capture: Capture, block: Block) -> Iterator[Observation]:
        """Read a block, then the packets inside its packets, level by level."""
        for depth in range(MAX_DEPTH):
            inner = _Inner()
            verdicts = np.zeros(len(block), np.int8)
            network = self._sort(capture, block, inner, verdicts)
            decoded = [(packets, decode(capture, packets)) for packets in network.transport]
            for _, (_, faults) in decoded:
                verdicts[faults.bad] = Verdict.INVALID
                verdicts[faults.short] = Verdict.CUT_SHORT
            if depth == 0:
                count_block(self._tally, block, verdicts)
            elif verdicts.any():
                reclassify(self._tally, Skip("tunnel-unread"), int(np.count_nonzero(verdicts)))
            self._open(capture, block, network, inner)
            for packets, (segments, _) in decoded:
                yield from self._transport(capture, block, segments, (packets, inner))
            self._contacts.streams.forget_early()
            if not inner.packets:
                return
            capture, block = inner.as_capture()
        reclassify(self._tally, Skip("tunnel-depth", packet=int(block.number[0])), len(block))

    def _sort(self, capture: Capture, block: Block, inner: _Inner, verdicts: NDArray[np.int8]) -> Network:
        """Sort a block down to TCP and UDP, noting what each packet came to."""
        link = sort_block(capture, block)
        verdicts[link.other] = Verdict.NOT_IP
        verdicts[link.short] = Verdict.CUT_SHORT
        for row in link.odd.tolist():
            verdicts[row] = _open_frame(capture, block, row, inner)
        network = sort_packets(capture, block, link.frames)
        for rows in network.bad:
            verdicts[rows] = Verdict.INVALID
        for rows in network.short:
            verdicts[rows] = Verdict.CUT_SHORT
        return network

    def _open(self, capture: Capture, block: Block, network: Network, inner: _Inner) -> None:
        """Put fragments together, and take packets out of IP tunnels."""
        for packets in network.fragments:
            for row, head, stop in zip(packets.row.tolist(), packets.head.tolist(), packets.stop.tolist(), strict=True):
                try:
                    whole = self._fragments.add(bytes(capture.raw[head:stop]))
                except ValueError:
                    reclassify(self._tally, Skip("fragment", packet=int(block.number[row])))
                    continue
                if whole is not None:
                    inner.add(block, row, whole)
        for packets in network.carriers:
            self._open_tunnels(capture, block, packets, inner)

    def _open_tunnels(self, capture: Capture, block: Block, packets: Datagrams, inner: _Inner) -> None:
        for row, head, stop in zip(packets.row.tolist(), packets.head.tolist(), packets.stop.tolist(), strict=True):
            packet = tunnels.from_ip(bytes(capture.raw[head:stop]))
            if packet is None:
                reclassify(self._tally, Skip("tunnel-unread", packet=int(block.number[row])))
            else:
                inner.add(block, row, packet)

    def _transport(
        self, capture: Capture, block: Block, segments: Segments, origin: tuple[Datagrams, _Inner]
    ) -> Iterator[Observation]:
        """Count the bytes of flows, and hand on the packets that may name a server."""
        segments.guess = guess(segments)
        segments.side = self._sides(segments)
        packets, inner = origin
        tunnelled = segments.guess == Guess.TUNNEL
        if tunnelled.any():
            which = np.searchsorted(packets.row, segments.row[tunnelled])
            self._open_tunnels(capture, block, packets.pick(which), inner)
        chosen = (segments.guess != Guess.NONE) & ~tunnelled
        watched = np.union1d(
            segments.side[chosen & segments.is_tcp], np.array(self._contacts.streams.awaited(), np.int64)
        )
        if len(watched):
            chosen |= segments.is_tcp & np.isin(segments.side, watched)
        for packet, kind in _packets(capture, block, segments.pick(np.flatnonzero(chosen)), self._contacts.streams):
            yield from self._contacts.feed(packet, kind)

    def _sides(self, segments: Segments) -> Ints:
        """Count the segments' bytes; give twice the flow's number, plus one against its canonical direction.

        DNS over UDP is left out (-1): its observations have no byte counts, and a resolver's capture is made of such
        flows.
        """
        side = np.full(len(segments), -1, np.int64)
        dns = (segments.source_port == DNS_PORT) | (segments.destination_port == DNS_PORT)
        rows = np.flatnonzero(segments.is_tcp | ~dns)
        if len(rows):
            sides = self._flows.add(segments if len(rows) == len(segments) else segments.pick(rows))
            side[rows] = sides.flow * 2 + sides.back
        return side


def _open_frame(capture: Capture, block: Block, row: int, inner: _Inner) -> Verdict:
    """Have a frame of an odd link layer dissected."""
    link, start = int(block.link[row]), int(block.start[row])
    if not tunnels.knows_link(link):
        return Verdict.UNKNOWN_LINK
    packet = tunnels.from_frame(link, bytes(capture.raw[start : start + int(block.captured[row])]))
    if packet is None:
        return Verdict.NOT_IP
    inner.add(block, row, packet)
    return Verdict.PARSED


def _packets(capture: Capture, block: Block, segments: Segments, streams: Streams) -> Iterator[tuple[Packet, Guess]]:
    """Give segments as packets, in order, but for those of no use: nothing is awaited and nothing begins later."""
    outer = segments.row
    columns = (
        block.number[outer],
        block.time[outer],
        segments.side,
        segments.is_tcp,
        segments.source_port,
        segments.destination_port,
        segments.sequence,
        segments.at,
        segments.stop,
        segments.length,
        segments.guess,
    )
    width = segments.source.shape[1]
    sources, destinations = segments.source.tobytes(), segments.destination.tobytes()
    begins = segments.guess != Guess.NONE
    last = dict(zip(segments.side[begins].tolist(), np.flatnonzero(begins).tolist(), strict=True))
    for place, values in enumerate(zip(*(column.tolist() for column in columns), strict=True)):
        number, time, side, is_tcp, source_port, destination_port, sequence, at, stop, length, kind = values
        if kind == Guess.NONE and place > last.get(side, -1) and not streams.awaits(side):
            continue
        packet = Packet(
            number=number,
            time=None if time == NO_TIME else time,
            side=side,
            is_tcp=is_tcp,
            source=sources[place * width : (place + 1) * width],
            destination=destinations[place * width : (place + 1) * width],
            source_port=source_port,
            destination_port=destination_port,
            sequence=sequence,
            payload=bytes(capture.raw[at:stop]),
            missing=max(0, length - (stop - at)),
        )
        yield packet, GUESSES[kind]
