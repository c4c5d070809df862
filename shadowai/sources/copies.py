"""Which inputs are copies of others: the same content under another name, packed or plain, or an earlier state of it.

`access.log` beside `access.log.gz`, as an interrupted rotation leaves them, or a log that was copied in the morning and
again at noon: every record of the copy would count twice. Only files that begin alike are read for it, side by side and
no further than to where they differ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from shadowai.errors import SourceError
from shadowai.sources.places import read_first, readable_pieces

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shadowai.sources.find import Source

BEGINNING = 4096  # bytes, so that more than a header is alike
NEIGHBOURS = 8  # files that begin alike, with which each is compared
_PIECE = 1 << 18


class Copy(NamedTuple):
    """A source that holds nothing but what another one holds: `of` is the other's place, `whole` whether it is all.

    `error` says why no more of it could be read, where it is damaged.
    """

    place: int
    of: int
    whole: bool
    error: str | None = None


def copies(found: Sequence[Source]) -> list[Copy]:
    """Find the sources that are copies of others, by place; of two that are the same, that with the smaller name stays.

    A file that another one continues is a copy of it too, unless it is shorter than `BEGINNING`.
    """
    alike: dict[bytes, list[int]] = {}
    for place, source in enumerate(found):
        try:
            beginning = read_first(source, BEGINNING)
        except SourceError:  # a file that has gone is told where it is read
            continue
        if beginning:
            alike.setdefault(beginning, []).append(place)
    listed: list[Copy] = []
    for beginning, places in alike.items():
        listed += _among(found, sorted(places, key=lambda place: found[place].name), len(beginning))
    return sorted(listed)


def _among(found: Sequence[Source], places: list[int], beginning: int) -> Iterator[Copy]:
    """Compare the files of one beginning, by name, each with the last few that are no copies."""
    kept: list[int] = []
    for place in places:
        for other in kept[-NEIGHBOURS:]:
            copy = _compared(found, place, other)
            if copy is not None and (copy.whole or beginning == BEGINNING):
                yield copy
                break
        else:
            kept.append(place)
            continue
        if copy.place == other:
            kept[kept.index(other)] = place


def _compared(found: Sequence[Source], place: int, other: int) -> Copy | None:
    """Read two files side by side; None where they differ before either ends."""
    first, second = _Reader(found[place]), _Reader(found[other])
    while True:
        wanted = min(len(first.piece), len(second.piece))
        if first.piece[:wanted] != second.piece[:wanted]:
            return None
        first.go(wanted)
        second.go(wanted)
        if not first.piece:
            return Copy(place, other, not second.piece, first.error)
        if not second.piece:
            return Copy(other, place, whole=False, error=second.error)


class _Reader:
    """The content of a file, `piece` by piece: empty where it ends, or can be read no further."""

    def __init__(self, source: Source) -> None:
        self._pieces = readable_pieces(source, _PIECE)
        self.error: str | None = None
        self.piece = b""
        self.go(0)

    def go(self, count: int) -> None:
        """Pass over so many bytes of the piece."""
        self.piece = self.piece[count:]
        if not self.piece:
            try:
                self.piece = next(self._pieces, b"")
            except SourceError as error:
                self.error = error.message
