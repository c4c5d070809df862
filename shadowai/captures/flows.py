"""Every TCP and UDP flow of a capture: who began it, when, and its bytes both ways.

A flow is told by its exact addresses, ports and protocol, in either direction. Payload is counted once however often it
is retransmitted or seen: of TCP the stretch of sequence numbers that was seen (RFC 9293 section 3.4), of UDP the
datagrams of the interface on which the side was met first. Wire bytes are whole frames of that interface, with
everything that was sent again. Memory grows with the number of flows, not with the file, and that number has a bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from shadowai.captures.container import NO_TIME
from shadowai.captures.flowkeys import IPV4_BYTES, Recent, group, keys_of, pack
from shadowai.captures.tcp import distance

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from shadowai.captures.container import Block, Ints
    from shadowai.captures.headers import Mask
    from shadowai.captures.transport import Segments

_FIRST_ROOM = 1024  # flows
MAX_FLOWS = 1 << 20  # told apart in one reading, at some 300 bytes each
_SPACE = 1 << 32  # sequence numbers
_NEAR = 1 << 26  # bytes; a segment further off belongs to another connection on the same ports
_LANE = 1 << 34  # room for one side's sequence numbers when many sides are sorted at once


class Volume(NamedTuple):
    """Bytes of one direction of a flow: payload once, and whole frames as sent.

    Over TCP the sequence numbers of the first byte that was seen and behind the last, -1 where none was, and the bytes
    in between that were not seen.
    """

    payload: int
    wire: int
    base: int = -1
    high: int = -1
    gap: int = 0

    def join(self, later: Volume) -> Volume:
        """Go on with what a later part saw; what it saw again counts once, as far as its own gaps let that be told."""
        payload, wire = self.payload + later.payload, self.wire + later.wire
        if later.high < 0:
            return self._replace(payload=payload, wire=wire)
        ahead = distance(self.high, later.base)
        if self.high < 0 or abs(ahead) > _NEAR:
            return later._replace(payload=payload, wire=wire)
        overlap = max(0, min(-ahead, (later.high - later.base) % _SPACE))
        again = max(0, overlap - later.gap)  # at least: the gaps may lie further on
        filled = min(again, self.gap)
        return Volume(
            payload - again + filled,
            wire,
            later.base if distance(self.base, later.base) < 0 else self.base,
            later.high if distance(self.high, later.high) > 0 else self.high,
            self.gap - filled + later.gap - (overlap - again) + max(0, ahead),
        )


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow at the end of a capture, or of a part of it.

    `key` tells it from all others. `start` is the time and `packet` the number of its first packet. `there` and `again`
    are the volumes from the lesser end of the key to the greater one, and back. `is_fresh` says that its beginning was
    seen, `from_greater` that the greater end began it, as far as packets and ports tell.
    """

    key: bytes
    start: int | None
    packet: int
    there: Volume
    again: Volume
    is_fresh: bool
    from_greater: bool


class Flows:
    """The flows met so far: a number for each, and what is known of it.

    A side is twice that number, plus one against the flow's canonical direction. `beyond` counts the packets of flows
    for which there was no room.
    """

    def __init__(self) -> None:
        self.beyond = 0
        self._numbers: dict[bytes, int] = {}  # key -> the flow that it stands for now
        self._keys: list[bytes] = []  # by number
        self._recent = Recent()
        self._start = np.zeros(_FIRST_ROOM, np.int64)
        self._packet = np.zeros(_FIRST_ROOM, np.int64)
        self._fresh = np.zeros(_FIRST_ROOM, np.bool_)
        self._isn = np.full(_FIRST_ROOM, -1, np.int64)  # sequence number behind the SYN, -1 where none was seen
        self._back = np.zeros(_FIRST_ROOM, np.bool_)  # the first packet came from the greater end
        sides = 2 * _FIRST_ROOM
        self._payload = np.zeros(sides, np.int64)
        self._wire = np.zeros(sides, np.int64)
        self._home = np.full(sides, -1, np.int64)  # the interface on which the side was met first
        self._high = np.full(sides, -1, np.int64)  # sequence number behind all that was seen, -1 before anything was
        self._gap = np.zeros(sides, np.int64)  # bytes below it that were not seen
        self._base = np.full(sides, -1, np.int64)  # sequence number of the first byte that was seen

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, segments: Segments, block: Block) -> Ints:
        """Count the segments' bytes; give the side of each, -1 where there is no room for its flow."""
        if len(self) + 2 * len(segments) > MAX_FLOWS:  # every segment may begin a flow, and another one anew
            return self._add_known(segments, block)
        return self._add(segments, block)

    def _add_known(self, segments: Segments, block: Block) -> Ints:
        side = self.find(segments)
        known = np.flatnonzero(side >= 0)
        self.beyond += len(side) - len(known)
        if len(known):
            segments = segments.pick(known)
            segments.opens[:] = False  # connections on the same ports count as one from here on
            side[known] = self._add(segments, block)
        return side

    def _add(self, segments: Segments, block: Block) -> Ints:
        first, index, numbers, back = self._identify(segments)
        if segments.opens.any():
            renewed = self._renewals(segments, index, numbers)
            if len(renewed):
                index, numbers = self._split(segments, index, numbers, renewed)
                present, rows = np.unique(index, return_index=True)
                first = np.zeros(len(numbers), np.int64)
                first[present] = rows
        self._begin(numbers, segments, block, (first, back))
        dense = index * 2 + back
        side = numbers[index] * 2 + back
        home = self._on_home(side, block.interface[segments.row])
        sides = (numbers[:, None] * 2 + np.array([0, 1])).reshape(-1)
        self._wire[sides] += _sums(dense, np.where(home, block.original[segments.row], 0), len(sides))
        udp = np.where(home & ~segments.is_tcp, segments.length, 0)
        self._payload[sides] += _sums(dense, udp, len(sides))
        rows = np.flatnonzero(segments.is_tcp & (segments.length > 0))
        if len(rows):
            self._payload[sides] += self._cover(dense[rows], segments.sequence[rows], segments.length[rows], sides)
        return side

    def find(self, segments: Segments) -> Ints:
        """Give the side of each segment without counting it, -1 where its flow is not known."""
        keys, back = keys_of(segments)
        _, index, distinct = group(keys)
        numbers = np.array([self._numbers.get(key, -1) for key in distinct], np.int64)[index]
        side: Ints = np.where(numbers < 0, -1, numbers * 2 + back)
        return side

    def payloads(self) -> Ints:
        """Give the payload of every flow, both ways together, by number."""
        sums: Ints = self._payload[: 2 * len(self)].reshape(-1, 2).sum(axis=1)
        return sums

    def key(self, number: int) -> bytes:
        """Give the key of a flow."""
        return self._keys[number]

    def each(self, numbers: Iterable[int]) -> Iterator[tuple[int, Flow]]:
        """Give flows by their numbers."""
        for at in numbers:
            start = int(self._start[at])
            yield (
                at,
                Flow(
                    key=self._keys[at],
                    start=None if start == NO_TIME else start,
                    packet=int(self._packet[at]),
                    there=self._volume(2 * at),
                    again=self._volume(2 * at + 1),
                    is_fresh=bool(self._fresh[at]),
                    from_greater=bool(self._back[at]),
                ),
            )

    def begins(self, side: int, sequence: int) -> bool:
        """Say whether a TCP segment is the first that was seen of its side's stream."""
        return int(self._base[side]) == sequence

    def _volume(self, side: int) -> Volume:
        columns = (self._payload, self._wire, self._base, self._high, self._gap)
        return Volume(*(int(column[side]) for column in columns))

    def _identify(self, segments: Segments) -> tuple[Ints, Ints, Ints, Mask]:
        """Give the first segment of each flow, which of these flows each segment is of, their numbers, directions."""
        if segments.source.shape[1] != IPV4_BYTES:
            keys, back = keys_of(segments)
            first, index, distinct = group(keys)
            return first, index, self._number(distinct), back
        low, high, back = pack(segments)
        flow = self._recent.find(low, high)
        unknown = np.flatnonzero(flow < 0)
        if len(unknown):
            first, index, distinct = group(keys_of(segments.pick(unknown))[0])
            numbers = self._number(distinct)
            flow[unknown] = numbers[index]
            first = unknown[first]
            self._recent.learn(low[first], high[first], numbers)
        return *self._seat(flow), back

    def _seat(self, flow: Ints) -> tuple[Ints, Ints, Ints]:
        """Give the first row of each distinct flow, which of these each row is of, and their numbers."""
        seat = np.empty(len(self._keys), np.int64)
        order = np.arange(len(flow))
        # Written backwards, so that the first row of a flow has the last word.
        seat[flow[::-1]] = order[::-1]
        first = np.flatnonzero(seat[flow] == order)
        numbers = flow[first]
        seat[numbers] = np.arange(len(first))
        return first, seat[flow], numbers

    def _number(self, distinct: list[bytes]) -> Ints:
        """Number the distinct flows."""
        return np.array([self._numbers.get(key, -1) if key in self._numbers else self._new(key) for key in distinct])

    def _new(self, key: bytes) -> int:
        """Begin a flow, or another one under the same key."""
        self._numbers[key] = number = len(self._keys)
        self._keys.append(key)
        self._make_room(len(self._keys))
        return number

    def _renewals(self, segments: Segments, index: Ints, numbers: Ints) -> Ints:
        """Give the SYNs, in order, with which another connection begins on the addresses and ports of one before."""
        opening = np.flatnonzero(segments.opens & segments.is_tcp)
        renewed = []
        isn = {flow: int(self._isn[numbers[flow]]) for flow in set(index[opening].tolist())}
        for row, flow, sequence in zip(
            opening.tolist(), index[opening].tolist(), segments.sequence[opening].tolist(), strict=True
        ):
            before = isn[flow]
            if before != sequence if before >= 0 else self._has_other(int(numbers[flow]), sequence):
                renewed.append(row)
            isn[flow] = sequence
        for flow, sequence in isn.items():
            self._isn[numbers[flow]] = sequence
        return np.array(renewed, np.int64)

    def _has_other(self, flow: int, sequence: int) -> bool:
        """Say whether a flow whose SYN was not seen has payload, and none that a SYN could have begun."""
        bases = self._base[2 * flow : 2 * flow + 2].tolist()
        return max(bases) >= 0 and sequence not in bases

    def _split(self, segments: Segments, index: Ints, numbers: Ints, renewed: Ints) -> tuple[Ints, Ints]:
        """Give the segments from each renewing SYN on a flow of their own."""
        found = numbers.tolist()
        for flow in index[renewed].tolist():
            known = int(numbers[flow])
            found.append(self._new(self._keys[known]))
            self._isn[found[-1]] = self._isn[known]
        if segments.source.shape[1] == IPV4_BYTES:
            low, high, _ = pack(segments.pick(renewed))
            self._recent.learn(low, high, np.array(found[len(numbers) :], np.int64))
        return _renumbered(index, renewed, len(numbers)), np.array(found, np.int64)

    def _begin(self, numbers: Ints, segments: Segments, block: Block, met: tuple[Ints, Mask]) -> None:
        """Note how the flows began that are new; `met` are the first segment of each, and every segment's direction."""
        first, back = met
        new = self._packet[numbers] == 0
        flows, rows = numbers[new], first[new]
        self._start[flows] = block.time[segments.row[rows]]
        self._packet[flows] = block.number[segments.row[rows]]
        self._fresh[flows] = segments.opens[rows]
        self._back[flows] = back[rows] ^ segments.answers[rows]

    def _make_room(self, flows: int) -> None:
        while flows > len(self._start):
            for name in ("_start", "_packet", "_fresh", "_back", "_payload", "_wire", "_gap"):
                column = getattr(self, name)
                setattr(self, name, np.concatenate([column, np.zeros_like(column)]))
            for name in ("_home", "_high", "_base", "_isn"):
                column = getattr(self, name)
                setattr(self, name, np.concatenate([column, np.full_like(column, -1)]))

    def _on_home(self, side: Ints, interface: Ints) -> Mask:
        """Say which packets came by the interface on which their side was met first."""
        if not interface.any() and not self._home[side].any():
            return np.ones(len(side), np.bool_)
        new = np.flatnonzero(self._home[side] < 0)
        # Written backwards, so that the first packet of a side has the last word.
        self._home[side[new[::-1]]] = interface[new[::-1]]
        home: Mask = self._home[side] == interface
        return home

    def _cover(self, dense: Ints, sequence: Ints, length: Ints, sides: Ints) -> Ints:
        """Give, by dense side, how many bytes of its stream these segments are the first to show.

        Within the block the union of the segments is exact. Below what was seen in earlier blocks, bytes count as far
        as there was a gap.
        """
        count = len(sides)
        high = self._renewed(dense, sequence, sides)
        begin = _signed(sequence - high[dense])
        order = np.argsort(dense * _LANE + begin + _SPACE)
        lane, begin, end = dense[order], begin[order], (begin + length)[order]
        reached = np.maximum.accumulate(lane * _LANE + end + _SPACE)
        before = np.full(len(lane), -_LANE, np.int64)
        same = lane[1:] == lane[:-1]
        before[1:][same] = reached[:-1][same] - lane[1:][same] * _LANE - _SPACE
        new = np.maximum(0, end - np.maximum(begin, before))
        far = np.abs(begin) > _NEAR
        above = np.where(far, 0, np.minimum(new, np.maximum(end, 0)))
        below = _sums(lane, np.where(far, 0, new - above), count)
        shown = _sums(lane, above, count)
        top = np.zeros(count, np.int64)
        np.maximum.at(top, lane, np.where(far, 0, end))
        filled = np.minimum(below, self._gap[sides])
        self._gap[sides] += top - shown - filled
        self._high[sides] = np.where(high < 0, high, (high + top) % _SPACE)
        return shown + filled + _sums(lane, np.where(far, new, 0), count)

    def _renewed(self, dense: Ints, sequence: Ints, sides: Ints) -> Ints:
        """Give, by dense side, the sequence number to count from: a new one for a new connection."""
        high = self._high[sides]
        seen = np.full(len(high), -1, np.int64)
        seen[dense[::-1]] = np.arange(len(dense))[::-1]
        present = np.flatnonzero(seen >= 0)
        first = seen[present]
        known = high[present]
        new = (known < 0) | (np.abs(_signed(sequence[first] - known)) > _NEAR)
        if not new.any():
            return high
        high[present[new]] = sequence[first[new]]
        self._gap[sides[present[new]]] = 0
        # Segments may come in any order: the least of the block is where the stream begins.
        fresh = np.zeros(len(high), np.bool_)
        fresh[present[new]] = True
        rows = np.flatnonzero(fresh[dense])
        begin = _signed(sequence[rows] - high[dense[rows]])
        least = np.zeros(len(high), np.int64)
        np.minimum.at(least, dense[rows], np.where(begin < -_NEAR, 0, begin))
        high = np.where(high < 0, high, (high + least) % _SPACE)
        self._base[sides[present[new]]] = high[present[new]]
        return high


def _renumbered(index: Ints, renewed: Ints, first: int) -> Ints:
    """Give the rows of a flow from each renewing one on a number of their own, from `first` on."""
    new = np.full(len(index), -1, np.int64)
    new[renewed] = first + np.arange(len(renewed))
    order = np.argsort(index, kind="stable")
    places = np.maximum.accumulate(np.where(new[order] >= 0, np.arange(len(order)), -1))
    last = order[np.maximum(places, 0)]
    same = (places >= 0) & (index[last] == index[order])
    answer = index.copy()
    answer[order[same]] = new[last[same]]
    return answer


def _signed(difference: Ints) -> Ints:
    """Bring differences of sequence numbers to the range around zero."""
    return (difference + _SPACE // 2) % _SPACE - _SPACE // 2


def _sums(index: Ints, values: Ints, count: int) -> Ints:
    """Add up values by index."""
    # Weights are summed as floats, exact up to 2**53; a block holds less.
    return np.bincount(index, values, count).astype(np.int64)
