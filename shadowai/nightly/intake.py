"""What is new since the last run: files found, told from what has been read before, and how much of each is to be read.

Plain logs of lines are read up to their last whole line at any time. What cannot be continued (captures, compressed
files, formats whose records span lines) is left alone until it has not changed for a while (`settle`).
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from shadowai import detect, sources
from shadowai.errors import EmptyError, SourceError
from shadowai.history.checkpoints import ARCHIVE, Book, Content, Lineage, Mark, Place
from shadowai.inputs import Input, format_named
from shadowai.model import HOUR, SECOND

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from shadowai.logs import Format

STALE = 24 * HOUR
"""After this time (ns) without a change the last line of a log counts as whole although it has no newline: writers fill
buffers, so that a line may stand half written through a quiet night."""
FETCHED = "fetched"
"""The device of what was fetched from a URL, or unpacked."""
_LAST = 64 << 10  # bytes in which the last newline of a damaged file is looked for


@dataclass(frozen=True, slots=True)
class Feed:
    """A configured source: its name, which stands in reports, the files and globs of it, and their format if told."""

    name: str
    paths: tuple[str, ...]
    format: str | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """The time now and how long a file must be left unchanged to be whole, in ns; from when on to read again."""

    now: int
    settle: int = 60 * SECOND
    since: int | None = None

    def is_fresh(self, place: Place) -> bool:
        """Say whether a file may still be written; one of a day hence is of a clock that is wrong, not of today."""
        return -STALE < self.now - place.modified < self.settle


@dataclass(frozen=True, slots=True)
class File:
    """A file that may hold something new."""

    feed: Feed
    source: sources.Source
    place: Place


@dataclass(slots=True)
class Listing:
    """The files of a run: those that may hold something new, those that do not, and what could not be looked into.

    `inputs` has the errors of unchanged files, too, which stand until the file changes. `archives` were looked into:
    their members are among the files. `found` are all that are there, new or not, but not what lies in unchanged
    archives.
    """

    files: list[File] = field(default_factory=list)
    found: list[File] = field(default_factory=list)
    unchanged: int = 0
    inputs: list[Input] = field(default_factory=list)
    archives: list[File] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Piece:
    """What is to be read of a file: `shard` of `input`; its checkpoint `after` that; `fresh` as in Reading."""

    file: File
    input: Input
    shard: sources.Shard
    lineage: Lineage
    after: Lineage
    fresh: bool = False


@dataclass(slots=True)
class Plan:
    """What a run does: pieces to read, checkpoints of files that moved, inputs that give nothing, what must wait."""

    pieces: list[Piece] = field(default_factory=list)
    moved: list[Lineage] = field(default_factory=list)
    inputs: list[Input] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)


def look(feeds: Iterable[Feed], book: Book, terms: Terms, spool: Path) -> Listing:
    """List the files of all sources, the oldest first; of their content only archives are looked into."""
    listing = Listing()
    seen: set[tuple[str, str]] = set()
    for feed in feeds:
        found, errors = sources.find_sources(feed.paths, spool)
        listing.inputs += [Input(error.where or feed.name, error=error.message) for error in errors if _matters(error)]
        new = _Shelf(feed, book, terms, listing, seen).sort_in(found)
        _unpack(new, _Shelf(feed, book, terms, listing, seen), spool)
    listing.files.sort(key=lambda file: (file.place.modified, file.place.path))
    return listing


@dataclass(frozen=True, slots=True)
class _Shelf:
    """Where the files of a source are sorted in; `seen` are those that some source had already."""

    feed: Feed
    book: Book
    terms: Terms
    listing: Listing
    seen: set[tuple[str, str]]

    def sort_in(self, found: Iterable[sources.Source]) -> list[File]:
        """Give those of some files that may hold something new, and note the others."""
        files: list[File] = []
        for one in found:
            try:
                place = place_of(one)
            except OSError as error:
                self.listing.inputs.append(Input(one.name, error=f"cannot be read: {error.strerror}"))
                continue
            if (place.device, place.inode) not in self.seen:
                self.seen.add((place.device, place.inode))
                self.listing.found.append(File(self.feed, one, place))
                files += _if_new(self.listing, self.listing.found[-1], self.book, self.terms)
        return files


def place_of(one: sources.Source) -> Place:
    """Say where a file lies: what was fetched or unpacked lies elsewhere each time, and is known by its name."""
    facts = os.stat(one.path)  # noqa: PTH116  # a third of the time, of thousands
    place = Place.of(one.name, facts)
    return place if one.origin is None else replace(place, device=FETCHED, inode=one.name)


def _unpack(files: Sequence[File], shelf: _Shelf, spool: Path) -> None:
    """Put files on the list, and in the place of archives their members."""
    listing, terms = shelf.listing, shelf.terms
    inside = sources.unpack_archives([file.source for file in files], spool)
    whole = {one.path for one in inside.files}
    archives = [file for file in files if file.source.path not in whole]
    fresh = {file.source.name for file in archives if terms.is_fresh(file.place)}
    listing.files += [named(file) for file in files if file.source.path in whole]
    listing.waiting += sorted(fresh)
    listing.archives += [file for file in archives if file.source.name not in fresh]
    listing.inputs += [
        Input(error.where or shelf.feed.name, error=error.message)
        for error in inside.errors
        if not any((error.where or "").startswith(name) for name in fresh)
    ]
    members = [one for one in inside.files if isinstance(one.origin, sources.Source) and _outermost(one) not in fresh]
    listing.files += map(named, shelf.sort_in(members))


def _outermost(one: sources.Source) -> str:
    """Give the name of the archive, among the files that were found, that a member comes from."""
    while isinstance(one.origin, sources.Source):
        one = one.origin
    return one.name


def named(file: File) -> File:
    """Let the source's name stand in reports in the place of the file's."""
    return replace(file, source=replace(file.source, name=file.feed.name))


def _matters(error: SourceError) -> bool:
    """A glob that matches nothing yet, and a folder without files, are no errors of a scheduled run."""
    return error.message not in ("no file matches this pattern", "the folder holds no files")


def _if_new(listing: Listing, file: File, book: Book, terms: Terms) -> list[File]:
    """Give a file that may hold something new; count one that does not."""
    place = file.place
    if place.size == 0:
        return []
    known = book.at(place)
    if known is None or not _is_unchanged(known, place, terms):
        return [file]
    listing.unchanged += 1
    if known.error is not None:
        listing.inputs.append(Input(place.path, error=known.error))
    return []


def _is_unchanged(known: Lineage, place: Place, terms: Terms) -> bool:
    if (known.place.size, known.place.modified) != (place.size, place.modified):
        return False
    if known.dataset == ARCHIVE and terms.since is not None:
        return False
    if known.rest and terms.now - place.modified >= STALE:
        return False
    return terms.since is None or known.last is None or known.last < terms.since


@dataclass(slots=True)
class Planner:
    """Decides what is to be read of each file, in the order given; what it decides holds for the files after it."""

    book: Book
    reading: detect.Reading
    terms: Terms

    def plan(self, files: Sequence[File]) -> Plan:
        """Look into files and say what is to be read of them."""
        plan = Plan()
        for file in files:
            try:
                self._plan(file, plan)
            except SourceError as error:
                plan.inputs.append(Input(file.place.path, error=error.message))
        return plan

    def _plan(self, file: File, plan: Plan) -> None:
        content = Content(file.source)
        known = self._known(file, content)
        if known is None and (longer := self.book.longer(content)):
            told = f"begins like {longer.place.path}, which was read further; it is not read again"
            plan.inputs.append(Input(file.place.path, notes=[told]))
            return
        one = Input(file.place.path, file.source)
        try:
            one.dataset, one.format = self._recognised(file, known)
        except EmptyError:  # of a quiet day, packed
            return
        except SourceError as error:
            self._refuse(file, error, plan)
            return
        if self._must_wait(one, content, file.place):
            plan.waiting.append(file.place.path)
            return
        self._add(_Found(file, content, known, one), plan)

    def _known(self, file: File, content: Content) -> Lineage | None:
        """Give the checkpoint of a file: by its place if the content fits, else by its content."""
        here = self.book.at(file.place)
        if here and (not here.mark.position or content.goes_on_from(here.mark)):
            return here
        if found := self.book.like(content):
            return found
        return here if here and self._has_grown_inside(here, content) else None

    def _has_grown_inside(self, here: Lineage, content: Content) -> bool:
        """Say whether a log that must be read whole was written again with more in it: a list in JSON, for example.

        Captures only grow at their end, and a file of a ring that is written anew begins much like the one before.
        """
        if here.format is None or content.size <= here.mark.position or not content.begins_like(here.mark):
            return False
        named = format_named(here.format, self.reading)
        if named.is_whole:
            return True
        try:  # a format of lines may have been met in a list
            met = detect.recognise(content.source, self.reading, named)[1]
        except SourceError:
            return False
        return met is not None and met.is_whole

    def _recognised(self, file: File, known: Lineage | None) -> tuple[str, Format | None]:
        """Tell the format; what was told of the beginning of a file holds for the rest."""
        named = file.feed.format or (known.format if known and known.mark.position else None)
        asked = format_named(named, self.reading) if named else None
        return detect.recognise(file.source, self.reading, asked)

    def _refuse(self, file: File, error: SourceError, plan: Plan) -> None:
        """Note that a file cannot be read, until it changes."""
        here = self.book.at(file.place)
        if here is None or here.mark.position:
            here = Lineage(file.feed.name, file.place)
            self.book.add(here)
        here.place, here.error = file.place, error.message
        plan.moved.append(here)
        plan.inputs.append(Input(file.place.path, error=error.message))

    def _must_wait(self, one: Input, content: Content, place: Place) -> bool:
        goes_on = one.format is not None and not one.format.is_whole and not content.is_compressed
        return not goes_on and self.terms.is_fresh(place)

    def _add(self, found: _Found, plan: Plan) -> None:
        known, place = found.known, found.file.place
        end = found.end(self.terms)
        again = self._is_again(known) or found.is_whole
        start = known.mark.position if known and not again else 0
        if known and (end <= start or (end == known.mark.position and not self._is_again(known))):
            known.rest = found.has_rest(end)
            self.book.move(known, place, known.mark)
            plan.moved.append(known)
            return
        if known and again and known.compacted and known.mark.position:
            message = "is not read again: its days are compacted, or somebody who is in it was forgotten"
            plan.inputs.append(Input(place.path, error=message))
            return
        self._add_piece(found, range(start, end), plan)

    def _is_again(self, known: Lineage | None) -> bool:
        """Say whether a file is to be read again on purpose."""
        since = self.terms.since
        return known is not None and since is not None and known.last is not None and known.last >= since

    def _add_piece(self, found: _Found, span: range, plan: Plan) -> None:
        file, one, known = found.file, found.input, found.known
        header = known.mark.header if known and span.start else ()
        shard = sources.Shard(file.source, span.start, None if found.is_whole else span.stop, header)
        lineage = known or Lineage(file.feed.name, file.place)
        if known is None:
            self.book.add(lineage)
        before = replace(lineage)
        lineage.source, lineage.dataset, lineage.error = file.feed.name, one.dataset, None
        lineage.format = one.format.id if one.format else None
        lineage.rest = found.has_rest(span.stop)
        one.error = found.content.damage
        self.book.move(lineage, file.place, found.mark(span.stop, before.mark))
        plan.pieces.append(Piece(file, one, shard, before, lineage, fresh=span.start == 0 and known is not None))


@dataclass(frozen=True, slots=True)
class _Found:
    """A file that can be read: its content, its checkpoint, its format."""

    file: File
    content: Content
    known: Lineage | None
    input: Input

    @property
    def is_whole(self) -> bool:
        """Say whether it can only be read from its start to its end."""
        return self.input.format is None or self.input.format.is_whole

    def end(self, terms: Terms) -> int:
        """Give the place up to which the file is to be read: the end of its last whole record."""
        content, size = self.content, self.content.size
        if self.is_whole or (content.is_compressed and content.damage is None):
            return size
        if content.is_compressed:
            return size - len(content.window(size, _LAST).rpartition(b"\n")[2])
        if terms.now - self.file.place.modified >= STALE:
            return size
        return sources.last_line_end(content.source, 0, size)

    def has_rest(self, end: int) -> bool:
        """Say whether something is left behind a place that may become whole by waiting."""
        return not self.is_whole and not self.content.is_compressed and end < self.content.size

    def mark(self, end: int, before: Mark) -> Mark:
        """Make the mark of a file that is read up to a place."""
        fmt = self.input.format
        if fmt is None or self.is_whole:
            return self.content.mark(end, before=before)
        directives, has_header_line = fmt.directives, fmt.has_header_line
        header = sources.header_at(self.content.source, end, directives=directives, has_header_line=has_header_line)
        return self.content.mark(end, header, before)


def is_as_planned(piece: Piece) -> bool:
    """Say whether a file still holds what was planned to be read; a log may be truncated while it is read."""
    source = piece.file.source
    try:
        if (sources.size(source), sources.modified(source)) == (piece.file.place.size, piece.file.place.modified):
            return True
        return Content(source).goes_on_from(piece.after.mark)
    except SourceError:
        return False
