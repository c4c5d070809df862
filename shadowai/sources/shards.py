"""Cutting big plain-text logs into shards at line ends, and reading a shard in blocks of whole lines.

The size of a shard is fixed, so that the cut depends on the file alone and never on how many workers there are.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from shadowai.errors import SourceError
from shadowai.sources.streams import HEAD_SIZE, READ_ERRORS, chunks, is_compressed, open_stream, read_error, read_head

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shadowai.sources.find import Source

Header = tuple[bytes, ...]

SHARD_SIZE = 32 << 20
BLOCK_SIZE = 1 << 20  # most of a header line that is looked at
READ_SIZE = 256 << 10  # of 1 MiB each block takes fresh memory from the system, and reading takes four times as long
LONGEST_LINE = 2 << 20
PIECES, PIECE_SIZE = 4, 16 << 10  # looked at beside the head, the last one at the end


@dataclass(frozen=True, slots=True)
class Shard:
    """The lines of a source that begin in [start, end); `end` None means to the end of the file.

    `header` holds the layout lines (W3C directives, a CSV's first line) that are in force where the shard begins.
    """

    source: Source
    start: int = 0
    end: int | None = None
    header: tuple[bytes, ...] = ()


def cut(
    source: Source, *, directives: Sequence[bytes] = (), has_header_line: bool = False, size: int = SHARD_SIZE
) -> list[Shard]:
    """Cut a log into shards of about `size` bytes; a compressed one stays whole. SourceError where it has gone."""
    if is_compressed(source):
        return [Shard(source)]
    try:
        length = source.path.stat().st_size
        if length <= size:
            return [Shard(source)]
        starts = range(0, length, size)
        headers = _headers_in_force(source, directives, starts, has_header_line=has_header_line)
    except OSError as error:
        raise read_error(source, error) from error
    return [
        Shard(source, start, min(start + size, length), header) for start, header in zip(starts, headers, strict=True)
    ]


def cut_further(
    span: Shard, *, directives: Sequence[bytes] = (), has_header_line: bool = False, size: int = SHARD_SIZE
) -> list[Shard]:
    """Cut a part of a log as `cut` does the whole, at the same places; that of a compressed one stays whole."""
    if is_compressed(span.source):
        return [span]
    try:
        length = span.source.path.stat().st_size if span.end is None else span.end
        starts = [span.start, *range(span.start - span.start % size + size, length, size)]
        headers = _headers_in_force(span.source, directives, starts, has_header_line=has_header_line)
    except OSError as error:
        raise read_error(span.source, error) from error
    ends = [*starts[1:], length]
    return [Shard(span.source, *piece) for piece in zip(starts, ends, headers, strict=True)]


def header_at(source: Source, at: int, *, directives: Sequence[bytes] = (), has_header_line: bool = False) -> Header:
    """Give the layout lines in force at a place; of a compressed file those that its head shows."""
    if at == 0 or not (directives or has_header_line):
        return ()
    try:
        if is_compressed(source):
            return _header_of_head(read_head(source)[:at], directives, has_header_line=has_header_line)
        return _headers_in_force(source, directives, [at], has_header_line=has_header_line)[0]
    except OSError as error:
        raise read_error(source, error) from error


def _header_of_head(head: bytes, directives: Sequence[bytes], *, has_header_line: bool) -> Header:
    lines = head.splitlines()
    first = tuple(lines[:1]) if has_header_line else ()
    last = {prefix: line for line in lines for prefix in directives if line.startswith(prefix)}
    return (*first, *(line for line in dict.fromkeys(lines) if line in last.values() and line not in first))


def line_blocks(
    shard: Shard, block_size: int = READ_SIZE, longest_line: int = LONGEST_LINE
) -> Iterator[tuple[int, bytes]]:
    """Yield (offset, bytes) of whole lines, in order; the offset counts decompressed bytes from the file's start.

    A line longer than `longest_line` comes in pieces. Raises SourceError after what could be read has been yielded,
    also where the file ends before the shard does: it has been cut short since it was cut into shards.
    """
    try:
        with open_stream(shard.source) as stream:
            place = _first_line(stream, shard.start)
            with chunks(stream, block_size, ahead=is_compressed(shard.source)) as pieces_read:
                for offset, block in _blocks(pieces_read, place, shard.end, longest_line):
                    place = offset + len(block)
                    yield offset, block
    except READ_ERRORS as error:
        raise read_error(shard.source, error) from error
    if shard.end is not None and place < shard.end:
        raise SourceError("has changed while it was read: it became shorter", where=shard.source.name)


def pieces(source: Source, count: int = PIECES, size: int = PIECE_SIZE) -> list[tuple[int, bytes]]:
    """Give whole lines from further on in a file and their offsets: what its head does not show.

    Of a compressed file there are none: they could be had only by unpacking all of it. SourceError where it has gone.
    """
    if is_compressed(source):
        return []
    found = []
    try:
        with source.path.open("rb") as file:
            length = file.seek(0, 2)
            for number in range(1, count + 1) if length > HEAD_SIZE + count * size else ():
                at = file.seek(min(length * number // count, length - size))
                piece = file.read(size)
                start, stop = piece.find(b"\n") + 1, piece.rfind(b"\n") + 1
                if 0 < start < stop:
                    found.append((at + start, piece[start:stop]))
    except OSError as error:
        raise read_error(source, error) from error
    return found


def line_number(source: Source, offset: int) -> int:
    """Give the number (from 1) of the line that begins at a byte offset of the decompressed content."""
    lines, left = 1, offset
    try:
        with open_stream(source) as stream:
            while left > 0 and (chunk := stream.read(min(BLOCK_SIZE, left))):
                lines += chunk.count(b"\n")
                left -= len(chunk)
    except READ_ERRORS as error:  # it was whole up to there when it was read, and has changed since
        raise read_error(source, error) from error
    return lines


def _blocks(
    pieces_read: Iterator[bytes], offset: int, end: int | None, longest_line: int
) -> Iterator[tuple[int, bytes]]:
    rest = b""
    while end is None or offset < end:
        try:
            chunk = next(pieces_read, b"")
        except READ_ERRORS:
            if rest:
                yield offset, rest
            raise
        if not chunk:
            break
        data = rest + chunk
        limit = len(data) if end is None else _end_of_line(data, end - 1 - offset)
        stop = data.rfind(b"\n", 0, limit) + 1
        if stop == 0 and len(data) < longest_line:
            rest = data
            continue
        stop = stop or len(data)
        yield offset, data[:stop]
        offset, rest = offset + stop, data[stop:]
    if rest and (end is None or offset < end):
        yield offset, rest


def _end_of_line(data: bytes, last: int) -> int:
    """Give the index after the line that holds index `last`; all of the data where it does not end here."""
    newline = data.find(b"\n", max(last, 0))
    return newline + 1 if newline >= 0 else len(data)


def _first_line(stream: BinaryIO, start: int) -> int:
    """Go to the first line that begins at or after `start`, and say where it begins."""
    if start == 0:
        return 0
    _go_to(stream, start - 1)
    place = start - 1  # counted here: not every decompressor can tell it
    while piece := stream.readline(BLOCK_SIZE):
        place += len(piece)
        if piece.endswith(b"\n"):
            break
    return place


def _go_to(stream: BinaryIO, place: int) -> None:
    """Go to a place from the start; of what was compressed all before it is unpacked."""
    if stream.seekable():
        stream.seek(place)
        return
    while place > 0 and (piece := stream.read(min(place, BLOCK_SIZE))):
        place -= len(piece)


def _headers_in_force(
    source: Source, directives: Sequence[bytes], starts: Sequence[int], *, has_header_line: bool
) -> list[tuple[bytes, ...]]:
    # Read and not mapped: a log that is cut short meanwhile (logrotate's copytruncate) would end the process by SIGBUS.
    last: list[dict[bytes, int]] = [{} for _ in starts]
    headers = []
    in_force: dict[bytes, int] = {}
    with source.path.open("rb") as file:
        first = (_line_at(file, 0),) if has_header_line else ()
        for at, prefix in _line_starts(file, directives, starts[-1]):
            if (place := bisect_right(starts, at)) < len(starts):
                last[place][prefix] = at
        for start, found in zip(starts, last, strict=True):
            in_force.update(found)
            lines = (_line_at(file, at) for at in sorted(in_force.values()))
            headers.append((*first, *lines) if start else ())
    return headers


def _line_starts(file: BinaryIO, prefixes: Sequence[bytes], end: int) -> Iterator[tuple[int, bytes]]:
    """Yield where lines with these beginnings begin, those of each in order, and perhaps some behind the end."""
    keep = max(map(len, prefixes), default=0)
    place, rest = file.seek(0) - 1, b"\n"  # as if a line ended before the first
    while prefixes and place < end and (chunk := file.read(BLOCK_SIZE)):
        data = rest + chunk
        for prefix in prefixes:
            needle = b"\n" + prefix
            at = data.find(needle, max(0, len(rest) - len(needle) + 1))  # what ends in the rest was found before
            while at >= 0:
                yield place + at + 1, prefix
                at = data.find(needle, at + 1)
        rest = data[-keep:]
        place += len(data) - len(rest)


def _line_at(file: BinaryIO, start: int) -> bytes:
    file.seek(start)
    return file.readline(BLOCK_SIZE).removesuffix(b"\n")
