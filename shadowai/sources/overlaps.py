"""Whether a log begins with lines that stand in another one: exports that overlap, whose records count twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shadowai.errors import SourceError
from shadowai.sources.places import read_first, readable_pieces

if TYPE_CHECKING:
    from shadowai.sources.find import Source

_HEAD = 1 << 16
_HEADER = 7  # lines that are passed over, for headers are alike
_LINES = 5  # in a row, so that it is no chance
_DIFFERENT = 3  # of them
_LEAST = 200  # bytes
_PIECE = 1 << 20


def begins_inside(source: Source, other: Source) -> bool:
    """Say whether lines from the beginning of a log stand in another one, in a row; False where that cannot be told."""
    try:
        lines = read_first(source, _HEAD).split(b"\n")[_HEADER:-1][:_LINES]
        wanted = b"\n".join([b"", *lines, b""])
        if len(lines) < _LINES or len(set(lines)) < _DIFFERENT or len(wanted) < _LEAST:
            return False
        tail = b"\n"
        for piece in readable_pieces(other, _PIECE):
            if wanted in tail + piece:
                return True
            tail = (tail + piece)[-len(wanted) :]
    except SourceError:  # damage, and a file that has gone, are told where it is read
        return False
    return False
