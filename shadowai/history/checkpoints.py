"""What has been read of which file: told by content, so that a file is read once whatever becomes of its name.

A checkpoint (`Lineage`) knows how far a file was read and the digests of its first bytes and of the last ones before
that place, all in decompressed bytes. A file that was renamed, compressed, copied or delivered again has the same ones;
one that was truncated and written anew has not.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from shadowai import sources
from shadowai.errors import SourceError
from shadowai.model import Tally

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator, Mapping

HEAD = 64 << 10  # bytes at the start whose digest is kept
TAIL = 4 << 10  # bytes before the place up to which a file was read
ARCHIVE = "archive"
"""The dataset in the checkpoint of an archive whose members were read; they have checkpoints of their own."""
_LENGTHS = (256, 1 << 10, 4 << 10, 16 << 10, HEAD)
_START = 4 << 10  # bytes that two files must share at least for the one to be the beginning of the other
_MOST = 24  # heads that are kept from one mark to the next
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file lies and how it looks from outside: unchanged where all of it is."""

    path: str
    device: str
    inode: str
    size: int
    modified: int

    @classmethod
    def of(cls, path: str, facts: os.stat_result) -> Place:
        """Make one of what the system says of a file."""
        return cls(path, str(facts.st_dev), str(facts.st_ino), facts.st_size, facts.st_mtime_ns)


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a file was read, and what it looks like up to there.

    `position` counts decompressed bytes, `heads` has the SHA-256 (hex) of the first bytes by their number, `tail` that
    of the last ones before the position, `header` the layout lines in force there.
    """

    position: int = 0
    heads: Mapping[int, str] = field(default_factory=dict)
    tail: str = ""
    header: tuple[bytes, ...] = ()

    @property
    def head(self) -> tuple[int, str]:
        """The longest of the heads: their number of bytes and digest."""
        return max(self.heads.items(), default=(0, ""))


@dataclass(slots=True, eq=False)
class Lineage:
    """What was read of one file, under whatever names it came.

    `number` is the row in the history, None before it is there. `rest` says that bytes are left behind
    the last whole record, `compacted` that its activity can no longer be told from others', so that it cannot be read
    again. `error` says why it could not be read to its end.
    """

    source: str
    place: Place
    mark: Mark = field(default_factory=Mark)
    dataset: str | None = None
    format: str | None = None
    number: int | None = None
    rest: bool = False
    compacted: bool = False
    error: str | None = None
    last: int | None = None
    tally: Tally = field(default_factory=Tally)


class Content:
    """A file's decompressed bytes, looked at in places. SourceError where it has gone or cannot be read."""

    def __init__(self, source: sources.Source) -> None:
        self.source = source
        self.is_compressed = sources.is_compressed(source)
        self.head = sources.read_first(source, HEAD)
        self._size: int | None = None
        self.damage: str | None = None  # known once all of it was unpacked

    @property
    def size(self) -> int:
        """How many bytes there are; of a damaged file, how many could be had."""
        if self._size is None:
            if self.is_compressed:
                self._size = sum(map(len, self._pieces()))
            else:
                self._size = sources.size(self.source)
        return self._size

    def window(self, end: int, length: int) -> bytes:
        """Give the last `length` bytes before a place, fewer where the file is shorter."""
        start = max(end - length, 0)
        if end <= len(self.head):
            return self.head[start:end]
        if not self.is_compressed:
            return sources.read_at(self.source, start, end - start)
        kept, at = b"", 0
        for piece in self._pieces():
            at += len(piece)
            if at > start:
                kept += piece
            if at >= end:
                return kept[len(kept) - (at - start) : len(kept) - (at - end)]
        return kept[-(at - start) :] if at > start else b""

    def _pieces(self) -> Iterator[bytes]:
        try:
            yield from sources.readable_pieces(self.source, _PIECE)
        except SourceError as error:
            self.damage = error.message

    def mark(self, position: int, header: tuple[bytes, ...] = (), before: Mark | None = None) -> Mark:
        """Make a mark at a place that the file reaches; the longest heads of the mark before it are kept."""
        known = sorted(before.heads.items())[-_MOST:] if before else []
        heads = {length: digest for length, digest in known if length <= position} | self.heads(position)
        return Mark(position, heads, _digest(self.window(position, TAIL)), header)

    def heads(self, position: int) -> dict[int, str]:
        """Give the digests of the first bytes, as far as they lie before a place."""
        whole = min(position, HEAD)
        lengths = {*(length for length in _LENGTHS if length <= whole), whole} - {0}
        return dict(_digests(self.head, lengths))

    def goes_on_from(self, mark: Mark) -> bool:
        """Say whether the file begins with all that was read up to a mark."""
        length, digest = mark.head
        if length > len(self.head) or _digest(self.head[:length]) != digest:
            return False
        return self.reaches(mark.position) and _digest(self.window(mark.position, TAIL)) == mark.tail

    def begins_like(self, mark: Mark) -> bool:
        """Say whether file and mark share their beginning, as far as both go, and that is 256 bytes at least."""
        shared = [length for length in mark.heads if length in _LENGTHS and length <= len(self.head)]
        return bool(shared) and _digest(self.head[: max(shared)]) == mark.heads[max(shared)]

    def reaches(self, position: int) -> bool:
        """Say whether there are that many bytes."""
        return position <= len(self.head) or position <= self.size


class Book:
    """All checkpoints of a workspace, found by place and by content."""

    def __init__(self, lineages: Iterable[Lineage]) -> None:
        self.lineages: list[Lineage] = []
        self._by_file: dict[tuple[str, str], Lineage] = {}
        self._by_head: dict[tuple[int, str], list[Lineage]] = {}
        self._by_prefix: dict[tuple[int, str], list[Lineage]] = {}
        for lineage in lineages:
            self.add(lineage)

    def add(self, lineage: Lineage) -> None:
        """Take in a checkpoint."""
        self.lineages.append(lineage)
        self._by_file[lineage.place.device, lineage.place.inode] = lineage
        self._note_heads(lineage)

    def move(self, lineage: Lineage, place: Place, mark: Mark) -> None:
        """Note that a file is elsewhere, or has been read further."""
        self._by_head[lineage.mark.head].remove(lineage)
        for prefix in lineage.mark.heads.items():
            self._by_prefix[prefix].remove(lineage)
        lineage.place, lineage.mark = place, mark
        self._by_file[place.device, place.inode] = lineage
        self._note_heads(lineage)

    def at(self, place: Place) -> Lineage | None:
        """Give the checkpoint of the file that was last seen with this device and inode."""
        return self._by_file.get((place.device, place.inode))

    def like(self, content: Content) -> Lineage | None:
        """Give the checkpoint of what the file begins with: the one that was read furthest."""
        found = [lineage for lineage in self._same_heads(content) if content.goes_on_from(lineage.mark)]
        return max(found, key=lambda one: one.mark.position, default=None)

    def longer(self, content: Content) -> Lineage | None:
        """Give a checkpoint that was read further than this file goes, and begins as this file does."""
        head = content.head
        # All of a small file, as far as another was read once; else what two files hardly share by chance.
        for length in {len(head), _START} if len(head) < HEAD else {_START}:
            for lineage in self._by_prefix.get((length, _digest(head[:length])), ()):
                is_beginning = length == len(head) or content.begins_like(lineage.mark)
                if length <= len(head) and is_beginning and not content.reaches(lineage.mark.position):
                    return lineage
        return None

    def _note_heads(self, lineage: Lineage) -> None:
        self._by_head.setdefault(lineage.mark.head, []).append(lineage)
        for prefix in lineage.mark.heads.items():
            self._by_prefix.setdefault(prefix, []).append(lineage)

    def _same_heads(self, content: Content) -> Iterator[Lineage]:
        lengths = {length for length, _ in self._by_head if 0 < length <= len(content.head)}
        for length, digest in _digests(content.head, lengths):
            yield from self._by_head.get((length, digest), ())


def copied(lineage: Lineage) -> Lineage:
    """Give a checkpoint as it is now, whatever becomes of the other."""
    return replace(lineage)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _digests(data: bytes, lengths: Iterable[int]) -> Iterator[tuple[int, str]]:
    """Give the digests of the first bytes, for several numbers of them, in one pass."""
    running, at = hashlib.sha256(), 0
    for length in sorted(lengths):
        running.update(data[at:length])
        at = length
        yield length, running.copy().hexdigest()
