"""Walk a pcapng file (draft-ietf-opsawg-pcapng): blocks of the format to blocks of packets.

Several sections, either byte order, any number of interfaces with their own link type and clock, and the three packet
blocks (enhanced, simple, obsolete) are read; every other block is passed over. Name-resolution blocks are, too: one
table from address to name for all clients would name one client's flow after another's look-up (see `lookups`). Damage
is handled as in `pcap`.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from shadowai.captures.container import (
    BLOCK_BYTES,
    BLOCK_PACKETS,
    MAX_PACKET_LARGE,
    NO_TIME,
    PCAPNG_MAGIC,
    SECTION_ORDERS,
    Block,
    Bytes,
    Capture,
    Ints,
    Part,
)
from shadowai.captures.strides import Leaps, Stretches, marks, stretches
from shadowai.errors import CaptureError
from shadowai.model import SECOND, Skip, Tally

if TYPE_CHECKING:
    from collections.abc import Iterator

SECTION, INTERFACE, OBSOLETE, SIMPLE, RESOLUTION, ENHANCED = 0x0A0D0D0A, 1, 2, 3, 4, 6  # block types
ANNOUNCING = (SECTION, INTERFACE, RESOLUTION)  # blocks that change what is said of all packets behind them
SMALLEST = {SECTION: 28, INTERFACE: 20, OBSOLETE: 32, SIMPLE: 16, ENHANCED: 32}  # bytes of the smallest such block
BLOCK_FRAME = 12  # bytes: type, length, length again
TIME_RESOLUTION, TIME_OFFSET = 9, 14  # option codes of an interface
OFFSET_BYTES = 8
MICROSECONDS = 6  # the resolution of an interface that does not say: powers of ten
NANO_DIGITS = 9
MAX_POWER = 63  # bits or digits; a finer clock cannot be
FINE_BITS = 30  # bits of a second's fraction that are worth keeping: about a nanosecond
LAST_SECOND = (1 << 63) // SECOND - 1  # seconds since the epoch that fit in a time in nanoseconds
MAX_RESYNCS = 1_000  # times that reading goes on behind damage in one file
MAX_INTERFACES = 65_536  # interfaces remembered in one section


@dataclass(frozen=True, slots=True)
class _Interface:
    """One interface of a section: link type, bytes kept of a packet (0: all), clock."""

    link: int
    snap: int
    resolution: int = MICROSECONDS
    offset: int = 0


@dataclass(slots=True)
class _Section:
    """What is known at some point of a section; `pending` holds offset and type of packet blocks not yet given out.

    `is_steady` says that no section and no interface was announced behind the file's first packet (`begun`).
    """

    order: str = "<"
    interfaces: list[_Interface] = field(default_factory=list)
    pending: list[int] = field(default_factory=list)
    types: list[int] = field(default_factory=list)
    begun: bool = False
    is_steady: bool = True


def blocks(capture: Capture, tally: Tally, part: Part | None = None) -> Iterator[Block]:
    """Give the packets of a pcapng file, or of a part of it, block by block, counting records and damage in `tally`.

    Packets are numbered from the part's first. Raises CaptureError where a whole file holds damage only.
    """
    part = part or Part()
    section = _first_section(capture) if part.start else _Section()
    at, number, resyncs = part.start, 1, 0
    limit = capture.size if part.end is None else min(part.end, capture.size)
    while at < limit:
        capture.check()
        at, stop = _walk(capture, section, at, limit)
        if section.pending:
            section.begun = True
            block, lost = _flush(capture, section, number)
            tally.records += len(block) + lost
            if lost:
                tally.skip(Skip("unknown-interface", packet=number, broken=True), lost)
            number += len(block) + lost
            if len(block):
                yield block
        if stop != "damage":
            continue
        again = _resync(capture, section.order, at) if resyncs < MAX_RESYNCS else None
        resyncs += 1
        cut = again is None and _is_cut(capture, section.order, at)
        if number == 1 and not part.start and again is None and not cut:
            message = "the first blocks are damaged and no other was found"
            raise CaptureError(message, record=1)
        tally.records += 1
        tally.skip(Skip("truncated" if cut else "corrupt", at, number, broken=True))
        number += 1
        at = capture.size if again is None else again
    part.reached, part.is_steady = at, section.is_steady


def boundary(capture: Capture, near: int) -> int | None:
    """Find a packet block that begins at or after an offset, as far as its frame tells; None where there is none."""
    return _resync(capture, _first_section(capture).order, near - 4)


def _first_section(capture: Capture) -> _Section:
    """Give what is known where the first packet of the file stands."""
    section = _Section()
    at, stop = 0, "section"
    while stop == "section" and not section.pending and at < capture.size:
        at, stop = _walk(capture, section, at, capture.size, most=1)
    section.pending.clear()
    section.types.clear()
    section.begun = True
    return section


def _walk(capture: Capture, section: _Section, at: int, limit: int, *, most: int | None = None) -> tuple[int, str]:
    """Walk up to a block of packets or the next section; give the offset reached and why the walk stopped there."""
    raw, size = capture.raw, capture.size
    read = struct.Struct(section.order + "II").unpack_from
    pending, types = section.pending, section.types
    enough = at + BLOCK_BYTES
    leaps = Leaps(
        at, min(limit, enough, size - BLOCK_FRAME + 1), BLOCK_PACKETS, partial(_stretches, capture, section.order)
    )
    while at + BLOCK_FRAME <= size and at < limit:
        if most is None:
            at, is_full = _leap(section, leaps, at)
            if is_full:
                return at, "full"
        kind, length = read(raw, at)
        section.is_steady &= kind not in ANNOUNCING or not (section.begun or pending)
        if kind == SECTION:
            # Packets of the section before are given out first: they know their interfaces by number.
            if pending:
                return at, "section"
            return _begin_section(capture, section, at)
        if not _is_framed(capture, section.order, at):
            return at, "damage"
        end = at + length
        if kind in (ENHANCED, SIMPLE, OBSOLETE):
            pending.append(at)
            types.append(kind)
            if len(pending) >= (most or BLOCK_PACKETS) or end > enough:
                return end, "full"
        elif kind == INTERFACE and len(section.interfaces) < MAX_INTERFACES:
            section.interfaces.append(_interface(capture, section.order, at, end))
        at = end
    return (at, "end") if at >= limit else (at, "damage")


def _leap(section: _Section, leaps: Leaps, at: int) -> tuple[int, bool]:
    """Take the packets of the stretch that begins here, if one does; give where to go on, and if a block is full."""
    stretch = leaps.take(at, len(section.pending))
    if stretch is None:
        return at, False
    passed, last = stretch
    room = BLOCK_PACKETS - len(section.pending)
    taken = passed[:room].tolist()
    section.pending += taken
    section.types += [ENHANCED] * len(taken)
    return int(passed[room]) if room < len(passed) else last, len(taken) == room


def _stretches(capture: Capture, order: str, at: int, beyond: int) -> Stretches:
    """Walk enhanced packet blocks from guesses; what is no such block, or not sound, ends a stretch."""
    capture.check()
    raw, size = capture.raw, capture.size
    frames = np.ndarray((size - 8 + 1,), np.dtype((np.void, 8)), buffer=raw, strides=(1,))
    lengths = np.ndarray((size - 4 + 1,), np.dtype((np.void, 4)), buffer=raw, strides=(1,))
    number = np.dtype(order + "u4")

    def advance(places: Ints) -> Ints:
        frame = frames[places].view(number).reshape(-1, 2)
        length = frame[:, 1].astype(np.int64)
        following: Ints = places + length
        sound = (frame[:, 0] == ENHANCED) & (length >= SMALLEST[ENHANCED]) & (length % 4 == 0) & (following <= size)
        sound &= lengths[np.minimum(following, size) - 4].view(number) == length
        return following if np.count_nonzero(sound) == len(sound) else np.where(sound, following, size + 1)

    mark = struct.pack(order + "I", ENHANCED)
    guesses = marks(at, beyond, mark, lambda found: _is_whole(capture, order, found), raw)
    return stretches(at, beyond, guesses, advance)


def _begin_section(capture: Capture, section: _Section, at: int) -> tuple[int, str]:
    """Begin a section; give what `_walk` gives."""
    order = SECTION_ORDERS.get(bytes(capture.raw[at + 8 : at + 12]))
    if order is None or not _is_whole(capture, order, at):
        return at, "damage"
    (length,) = struct.unpack_from(order + "I", capture.raw, at + 4)
    section.order = order
    section.interfaces = []
    return at + int(length), "section"


def _interface(capture: Capture, order: str, at: int, end: int) -> _Interface:
    link, _, snap = struct.unpack_from(order + "HHI", capture.raw, at + 8)
    resolution, offset = MICROSECONDS, 0
    option = at + 16
    while option + 4 <= end - 4:
        code, length = struct.unpack_from(order + "HH", capture.raw, option)
        value = option + 4
        if code == 0 or value + length > end - 4:
            break
        if code == TIME_RESOLUTION and length == 1:
            resolution = capture.raw[value]
        elif code == TIME_OFFSET and length == OFFSET_BYTES:
            (offset,) = struct.unpack_from(order + "q", capture.raw, value)
        option = value + (length + 3) // 4 * 4
    return _Interface(link, snap, resolution, offset)


def _flush(capture: Capture, section: _Section, number: int) -> tuple[Block, int]:
    """Make a block of the pending packets; also give how many of them named an interface that the section has not."""
    at = np.array(section.pending, np.int64)
    kind = np.array(section.types, np.int64)
    section.pending.clear()
    section.types.clear()
    start, captured, original, index, ticks = (np.zeros(len(at), np.int64) for _ in range(5))
    timed = kind != SIMPLE
    length = capture.rows(at + 4, 4).view(section.order + "u4").astype(np.int64)[:, 0]
    for wanted, read in ((ENHANCED, _enhanced), (OBSOLETE, _obsolete), (SIMPLE, _simple)):
        chosen = kind == wanted
        if chosen.any():
            rows = capture.rows(at[chosen] + 8, 20)
            index[chosen], ticks[chosen], captured[chosen], original[chosen], head = read(rows, section.order)
            start[chosen] = at[chosen] + 8 + head
    snaps = np.array([face.snap or MAX_PACKET_LARGE for face in section.interfaces] or [0], np.int64)
    known = index < len(section.interfaces)
    numbers = number + np.arange(len(at), dtype=np.int64)
    simple = ~timed & known
    captured[simple] = np.minimum(captured[simple], snaps[0])
    # A captured length that runs over its own block is cut to the block: the bytes behind it are another packet's.
    captured = np.minimum(captured, at + length - 4 - start)
    time = np.full(len(at), NO_TIME, np.int64)
    links = np.zeros(len(at), np.int64)
    for face in np.unique(index[known]).tolist():
        chosen = known & (index == face)
        links[chosen] = section.interfaces[face].link
        clocked = chosen & timed
        time[clocked] = _nanoseconds(ticks[clocked].view(np.uint64), section.interfaces[face])
    columns = (numbers, start, captured, original, time, links, index)
    block = Block(*(column[known] for column in columns))
    return block, int((~known).sum())


def _enhanced(rows: Bytes, order: str) -> tuple[Ints, Ints, Ints, Ints, int]:
    """Read interface, clock ticks, captured and original length; the last is where the packet begins in the body."""
    fields = rows.view(order + "u4").astype(np.int64)
    return fields[:, 0], fields[:, 1] << 32 | fields[:, 2], fields[:, 3], fields[:, 4], 20


def _obsolete(rows: Bytes, order: str) -> tuple[Ints, Ints, Ints, Ints, int]:
    face = rows[:, :2].copy().view(order + "u2").astype(np.int64)[:, 0]
    return face, *_enhanced(rows, order)[1:]


def _simple(rows: Bytes, order: str) -> tuple[Ints, Ints, Ints, Ints, int]:
    original = rows[:, :4].copy().view(order + "u4").astype(np.int64)[:, 0]
    nothing = np.zeros(len(rows), np.int64)
    return nothing, nothing, original, original, 4


def _nanoseconds(ticks: np.typing.NDArray[np.uint64], face: _Interface) -> Ints:
    """Bring clock ticks to nanoseconds since the epoch; `NO_TIME` where they do not fit."""
    power = face.resolution & 0x7F
    if power > MAX_POWER:
        return np.full(len(ticks), NO_TIME, np.int64)
    if face.resolution & 0x80:
        seconds = ticks >> np.uint64(power)
        fraction = ticks - (seconds << np.uint64(power))
        kept = min(power, FINE_BITS)
        fraction = (fraction >> np.uint64(power - kept)) * np.uint64(SECOND) >> np.uint64(kept)
    else:
        rate = 10**power
        if rate >= 1 << 64:
            return np.full(len(ticks), NO_TIME, np.int64)
        seconds, fraction = np.divmod(ticks, np.uint64(rate))
        if power <= NANO_DIGITS:
            fraction = fraction * np.uint64(10 ** (NANO_DIGITS - power))
        else:
            fraction = fraction // np.uint64(10 ** (power - NANO_DIGITS))
    fits = seconds <= np.uint64(LAST_SECOND)
    whole = np.where(fits, seconds, 0).astype(np.int64) + max(-LAST_SECOND, min(face.offset, LAST_SECOND))
    fits &= (whole >= 0) & (whole < LAST_SECOND)
    time = np.where(fits, whole, 0) * SECOND + fraction.astype(np.int64)
    return np.where(fits, time, NO_TIME)


def _is_cut(capture: Capture, order: str, at: int) -> bool:
    """Say whether the block is sound as far as it goes and the file just ends in it."""
    if at + BLOCK_FRAME > capture.size:
        return True
    if capture.raw[at : at + 4] == PCAPNG_MAGIC:
        order = SECTION_ORDERS.get(bytes(capture.raw[at + 8 : at + 12]), order)
    kind, length = struct.unpack_from(order + "II", capture.raw, at)
    sound = length >= SMALLEST.get(kind, BLOCK_FRAME) and length % 4 == 0 and length <= MAX_PACKET_LARGE
    return bool(sound and at + length > capture.size)


def _resync(capture: Capture, order: str, damaged: int) -> int | None:
    """Find the next whole enhanced packet block or section behind damage; None where there is none."""
    marks = re.compile(re.escape(struct.pack(order + "I", ENHANCED)) + b"|" + re.escape(PCAPNG_MAGIC))
    for found in marks.finditer(capture.raw, damaged + 4):
        if _is_whole(capture, order, found.start()):
            return found.start()
    return None


def _is_whole(capture: Capture, order: str, at: int) -> bool:
    if at + BLOCK_FRAME > capture.size:
        return False
    if capture.raw[at : at + 4] == PCAPNG_MAGIC:
        order = SECTION_ORDERS.get(bytes(capture.raw[at + 8 : at + 12]), "")
        if not order:
            return False
    return _is_framed(capture, order, at)


def _is_framed(capture: Capture, order: str, at: int) -> bool:
    """Say whether the block's length can be, lies within the file, and stands at its end too."""
    kind, length = struct.unpack_from(order + "II", capture.raw, at)
    if length < SMALLEST.get(kind, BLOCK_FRAME) or length % 4 or at + length > capture.size:
        return False
    return bool(struct.unpack_from(order + "I", capture.raw, at + length - 4)[0] == length)
