"""Looking at a file in places: its first bytes, some before a place, where its last whole line ends.

All of it is of the decompressed content, and of a damaged file as far as it can be had.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shadowai.sources.streams import READ_ERRORS, ChunkReader, open_stream, read_error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shadowai.sources.find import Source

_PIECE = 64 << 10


def read_first(source: Source, size: int) -> bytes:
    """Give the first bytes, fewer where there are no more."""
    with open_stream(source) as stream:
        try:
            return ChunkReader(stream).read(size)
        except READ_ERRORS:
            return b""


def read_at(source: Source, start: int, size: int) -> bytes:
    """Give bytes from a place in a plain file."""
    try:
        with source.path.open("rb") as file:
            file.seek(start)
            return file.read(size)
    except OSError as error:
        raise read_error(source, error) from error


def readable_pieces(source: Source, size: int) -> Iterator[bytes]:
    """Give the content piece by piece; SourceError where it is damaged, behind all that could be had."""
    with open_stream(source) as stream:
        reader = ChunkReader(stream)
        try:
            while piece := reader.read(size):
                yield piece
        except READ_ERRORS as error:
            raise read_error(source, error) from error


def last_line_end(source: Source, start: int, end: int) -> int:
    """Give the place after the last newline between two places of a plain file; `start` where there is none."""
    while end > start:
        begin = max(end - _PIECE, start)
        newline = read_at(source, begin, end - begin).rfind(b"\n")
        if newline >= 0:
            return begin + newline + 1
        end = begin
    return start
