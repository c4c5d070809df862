"""One pass of the scheduled scan: what is new is found, read and committed; reports that it concerns are written.

Readings are committed batch by batch with their checkpoints, and the days whose reports are due with them: whenever a
run dies, the next one goes on where the last commit was, and writes the reports that are still due.
"""

from __future__ import annotations

import json
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from shadowai import GENERATOR
from shadowai.activity.labels import Labels
from shadowai.directory import DirectoryOptions
from shadowai.engine import connected
from shadowai.gathering import detector_of
from shadowai.history.checkpoints import ARCHIVE, Book, Lineage
from shadowai.history.database import open_database, sqlite_url
from shadowai.history.locks import database_lock
from shadowai.history.store import DAY_HOURS, History, Reading, RunRecord, day_of
from shadowai.history.upkeep import compact, doubt_about, forget_days
from shadowai.history.waiting import waiting_flows
from shadowai.inputs import source_reports
from shadowai.model import DAY, SECOND
from shadowai.nightly.continued import earlier_captures
from shadowai.nightly.intake import Planner, Terms, look
from shadowai.nightly.lock import locked
from shadowai.nightly.looking_again import SecondLook
from shadowai.nightly.period_reports import Press
from shadowai.nightly.periods import KINDS, periods_of
from shadowai.nightly.reading import CHANGED, Before, read
from shadowai.reach import reaching
from shadowai.reports.order import STANDARD_ORDER, Order
from shadowai.reports.text import plural
from shadowai.rules import Rules, load_rules

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shadowai.engine import Workers
    from shadowai.gathering import Advance
    from shadowai.history.whereabouts import Whereabouts
    from shadowai.inputs import ReadOptions
    from shadowai.nightly.intake import Feed, File, Listing
    from shadowai.nightly.periods import Period
    from shadowai.nightly.reading import Read
    from shadowai.provenance import SourceReport

BATCH_BYTES = 4 << 30  # of files that are read between two commits
BATCH_FILES = 2000
DATABASE = "history.db"
UNSURE = (
    "who was at an address on a day is in {} known less well than it might be: a log that names users is gone, "
    "or is not what it was; keep rotated logs for some days within the paths of their source"
)


@dataclass(frozen=True, slots=True)
class RunOptions:
    """A scheduled scan: its sources, how they are read, by which rules, where the history lies, what is written where.

    `now`, `settle`, `keep` and `compact_after` are in ns, `wait` in seconds; `since` (ns) reads files again whose
    records reach that time. `url` is None for a SQLite file in the folder `state`. `cluster` is the address of a Dask
    scheduler whose workers read in the place of `workers` processes here.
    """

    feeds: tuple[Feed, ...]
    read: ReadOptions
    state: Path
    now: int
    url: str | None = None
    workspace: str = "default"
    directory: Path | None = None
    policy: Path | None = None
    signatures: Path | None = None
    directory_options: DirectoryOptions = field(default_factory=DirectoryOptions)
    labels: Labels = field(default_factory=Labels)
    order: Order = STANDARD_ORDER
    out: Path | None = None
    periods: tuple[str, ...] = KINDS
    workers: int = 1
    settle: int = 60 * SECOND
    keep: int = 400 * DAY
    compact_after: int = 60 * DAY
    wait: float = 0
    since: int | None = None
    cluster: str | None = None

    def rules(self) -> Rules:
        """Read signatures, directory and policy."""
        return load_rules(self.directory, self.policy, self.signatures, self.directory_options)


@dataclass(slots=True)
class Outcome:
    """What a run did: reports of the files with something new, how many had none, which must wait, what was written.

    `written` has the periods of the reports in the order in which they were written, `problems` a sentence about each
    thing that is not well beside the sources.
    """

    sources: tuple[SourceReport, ...] = ()
    unchanged: int = 0
    waiting: list[str] = field(default_factory=list)
    records: int = 0
    written: list[Period] = field(default_factory=list)
    forgotten: int = 0
    problems: list[str] = field(default_factory=list)


def run(options: RunOptions, advance: Advance | None = None) -> Outcome:
    """Do one pass. UsageError where another is under way, HistoryError where the history cannot be used."""
    with ExitStack() as held:
        held.enter_context(locked(lock_of(options), options.wait))
        history = open_history(options)
        held.callback(history.engine.dispose)
        held.enter_context(database_lock(history, options.wait))
        spool = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="shadowai-")))
        return _pass(options, history, _Means(spool, held, advance))


def lock_of(options: RunOptions) -> Path:
    """Give the file whose lock a run holds."""
    return options.state / f"{options.workspace}.lock"


def open_history(options: RunOptions) -> History:
    """Open the history, which is made where there is none."""
    return History(open_database(options.url or sqlite_url(options.state / DATABASE)), options.workspace)


@dataclass(frozen=True, slots=True)
class _Means:
    """What a pass needs beside the settings: room, what to close at its end, whom to tell how far it has come."""

    spool: Path
    held: ExitStack
    advance: Advance | None

    def workers(self, options: RunOptions) -> Workers:
        """Give the workers; a cluster is called only where there is something to read."""
        return self.held.enter_context(connected(options.cluster)) if options.cluster else options.workers


def _pass(options: RunOptions, history: History, means: _Means) -> Outcome:
    outcome = Outcome()
    last_run = max((one.ended for one in history.runs(1)), default=None)
    terms = Terms(options.now, options.settle, options.since)
    book = Book(history.lineages())
    listing = look(options.feeds, book, terms, means.spool)
    outcome.unchanged = listing.unchanged
    outcome.waiting += listing.waiting
    rules = options.rules() if listing.files or history.due() else None
    if rules and listing.files:
        _Reader(options, rules, history, book, terms).read(listing, outcome, means)
    else:
        outcome.sources = source_reports(listing.inputs)
    _note_archives(listing, history, book, outcome)
    _forget(options, history, last_run, outcome)
    compact(history, day_of(options.now - options.compact_after))
    if rules:
        write_due(options, history, rules, outcome)
    return outcome


def _forget(options: RunOptions, history: History, last_run: int | None, outcome: Outcome) -> None:
    """Delete what is older than it is to be kept, unless it is the clock that is wrong."""
    before = day_of(options.now - options.keep)
    doubt = doubt_about(history, before, options.now, last_run)
    if doubt is None:
        outcome.forgotten = forget_days(history, before)
    else:
        outcome.problems.append(doubt)


def _note_archives(listing: Listing, history: History, book: Book, outcome: Outcome) -> None:
    """Note archives whose members are read, so that no run looks into them until they change."""
    readings = []
    for file in listing.archives:
        inside = f"{file.place.path}:"
        errors = [f"{one.path.removeprefix(inside)} {one.error}" for one in outcome.sources if _is_in(file, one)]
        if any(path.startswith(inside) for path in outcome.waiting) or any(one.endswith(CHANGED) for one in errors):
            continue
        known = book.at(file.place)
        lineage = known if known and known.dataset == ARCHIVE else Lineage(file.feed.name, file.place, dataset=ARCHIVE)
        lineage.place, lineage.error = file.place, "; ".join(errors[:5]) or None
        readings.append(Reading(lineage))
    if readings:
        history.commit(readings)


def _is_in(file: File, source: SourceReport) -> bool:
    return source.error is not None and f"{source.path}:".startswith(f"{file.place.path}:")


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the files of a listing, batch by batch."""

    options: RunOptions
    rules: Rules
    history: History
    book: Book
    terms: Terms

    def read(self, listing: Listing, outcome: Outcome, means: _Means) -> None:
        """Read and commit everything that is new."""
        workers = means.workers(self.options)
        reading = self.options.read.reading()
        planner = Planner(self.book, reading, self.terms)
        detector = detector_of(self.rules, reading)
        inputs = list(listing.inputs)
        kept_from = day_of(self.options.now - self.options.compact_after)
        second_look = SecondLook(
            self.history, self.book, self.rules.directory, reading, listing.found, kept_from, means.spool
        )
        unsure = 0
        for files in _batches(listing.files):
            plan = planner.plan(files)
            names = {piece.file.feed.name for piece in plan.pieces}
            before = Before(waiting_flows(self.history, names), earlier_captures(plan.pieces, listing.found, self.book))
            together = [*(piece.input for piece in plan.pieces), *before.captures]
            with reaching(workers, together, means.spool, reading.keylog):
                found = read(plan.pieces, detector, workers, before, means.advance)
                places = second_look.look(plan.pieces, found, workers)
            inputs += [*plan.inputs, *found.inputs]
            outcome.waiting += plan.waiting
            unsure += len(places.sought.unsure)
            outcome.records += sum(one.tally.records for one in found.inputs)
            self._commit(found, plan.moved, places)
        if unsure:
            outcome.problems.append(UNSURE.format(plural(unsure, "case")))
        outcome.sources = source_reports(inputs)

    def _commit(self, found: Read, moved: Sequence[Lineage], places: Whereabouts) -> None:
        """Keep what was read, and where the files now are that were known already."""
        spoilt = {id(lineage) for lineage in found.spoilt}
        kept = {id(reading.lineage) for reading in found.readings}
        elsewhere = [Reading(lineage) for lineage in moved if id(lineage) not in spoilt | kept]
        if found.readings or elsewhere:
            record = RunRecord(self.options.now, self._manifest(found)) if found.readings else None
            self.history.commit([*found.readings, *elsewhere], record, found.flows, places)

    def _manifest(self, found: Read) -> str:
        files = [
            {
                "path": one.lineage.place.path,
                "source": one.lineage.source,
                "format": one.lineage.dataset,
                "read_to": one.lineage.mark.position,
                "records": one.tally.records,
                "parsed": one.tally.parsed,
                "skipped": one.tally.skipped.total(),
                "broken": one.tally.broken,
                "error": one.lineage.error,
            }
            for one in found.readings
        ]
        rules = self.rules
        versions = {
            "generator": GENERATOR,
            "signatures": rules.database.digest,
            "policy": rules.policy.digest,
            "directory": rules.directory.digest,
        }
        return json.dumps({**versions, "files": files}, ensure_ascii=True)


def write_due(options: RunOptions, history: History, rules: Rules, outcome: Outcome) -> None:
    """Write the reports that are due, the oldest first; then they are no longer due.

    A run that dies on the way leaves them due, and the next one writes them again.
    """
    due = history.due()
    days = [day for day in due if day >= day_of(options.now - options.keep)]
    if options.out is not None and days:
        lineages = history.tallied()
        reading = options.read.reading()
        press = Press(history, rules, lineages, reading.own, options.labels, options.order)
        known = {*history.days(), *(hour // DAY_HOURS for one in lineages for hour in one.tally.hours)}
        for period in periods_of(days, options.periods, known):
            press.write(period, options.out)
            outcome.written.append(period)
    if due:
        history.done(due)


def _batches(files: Sequence[File]) -> Iterator[list[File]]:
    batch: list[File] = []
    size = 0
    for file in files:
        if batch and (size + file.place.size > BATCH_BYTES or len(batch) >= BATCH_FILES):
            yield batch
            batch, size = [], 0
        batch.append(file)
        size += file.place.size
    if batch:
        yield batch
