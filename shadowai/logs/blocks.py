"""Blocks of a file to observations and a tally: every line, or what a prefilter finds and a sample of the rest.

Which lines are sampled depends on their offset in the file alone, so any cutting of the file into blocks gives the
same.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from shadowai.errors import SourceError
from shadowai.logs.bulk import NO_TIME, Lines
from shadowai.logs.dnstap import DnstapReader
from shadowai.logs.framing import fold
from shadowai.logs.lines import MAX_BLANK, MAX_LINE, is_blank
from shadowai.logs.mixed import MixedReader
from shadowai.logs.reader import Reader
from shadowai.model import HOUR, Observation, Skip, Tally

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from shadowai.logs.bulk import Batch
    from shadowai.logs.flows import FlowFilter
    from shadowai.logs.mixed import AnyReader
    from shadowai.logs.prefilter import Prefilter

WINDOW = 4 << 20  # bytes; the whole first window is sampled,
SAMPLE = 8 << 10  # and of every further one the lines that begin in its first bytes
STRETCH = 256 << 10  # bytes that numpy looks at in one go: they stay in the cache
TOGETHER = 2 << 20  # bytes of lines that are read together: fewer meet the same values too seldom
FEW = 64  # lines; to read fewer column by column takes longer than one by one
NEWLINE, RETURN = 10, 13
OVER_LONG = "over-long"


def read_blocks(
    blocks: Iterable[tuple[int, bytes]], reader: AnyReader, tally: Tally, prefilter: Prefilter | FlowFilter | None
) -> Iterator[Observation]:
    """Read blocks of a file and count them in the tally.

    Blocks are (offset in the decompressed file, bytes); they begin at the start of a line and end at the end of one,
    the last may lack its newline. Without a prefilter every line is read and every observation given. With one, lines
    that hit give observations; a sample of the others is read too, only to be counted; the rest is counted as records.
    The tally is complete when the observations are exhausted.
    """
    if isinstance(reader, DnstapReader):
        yield from reader.read(blocks, tally)
        return
    framed = _Ended(_framed(blocks, reader.format.framing))
    if isinstance(reader, Reader) and reader.format.holds_several:
        yield from _read_several(framed, reader, tally)
        prefilter = None
    elif prefilter is None:
        for offset, block in framed:
            yield from _read_all(offset, block, reader, tally)
    else:
        for lines in _chosen(framed, tally, prefilter.covering(reader.format.directives), 0):
            yield from _read_each(lines, reader, tally)
    yield from _read_tail(framed.tail, reader, tally, prefilter)
    tally.notes |= reader.notes
    if isinstance(reader, MixedReader):
        tally.formats.update(reader.read)


def read_batches(
    blocks: Iterable[tuple[int, bytes]], reader: AnyReader, tally: Tally, prefilter: Prefilter | None
) -> Iterator[Observation | Batch]:
    """Read blocks as `read_blocks` does, in another order: most of the observations come in batches of one kind."""
    if prefilter is None or not isinstance(reader, Reader) or reader.format.holds_several:
        yield from read_blocks(blocks, reader, tally, prefilter)
        return
    framed = _Ended(_framed(blocks, reader.format.framing))
    for lines in _chosen(framed, tally, prefilter.covering(reader.format.directives), TOGETHER):
        yield from _read_together(lines, reader, tally)
    yield from _read_tail(framed.tail, reader, tally, prefilter)
    tally.notes |= reader.notes


def _framed(blocks: Iterable[tuple[int, bytes]], framing: str) -> Iterator[tuple[int, bytes]]:
    return _beginning_at_lines(blocks) if framing == "lines" else fold(blocks, framing)


def _beginning_at_lines(blocks: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    """Leave out what belongs to a line that began in the block before: only a line that is too long comes in pieces."""
    is_cut = False
    for offset, block in blocks:
        start = block.find(b"\n") + 1 or len(block) if is_cut else 0
        is_cut = not block.endswith(b"\n") and (start < len(block) or is_cut)
        if start < len(block):
            yield offset + start, block[start:] if start else block


class _Ended:
    """Blocks of whole lines; a last line that lacks its end is kept back as `tail`, with its offset."""

    def __init__(self, blocks: Iterable[tuple[int, bytes]]) -> None:
        self._blocks = blocks
        self.tail: tuple[int, bytes] | None = None

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        for offset, block in self._blocks:
            if self.tail:  # a piece of a line that is too long
                yield self.tail
            start = block.rfind(b"\n") + 1
            self.tail = (offset + start, block[start:]) if start < len(block) else None
            if start:
                yield offset, block[:start] if self.tail else block


def _read_tail(
    tail: tuple[int, bytes] | None, reader: AnyReader, tally: Tally, prefilter: Prefilter | FlowFilter | None
) -> Iterator[Observation]:
    """Read a last line that lacks its end: one that cannot be read was cut off, which is not damage in the middle."""
    if tail is None or is_blank(tail[1]):
        return
    offset, line = tail
    asked = prefilter is None or b"\0" in line or prefilter.hits(line)
    if isinstance(reader, Reader) and reader.format.holds_several:
        results = reader.parse_all(line, offset)
    else:
        results = [reader.parse(line, offset)]
    for result in results:
        tally.records += 1
        if isinstance(result, Skip):
            tally.skip(replace(result, reason="truncated") if result.reason == "bad-record" else result)
            continue
        tally.see(result.time)
        if asked:
            yield result


def _read_all(offset: int, block: bytes, reader: AnyReader, tally: Tally) -> Iterator[Observation]:
    at = 0
    while at < len(block):
        # Pieces that stay in the processor's cache are read much faster than a whole block.
        end = block.find(b"\n", at + STRETCH) + 1 or len(block)
        yield from _read_piece(offset + at, block[at:end], reader, tally)
        at = end


def _read_several(blocks: Iterable[tuple[int, bytes]], reader: Reader, tally: Tally) -> Iterator[Observation]:
    """Read blocks of a format whose records hold several contacts: each contact counts as a record."""
    for offset, block in blocks:
        at = offset
        for line in block.split(b"\n"):
            for result in () if is_blank(line) else reader.parse_all(line, at):
                tally.records += 1
                if isinstance(result, Skip):
                    tally.skip(result)
                else:
                    tally.see(result.time)
                    yield result
            at += len(line) + 1


def _read_piece(offset: int, piece: bytes, reader: AnyReader, tally: Tally) -> Iterator[Observation]:
    parse = reader.parse
    times: list[int | None] = []
    for line in piece.split(b"\n"):
        if len(line) > MAX_BLANK or not is_blank(line):
            result = parse(line, offset)
            if isinstance(result, Skip):
                tally.records += 1
                tally.skip(result)
            else:
                times.append(result.time)
                yield result
        offset += len(line) + 1
    tally.records += len(times)
    _see_all(tally, times)


def _see_all(tally: Tally, times: Sequence[int | None]) -> None:
    """Count parsed records and widen the period by their times: one by one, that took a tenth of reading them."""
    tally.parsed += len(times)
    known = [time for time in times if time is not None]
    if known:
        tally.widen(min(known))
        tally.widen(max(known))
        tally.count_hours(Counter(time // HOUR for time in known))


def _chosen(
    blocks: Iterable[tuple[int, bytes]], tally: Tally, scanner: Prefilter | FlowFilter, most: int
) -> Iterator[Lines]:
    """Count the lines of blocks, and give those that hit or are sampled, as many together as hold `most` bytes."""
    lines = Lines()
    try:
        for offset, block in blocks:
            _choose(offset, block, tally, scanner, lines)
            if lines.size >= most:
                yield lines
                lines = Lines()
    except SourceError:  # what came before a file broke off still counts
        yield lines
        raise
    yield lines


def _choose(offset: int, block: bytes, tally: Tally, scanner: Prefilter | FlowFilter, lines: Lines) -> None:
    """Count the lines of a block, and add those to be read."""
    tally.records += count_records(block)
    starts = scanner.hits(block)
    hits = set(starts)
    if wide := [start for start, _ in _wide_lines(block)]:
        hits.update(wide)
    sampled = set(_sampled(offset, block)) if scanner.samples else ()
    if wide or sampled or not scanner.samples:
        starts = sorted(hits.union(sampled))
    too_long = dict(_over_long(block))
    for start in too_long:
        tally.skip(Skip(OVER_LONG, offset + start, broken=True))
    starts = [start for start in starts if start not in too_long] if too_long else starts
    ends = [block.find(b"\n", start) for start in starts]
    if ends and ends[-1] < 0:
        ends[-1] = len(block)  # the last line of a file may lack its end
    chosen = [block[start:end] for start, end in zip(starts, ends, strict=True)]
    if chosen and len(min(chosen, key=len)) <= MAX_BLANK:
        starts = [start for start, line in zip(starts, chosen, strict=True) if not is_blank(line)]
        chosen = [line for line in chosen if not is_blank(line)]
    lines.add(chosen, [offset + start for start in starts], map(hits.__contains__, starts))


def _read_each(lines: Lines, reader: AnyReader, tally: Tally) -> Iterator[Observation]:
    """Read lines one by one; the observations that are asked for are given."""
    times: list[int | None] = []
    parse = reader.parse
    for line, offset, asked in zip(lines.lines, lines.offsets, lines.asked, strict=True):
        result = parse(line, offset)
        if isinstance(result, Skip):
            tally.skip(result)
            continue
        times.append(result.time)
        if asked:
            yield result
    _see_all(tally, times)


def _read_together(lines: Lines, reader: Reader, tally: Tally) -> Iterator[Observation | Batch]:
    """Read lines column by column, and those one by one that must be."""
    found = reader.parse_many(lines) if len(lines.lines) >= FEW else None
    if found is None:
        yield from _read_each(lines, reader, tally)
        return
    for skip, count in found.skips:
        tally.skip(skip, count)
    for times in found.times:
        tally.parsed += len(times)
        _see_known(tally, times[times != NO_TIME])
    yield from found.batches
    yield from _read_each(lines.some(sorted(found.odd)), reader, tally)


def _see_known(tally: Tally, times: npt.NDArray[np.int64]) -> None:
    if not len(times):
        return
    first, last = int(times.min()), int(times.max())
    tally.widen(first)
    tally.widen(last)
    if first // HOUR == last // HOUR:
        tally.count_hours({first // HOUR: len(times)})
        return
    hours, counts = np.unique(times // HOUR, return_counts=True)
    tally.count_hours(dict(zip(hours.tolist(), counts.tolist(), strict=True)))


def count_records(block: bytes) -> int:
    """Count the lines of a block that are not blank."""
    wide = sum(is_blank(block[start:end]) for start, end in _wide_lines(block) if end < len(block))
    tail = block[block.rfind(b"\n") + 1 :] if not block.endswith(b"\n") else b""
    first = block.startswith((b"\n", b"\r\n"))
    return _count_ends(np.frombuffer(block, np.uint8), crlf=b"\r" in block) - first - wide + (not is_blank(tail))


def _count_ends(data: npt.NDArray[np.uint8], *, crlf: bool) -> int:
    """Count the newlines that do not follow another newline (with a carriage return between them, if `crlf`)."""
    count = 0
    for at in range(0, len(data), STRETCH):
        begin = max(at - 2, 0)
        ends = data[begin : at + STRETCH] == NEWLINE
        count += int(np.count_nonzero(ends[at - begin :]))
        new = max(at - begin, 1)
        count -= int(np.count_nonzero(ends[new:] & ends[new - 1 : -1]))
        if crlf:
            returns = data[begin : at + STRETCH] == RETURN
            new = max(at - begin, 2)
            count -= int(np.count_nonzero(ends[new:] & returns[new - 1 : -1] & ends[new - 2 : -2]))
    return count


def _over_long(block: bytes) -> Iterator[tuple[int, int]]:
    """Give start and end of every line longer than a line may be; one newline in each such stretch is looked at."""
    at = 0
    while len(block) - at > MAX_LINE:
        newline = block.rfind(b"\n", at, at + MAX_LINE + 1)
        if newline >= 0:
            at = newline + 1
            continue
        end = block.find(b"\n", at + MAX_LINE)
        end = len(block) if end < 0 else end
        yield at, end
        at = end + 1


def _wide_lines(block: bytes) -> Iterator[tuple[int, int]]:
    """Give start and end of every line that holds a NUL: UTF-16, in which no needle would be found."""
    at = block.find(b"\0")
    while at >= 0:
        newline = block.find(b"\n", at)
        end = len(block) if newline < 0 else newline
        yield block.rfind(b"\n", 0, at) + 1, end
        at = block.find(b"\0", end)


def _sampled(offset: int, block: bytes) -> Iterator[int]:
    """Give the starts of the lines of a block that are sampled."""
    window = offset - offset % WINDOW
    while window < offset + len(block):
        stop = window + (SAMPLE if window else WINDOW) - offset
        at = max(window - offset, 0)
        if at > 0:
            at = block.find(b"\n", at - 1) + 1 or len(block)
        while at < min(stop, len(block)):
            yield at
            newline = block.find(b"\n", at)
            if newline < 0:
                return
            at = newline + 1
        window += WINDOW
