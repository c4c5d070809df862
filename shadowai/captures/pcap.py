"""Walk a pcap file (draft-ietf-opsawg-pcap): record headers to blocks of packets.

A record whose length cannot be is damage: it is counted as `corrupt`, and reading goes on at the next place where
several plausible records follow one another. A last record that the file's end cuts off is counted as `truncated`.
Files that were simply put one behind the other are read on.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from shadowai.captures.container import (
    BLOCK_BYTES,
    BLOCK_PACKETS,
    MAX_PACKET,
    MAX_PACKET_LARGE,
    PCAP_MAGICS,
    TAIL,
    Block,
    Capture,
    Ints,
    Part,
)
from shadowai.captures.strides import Leaps, Stretches, marks, stretches
from shadowai.errors import CaptureError, SourceError
from shadowai.model import SECOND, Skip, Tally

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE_HEADER = 24  # bytes
LARGE_LINKS = frozenset({189, 220, 231, 249})  # USB and D-Bus: LINKTYPEs whose packets may be up to 128 MiB
LINK_BITS = 0x03FFFFFF  # the rest of the field says how long the frame check sequence is
MAX_RESYNCS = 1_000  # times that reading goes on behind damage in one file
DAY = 86_400  # seconds; how far the times of neighbouring records may lie apart for one to be believed after damage
MAX_WINDOW = 1 << 20  # bytes searched at once for the next record
JOINED = "several captures one after the other; mergecap joins them in the order of time"
CHAIN = 3  # records in a row that must be plausible
SURE_CHAIN = 32  # the same where a file is cut into parts


@dataclass(frozen=True, slots=True)
class _Layout:
    """What the file header fixes for every record."""

    order: str
    tick: int
    header: int
    link: int
    limit: int


def blocks(capture: Capture, tally: Tally, part: Part | None = None) -> Iterator[Block]:
    """Give the packets of a pcap file, or of a part of it, block by block, counting records and damage in `tally`.

    Packets are numbered from the part's first. Raises SourceError where the file header is cut, CaptureError where not
    even one record of a whole file can be read.
    """
    part = part or Part()
    layout = _layout(capture)
    at, number, resyncs = max(part.start, FILE_HEADER), 1, 0
    limit = capture.size if part.end is None else min(part.end, capture.size)
    while at < limit:
        capture.check()
        begin = at
        starts, at = _walk(capture, layout, begin, limit)
        following = _next_header(capture, layout, starts)
        if following is not None:
            starts, at = starts[starts < following], following + FILE_HEADER
            tally.notes.add(JOINED)
        if len(starts):
            block = _block(capture, layout, starts, number)
            number += len(block)
            tally.records += len(block)
            yield block
        if following is not None or len(starts) == BLOCK_PACKETS or at > begin + BLOCK_BYTES or at >= limit:
            continue
        near = _seconds(capture, layout, starts)
        is_cut = _is_cut(capture, layout, at)
        # A record that the file's end seems to cut off is damaged only if records enough follow inside it.
        least = CHAIN if is_cut else 1
        again = _resync(capture, layout, at, near, least) if resyncs < MAX_RESYNCS else None
        resyncs += 1
        cut = again is None and is_cut
        if number == 1 and not part.start and again is None and not cut:
            message = "the first packet record is damaged and no other was found"
            raise CaptureError(message, record=1)
        tally.records += 1
        tally.skip(Skip("truncated" if cut else "corrupt", at, number, broken=True))
        number += 1
        at = capture.size if again is None else again
    part.reached = at


def _next_header(capture: Capture, layout: _Layout, starts: Ints) -> int | None:
    """Find the file header of another capture of the same layout among records: `cat a.pcap b.pcap` leaves it there.

    Read as a record it has no bytes, and a time in 2055.
    """
    if not len(starts):
        return None
    own = bytes(capture.raw[:8])
    (magic,) = struct.unpack_from(layout.order + "I", own)
    seconds = capture.rows(starts, 4).view(layout.order + "u4")[:, 0]
    for at in starts[seconds == magic].tolist():
        same_link = bytes(capture.raw[at + 20 : at + FILE_HEADER]) == bytes(capture.raw[20:FILE_HEADER])
        if same_link and bytes(capture.raw[at : at + 8]) == own:
            return int(at)
    return None


def boundary(capture: Capture, near: int) -> int | None:
    """Find a packet record that begins at or after an offset, as far as what follows tells; None for none."""
    layout = _layout(capture)
    found = _resync(capture, layout, max(near, FILE_HEADER) - 1, None)
    return found if found is not None and _chain(capture, layout, found, (None, 1, SURE_CHAIN)) else None


def _layout(capture: Capture) -> _Layout:
    order, tick, header = PCAP_MAGICS[bytes(capture.raw[:4])]
    if capture.size < FILE_HEADER:
        message = "the file ends inside the pcap file header"
        raise SourceError(message)
    (network,) = struct.unpack_from(order + "I", capture.raw, 20)
    link = network & LINK_BITS
    return _Layout(order, tick, header, link, MAX_PACKET_LARGE if link in LARGE_LINKS else MAX_PACKET)


def _walk(capture: Capture, layout: _Layout, at: int, limit: int) -> tuple[Ints, int]:
    """Give the offsets of up to a block of whole records, and where the walk stopped."""
    raw, size, header, longest = capture.raw, capture.size, layout.header, layout.limit
    read = struct.Struct(layout.order + "I").unpack_from
    starts = np.empty(BLOCK_PACKETS, np.int64)
    count, last = 0, min(size - header, limit - 1, at + BLOCK_BYTES)
    leaps = Leaps(at, last + 1, BLOCK_PACKETS, partial(_stretches, capture, layout))
    while at <= last and count < BLOCK_PACKETS:
        if (leap := leaps.take(at, count)) is not None:
            passed, at = leap
            more = min(len(passed), BLOCK_PACKETS - count)
            starts[count : count + more] = passed[:more]
            count += more
            if count == BLOCK_PACKETS:
                at = int(passed[more]) if more < len(passed) else at
                break
        length = read(raw, at + 8)[0]
        end = at + header + length
        if length > longest or end > size:
            break
        starts[count] = at
        count += 1
        at = end
    return starts[:count], at


def _stretches(capture: Capture, layout: _Layout, at: int, beyond: int) -> Stretches:
    """Walk records from guesses, which are told by the slow half of their seconds."""
    capture.check()
    raw, header = capture.raw, layout.header
    lengths = np.ndarray((capture.size - 12 + 1,), np.dtype((np.void, 4)), buffer=raw, offset=8, strides=(1,))
    number = np.dtype(layout.order + "u4")
    slow = at + 2 if layout.order == "<" else at
    fields = struct.Struct(layout.order + "III").unpack_from

    def fits(mark: int) -> bool:
        fraction, captured, original = fields(raw, mark - slow + at + 4)
        return bool(fraction * layout.tick < SECOND and captured <= original <= layout.limit)

    def advance(places: Ints) -> Ints:
        following: Ints = lengths[places].view(number) + places
        following += header
        return following

    guesses = (mark - slow + at for mark in marks(at, beyond, bytes(raw[slow : slow + 2]), fits, raw))
    return stretches(at, beyond, guesses, advance)


def _headers(capture: Capture, layout: _Layout, at: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """Read the four fields of the record headers at the offsets: seconds, fraction, captured and original length."""
    fields = capture.rows(at, 16).view(layout.order + "u4").astype(np.int64)
    return fields[:, 0], fields[:, 1], fields[:, 2], fields[:, 3]


def _block(capture: Capture, layout: _Layout, at: Ints, number: int) -> Block:
    seconds, fraction, captured, original = _headers(capture, layout, at)
    time = seconds * SECOND + fraction * layout.tick
    numbers = number + np.arange(len(at), dtype=np.int64)
    links = np.full(len(at), layout.link, np.int64)
    return Block(numbers, at + layout.header, captured, original, time, links, np.zeros(len(at), np.int64))


def _is_cut(capture: Capture, layout: _Layout, at: int) -> bool:
    """Say whether the record is sound as far as it goes and the file just ends in it."""
    if at + layout.header > capture.size:
        return True
    (length,) = struct.unpack_from(layout.order + "I", capture.raw, at + 8)
    return bool(length <= layout.limit)


def _seconds(capture: Capture, layout: _Layout, starts: Ints) -> int | None:
    if not len(starts):
        return None
    (seconds,) = struct.unpack_from(layout.order + "I", capture.raw, int(starts[-1]))
    return int(seconds)


def _resync(capture: Capture, layout: _Layout, damaged: int, near: int | None, least: int = 1) -> int | None:
    """Find the next offset at which plausible records follow one another, `least` at the end; None where there is none.

    The window grows as it goes, so that the work is in proportion to the bytes skipped.
    """
    at, window = damaged + 1, TAIL
    while at + layout.header <= capture.size:
        capture.check()
        offsets = np.arange(at, min(at + window, capture.size - layout.header + 1), dtype=np.int64)
        for found in offsets[_plausible(capture, layout, offsets, near)].tolist():
            if _chain(capture, layout, found, (near, least, CHAIN)):
                return int(found)
        at += window
        window = min(window * 2, MAX_WINDOW)
    return None


def _plausible(capture: Capture, layout: _Layout, at: Ints, near: int | None) -> np.typing.NDArray[np.bool_]:
    seconds, fraction, captured, original = _headers(capture, layout, at)
    good = (captured > 0) & (captured <= original) & (original <= layout.limit)
    good &= (fraction * layout.tick < SECOND) & (at + layout.header + captured <= capture.size)
    if near is not None:
        good &= np.abs(seconds - near) <= DAY
    return good


def _chain(capture: Capture, layout: _Layout, at: int, wanted: tuple[int | None, int, int]) -> bool:
    """Say whether the records from `at` on are plausible.

    `wanted` is the second near which they must lie, how many at least up to the file's end, and how many are enough.
    """
    near, least, count = wanted
    for number in range(count):
        if at + layout.header > capture.size:
            return at == capture.size and number >= least
        here = np.array([at], np.int64)
        if not _plausible(capture, layout, here, near)[0]:
            return False
        at += layout.header + int(_headers(capture, layout, here)[2][0])
    return True
