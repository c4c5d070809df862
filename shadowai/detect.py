"""One shard's way from bytes to activity: observations, matched exactly, rolled up. Runs in a worker."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from shadowai import captures, logs, sources
from shadowai.activity.flows import Notes
from shadowai.activity.rollup import Activity, Finding, Subject
from shadowai.batches import rolled_up, told_by_place, undated, within
from shadowai.errors import ShadowaiError, SourceError
from shadowai.kept_readers import KeptReaders
from shadowai.logs.columns import wanted_columns
from shadowai.model import Tally

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from pathlib import Path

    from shadowai.captures.contacts import Concerns
    from shadowai.engine import Workers
    from shadowai.finder import Finder
    from shadowai.model import Observation

FEW = 2  # shards


@dataclass(frozen=True, slots=True)
class Reading:
    """How sources are to be read: the user's own formats, the zone of times without one, a TLS key log for captures.

    `day_first` says of log dates such as 05/06/2026 which number is the day; None refuses those that could be both.
    """

    own: tuple[logs.Format, ...] = ()
    zone: str = "UTC"
    keylog: Path | None = None
    day_first: bool | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """One shard to read: `number` is its source's place in the list, `format` None for captures.

    `part` is what to read of a capture that is put together afterwards: a part of a big one, or a file of a ring.
    `folder` numbers the folders in which bytes and names of one flow stand in different records; `beside` is the source
    of the file that goes on with the part in a ring.
    """

    number: int
    shard: sources.Shard
    format: logs.Format | None
    part: captures.Part | None = None
    folder: int | None = None
    beside: sources.Source | None = None


@dataclass(frozen=True, slots=True)
class Again:
    """What is needed to read shards a second time: tasks of the first time, how to read them, and the workers."""

    tasks: Sequence[Task]
    reading: Reading
    workers: Workers

    def only(self, tasks: Sequence[Task]) -> Again:
        """Give the same for some of the tasks; starting workers for few takes longer than reading them."""
        return Again(tasks, self.reading, self.workers if len(tasks) > FEW else 1)


@dataclass(slots=True)
class Outcome:
    """What a shard gave. `error` says why reading ended early; what came before it still counts.

    `undated` counts observations that name no time, where only a period was asked for. `ledger` is what a part of a
    capture (`part`, as it was read) leaves open. `notes` are the flows whose bytes stand in other records.
    """

    number: int
    activity: Activity = field(default_factory=Activity)
    tally: Tally = field(default_factory=Tally)
    error: str | None = None
    undated: int = 0
    part: captures.Part | None = None
    ledger: captures.Ledger | None = None
    notes: Notes | None = None


class _Faulty(Protocol):
    """What a shard gave, and why reading ended early."""

    error: str | None


@contextmanager
def faults_told(outcome: _Faulty) -> Iterator[None]:
    """Make whatever goes wrong in one shard that shard's error, so that it stops no other."""
    try:
        yield
    except ShadowaiError as error:
        outcome.error = error.message
    except Exception as error:  # noqa: BLE001  # the worker's boundary: one bad shard must not stop the scan
        outcome.error = f"internal error ({type(error).__name__}: {error}); please report it"


@dataclass(frozen=True, slots=True)
class Detector:
    """Turns shards into activity: everything a worker needs, picklable. `since` and `until` bound times, in ns."""

    finder: Finder
    needles: Sequence[logs.Needle]
    reading: Reading
    since: int | None = None
    until: int | None = None
    kept: KeptReaders = field(default_factory=KeptReaders, init=False, compare=False, repr=False)

    def __reduce__(self) -> tuple[type[Detector], tuple[object, ...]]:
        """Pickle what it was made of, without what it keeps."""
        return Detector, (self.finder, self.needles, self.reading, self.since, self.until)

    def detect(self, task: Task) -> Outcome:
        """Read one shard. Whatever goes wrong inside it is this shard's error and stops no other."""
        outcome = Outcome(task.number)
        if task.folder is not None:
            outcome.notes = Notes(task.folder)
        with faults_told(outcome):
            sources.at_hand(task.shard.source, task.beside)
            for seen in self._observations(task, outcome):
                if isinstance(seen, logs.Batch):
                    self._take_batch(seen, outcome)
                else:
                    self._take_dated(seen, outcome)
        return outcome

    def settle(self, ledger: captures.Ledger) -> Outcome:
        """Take in what the flows of a capture came to whose parts have been put together."""
        outcome = Outcome(-1)
        outcome.tally.notes.update(ledger.notes())
        for seen in ledger.settle():
            self._take_dated(seen, outcome)
        return outcome

    def _take_dated(self, seen: Observation, outcome: Outcome) -> None:
        if seen.time is None and self._is_bounded:
            outcome.undated += 1
        self.take(seen, outcome.activity, outcome.notes)

    def _take_batch(self, batch: logs.Batch, outcome: Outcome) -> None:
        """Roll up together what the place alone decides, the others one by one."""
        numbers, findings = told_by_place(batch, self.finder)
        for seen in batch.observations(numbers < 0):
            self._take_dated(seen, outcome)
        if self._is_bounded:
            outcome.undated += undated(batch, numbers)
            numbers = within(batch, numbers, self.since, self.until)
        outcome.activity.take(rolled_up(batch, numbers, findings, self.finder.client))

    def take(self, seen: Observation, activity: Activity, notes: Notes | None = None) -> None:
        """Roll one observation up if it concerns an AI service, a candidate or a blind spot; note its flow."""
        if not self._in_period(seen.time) or (found := self.finder.find(seen)) is None:
            return
        client = self.finder.client(seen.user_agent) if found.subject is Subject.SERVICE else None
        key = activity.add(seen, found, client)
        if notes is not None:
            notes.take(seen, key)
        else:
            activity.pack()
        if found.is_generic and seen.host and self.finder.matcher.candidate(seen.host):
            activity.add(seen, Finding(Subject.CANDIDATE, seen.host))

    def concerns(self, seen: Observation) -> bool:
        """Say whether an observation is of interest, or may yet become so: it names nothing."""
        return (seen.host is None and seen.hidden is None) or self.finder.find(seen) is not None

    def _observations(self, task: Task, outcome: Outcome) -> Iterator[Observation | logs.Batch]:
        if task.part is not None:
            outcome.part = replace(task.part)
            outcome.ledger = yield from part_observations(task, outcome.part, outcome.tally, self.concerns)
        else:
            yield from contacts(task, self, outcome.tally)

    @property
    def _is_bounded(self) -> bool:
        return self.since is not None or self.until is not None

    def _in_period(self, time: int | None) -> bool:
        if time is None:
            return not self._is_bounded
        return (self.since is None or time >= self.since) and (self.until is None or time < self.until)


def contacts(task: Task, detector: Detector, tally: Tally) -> Iterator[Observation | logs.Batch]:
    """Read a shard as far as it concerns a detector, counting into `tally`.

    Of a log those lines that could match a needle, alike ones in batches.
    """
    fmt = task.format
    if fmt is None:
        yield from _capture(task.shard.source, detector.reading, tally, detector.concerns)
        return
    reader = detector.kept.reader_of(task.number, task.shard, fmt, detector.reading.zone)
    # Of which flow a record is, a batch does not tell.
    read = logs.read_batches if task.folder is None else logs.read_blocks
    yield from read(sources.line_blocks(task.shard), reader, tally, detector.kept.prefilter_of(fmt, detector.needles))


def observations(task: Task, reading: Reading, tally: Tally) -> Generator[Observation, None, None]:
    """Read all observations of a shard, counting into `tally`."""
    source, fmt = task.shard.source, task.format
    if fmt is None:
        yield from _capture(source, reading, tally, None)
        return
    reader = KeptReaders().reader_of(task.number, task.shard, fmt, reading.zone)
    yield from logs.read_blocks(sources.line_blocks(task.shard), reader, tally, None)


def part_observations(
    task: Task, part: captures.Part, tally: Tally, concerns: Concerns | None = None
) -> Generator[Observation, None, captures.Ledger]:
    """Read the observations of a part of a capture that are whole, and return what it leaves open."""
    source = task.shard.source
    return (yield from captures.read_part(source.path, part, name=source.name, tally=tally, concerns=concerns))


def _capture(
    source: sources.Source, reading: Reading, tally: Tally, concerns: Concerns | None
) -> Iterator[Observation]:
    with sources.as_local_file(source) as path:
        if reading.keylog is None and not _brings_secrets(path, tally):
            yield from captures.read(path, name=source.name, tally=tally, concerns=concerns)
            return
        from shadowai.captures.deep import read_deep  # noqa: PLC0415  # brings pyshark, which the fast path never needs

        yield from read_deep(path, name=source.name, tally=tally, keylog=reading.keylog)


def _brings_secrets(path: Path, tally: Tally) -> bool:
    """Say whether a capture holds secrets that tshark can use; note where tshark is missing."""
    try:
        if not captures.has_secrets(path):
            return False
    except OSError:  # the reader says why the file cannot be read
        return False
    if captures.has_tshark():
        return True
    tally.notes.add(f"holds TLS secrets, with which the requests inside could be read too: {captures.TSHARK_MISSING}")
    return False


def tasks(number: int, source: sources.Source, fmt: logs.Format | None, *, in_parts: bool) -> list[Task]:
    """Cut a source into tasks: with `in_parts` big captures too, if they are neither compressed nor hold TLS secrets.

    SourceError where the source has gone.
    """
    shards = _shards(source, fmt)
    if fmt is None and in_parts and not sources.is_compressed(source):
        parts = captures.cut(source.path)
        if len(parts) > 1 and not captures.has_secrets(source.path):
            return [Task(number, shards[0], None, part) for part in parts]
    return [Task(number, shard, fmt) for shard in shards]


def _shards(source: sources.Source, fmt: logs.Format | None) -> list[sources.Shard]:
    """Cut a source: what is not made of lines stays whole, big logs of lines are cut at line ends."""
    if fmt is None or fmt.is_whole:
        return [sources.Shard(source)]
    return sources.cut(source, directives=fmt.directives, has_header_line=fmt.has_header_line)


def recognise(source: sources.Source, reading: Reading, asked: logs.Format | None) -> tuple[str, logs.Format | None]:
    """Tell a source's dataset and log format (None for captures) from its content; the format that is asked for stands.

    Raises SourceError where the file is empty, unreadable or of no known format.
    """
    head = sources.read_head(source)
    if asked:
        bound = logs.bind(asked, head, sources.pieces(source))
        return asked.id, logs.with_day_first(bound, reading.day_first)
    if dataset := captures.recognise(head):
        return dataset, None
    fmt = logs.recognise(head, own=reading.own, more=sources.pieces(source))
    if fmt is None:
        raise SourceError(_missing_column(head, reading.own) or sources.foreign(head) or _UNKNOWN, where=source.name)
    return fmt.id, logs.with_day_first(fmt, reading.day_first)


def _missing_column(head: bytes, own: Sequence[logs.Format]) -> str | None:
    """Say which column of the user's maps a file lacks that has another one of that map."""
    first = head.partition(b"\n")[0].decode("utf-8", "replace").lower()
    for fmt in (fmt for fmt in own if fmt.has_header_line):
        missing = [name for name in wanted_columns(fmt) if name.lower() not in first]
        if 0 < len(missing) < len(wanted_columns(fmt)):
            return f"has no column {missing[0]!r}, which the map of {fmt.id} names; its first line must name it"
    return None


_UNKNOWN = "is of no known format; name it with --format (see `shadowai formats`) or map its columns with --columns"
