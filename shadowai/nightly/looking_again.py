"""Who was at the addresses of nameless contacts: the second look of a scheduled scan.

A contact and the line that tells whose it was may be read by different runs, in any order. So what a run reads is
searched for all watched addresses; and for a day on which an address is met for the first time the logs of earlier runs
are searched as well, as far as they are still there as they were read. Where one is not, that day's contacts get names
by what is known of AI services alone, as if nobody had looked.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shadowai import detect, second_look, sources
from shadowai.activity.columns import joined
from shadowai.activity.sightings import REACH
from shadowai.errors import ShadowaiError
from shadowai.history.checkpoints import ARCHIVE, Content, Lineage
from shadowai.history.store import day_of
from shadowai.history.whereabouts import Sought, Whereabouts, columns_of_sightings, sought_on, watched_since
from shadowai.inputs import Input, format_named
from shadowai.model import DAY
from shadowai.nightly.intake import FETCHED, File, Piece, named, place_of
from shadowai.nightly.reading import log_tasks
from shadowai.sources import Shard

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    from shadowai.detect import Reading
    from shadowai.directory import Directory
    from shadowai.engine import Workers
    from shadowai.history.checkpoints import Book
    from shadowai.history.store import History
    from shadowai.history.whereabouts import AddressDay
    from shadowai.model import Tally
    from shadowai.nightly.reading import Read

DOUBT = DAY
"""By how much (ns) the times of records may differ from those of the machine that reads them: zones, and more."""


@dataclass(frozen=True, slots=True)
class SecondLook:
    """What a second look needs: what is known already, who is known, how logs are read, and which files are there.

    `kept_from` is the day (since 1970-01-01 UTC) from which on everything that was seen is kept, `spool` a folder for
    what is unpacked.
    """

    history: History
    book: Book
    directory: Directory
    reading: Reading
    files: Sequence[File]
    kept_from: int
    spool: Path

    def look(self, pieces: Sequence[Piece], found: Read, workers: Workers) -> Whereabouts:
        """Find out who was at the addresses of nameless contacts, in what was read now and what was read before."""
        kept = {id(one.lineage) for one in found.readings}
        naming = [piece for piece in pieces if id(piece.after) in kept and self._names_users(piece.after)]
        fresh = self._fresh(found, {id(piece.after) for piece in naming})
        watched = watched_since(self.history)
        met = Whereabouts(sought=Sought(whole=set(fresh)))
        here = sought_on(self.history, _days(one.input.tally for one in naming)).whole
        self._search(_Search(naming, {*watched, *_addresses(fresh), *_addresses(here)}, fresh | here), workers, met)
        early = {(place, day) for place, day in fresh if not self._was_watched(watched.get(place), day)}
        if early:
            before = {id(piece.after): piece.shard.start for piece in pieces if id(piece.after) in kept}
            again, gone = self._earlier(min(day for _, day in early), before)
            _doubt(met, early, gone)
            self._search(_Search(again, _addresses(early), early), workers if isinstance(workers, int) else 1, met)
        met.sought.whole -= met.sought.unsure
        return met

    def _fresh(self, found: Read, naming: Collection[int]) -> set[AddressDay]:
        """Give the days of addresses of nameless contacts that were not sought yet."""
        columns = [one.columns for one in found.readings if one.columns is not None and id(one.lineage) not in naming]
        if not columns:
            return set()
        nameless = set(second_look.nameless(joined(columns), self.directory))
        known = sought_on(self.history, {day for _, day in nameless})
        return nameless - known.whole - known.unsure

    def _was_watched(self, since: int | None, day: int) -> bool:
        """Say whether all that may tell of an address about a day was read when it was watched, and is kept."""
        return since is not None and since + DOUBT + REACH <= day * DAY and day > self.kept_from

    def _names_users(self, lineage: Lineage) -> bool:
        if lineage.format is None:
            return False
        try:
            return second_look.names_users(format_named(lineage.format, self.reading))
        except ShadowaiError:  # the user's own format of then, of which the settings say nothing any more
            return True

    def _earlier(self, first: int, before: dict[int, int]) -> tuple[list[Piece], list[Lineage]]:
        """Give what earlier runs read that may tell of a day or later ones, and what of that is not there any more.

        `before` tells of the files that this run reads where it began.
        """
        oldest = first * DAY - REACH - DOUBT
        wanted = {
            id(one): one
            for one in self.book.lineages
            if before.get(id(one), one.mark.position) and _latest(one) >= oldest and self._names_users(one)
        }
        pieces = self._found(self.files, wanted, before)
        pieces += self._found(self._members(wanted.values()), wanted, before)
        return pieces, list(wanted.values())

    def _found(self, files: Iterable[File], wanted: dict[int, Lineage], before: dict[int, int]) -> list[Piece]:
        """Give what is there of what is wanted, and take it from that."""
        pieces = []
        for file in files:
            lineage = self.book.at(file.place)
            if lineage is None or id(lineage) not in wanted:
                continue
            piece = self._piece(file, lineage, before.get(id(lineage)))
            if piece is not None:
                pieces.append(piece)
                del wanted[id(lineage)]
        return pieces

    def _members(self, wanted: Iterable[Lineage]) -> Iterator[File]:
        """Unpack the archives that have not changed and hold something that is wanted, and give what is in them."""
        inside = sorted(one.place.path for one in wanted if one.place.device == FETCHED)
        for file in self.files:
            if not self._is_archive_of(file, inside):
                continue
            for one in sources.unpack_archives([file.source], self.spool).files:
                yield named(File(file.feed, one, place_of(one)))

    def _is_archive_of(self, file: File, inside: Sequence[str]) -> bool:
        """Say whether a file is an archive that holds one of some members, whose names are sorted."""
        known, beginning = self.book.at(file.place), f"{file.place.path}:"
        if known is None or known.dataset != ARCHIVE:
            return False
        at = bisect_left(inside, beginning)
        return at < len(inside) and inside[at].startswith(beginning)

    def _piece(self, file: File, lineage: Lineage, until: int | None) -> Piece | None:
        """Give the part of a file that earlier runs read; None where it is not what it was, or is not to be read."""
        try:
            if lineage.compacted or not Content(file.source).goes_on_from(lineage.mark):
                return None
            fmt = format_named(lineage.format or "", self.reading)
        except ShadowaiError:
            return None
        end = None if fmt.is_whole else lineage.mark.position if until is None else until
        shard = Shard(file.source, 0, end, ())
        return Piece(file, Input(file.place.path, file.source, lineage.dataset, fmt), shard, lineage, lineage)

    def _search(self, search: _Search, workers: Workers, met: Whereabouts) -> None:
        """Search pieces for who was at addresses; what cannot be read a second time makes its days unsure."""
        if not search.pieces or not search.addresses:
            return
        times: dict[int, second_look.Times] = {}
        tasks = list(log_tasks(search.pieces))
        again = detect.Again(tasks, self.reading, workers).only(tasks)
        failed = {number for number, piece in enumerate(search.pieces) if piece.input.error}
        for found in second_look.search(again, search.addresses):
            second_look.merge_times(times.setdefault(found.number, {}), found.times.items())
            if found.error is not None:
                failed.add(found.number)
        for number in sorted(failed):
            one = search.pieces[number].input
            one.notes += [second_look.NOT_AGAIN] if second_look.NOT_AGAIN not in one.notes else []
        _doubt(met, search.places, [search.pieces[number].after for number in failed])
        kept = ((search.pieces[number].after, seen) for number, seen in sorted(times.items()) if seen)
        met.seen += [(lineage, columns_of_sightings(seen)) for lineage, seen in kept]


@dataclass(frozen=True, slots=True)
class _Search:
    """Pieces to be searched for addresses, and the days of which they may tell."""

    pieces: Sequence[Piece]
    addresses: Collection[str]
    places: Collection[AddressDay]


def _latest(lineage: Lineage) -> int:
    """Give the time (ns) of the last record of a file, or of its last change: members of archives may have any."""
    return max(lineage.place.modified, lineage.last or 0)


def _addresses(places: Iterable[AddressDay]) -> set[str]:
    return {address for address, _ in places}


def _days(tallies: Iterable[Tally]) -> range:
    """Give the days of which records may tell, each end with a day beside it."""
    ends = [time for one in tallies for time in (one.first, one.last) if time is not None]
    return range(day_of(min(ends)) - 1, day_of(max(ends)) + 2) if ends else range(0)


def _doubt(met: Whereabouts, places: Iterable[AddressDay], files: Sequence[Lineage]) -> None:
    """Make the days unsure of which files may tell that could not be searched: those before they were last changed."""
    if files:
        latest = day_of(max(map(_latest, files)) + REACH + DOUBT)
        met.sought.unsure |= {place for place in places if place[1] <= latest}
