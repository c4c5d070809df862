"""One shard's way from bytes to activity: observations, matched exactly, rolled up. Runs in a worker."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shadowai import captures, logs, sources
from shadowai.activity.rollup import Activity, Subject
from shadowai.errors import ShadowaiError, SourceError
from shadowai.logs.columns import wanted_columns
from shadowai.model import Tally

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from shadowai.model import Observation
    from shadowai.signatures import Matcher


@dataclass(frozen=True, slots=True)
class Reading:
    """How sources are to be read: the user's own formats, the zone of times without one, TLS secrets for captures."""

    own: tuple[logs.Format, ...] = ()
    zone: str = "UTC"
    secrets: Path | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """One shard to read: `number` is its source's place in the list, `format` None for captures."""

    number: int
    shard: sources.Shard
    format: logs.Format | None


@dataclass(slots=True)
class Outcome:
    """What a shard gave. `error` says why reading ended early; what came before it still counts.

    `undated` counts observations that name no time, where only a period was asked for.
    """

    number: int
    activity: Activity = field(default_factory=Activity)
    tally: Tally = field(default_factory=Tally)
    error: str | None = None
    undated: int = 0


@dataclass(frozen=True, slots=True)
class Detector:
    """Turns shards into activity: everything a worker needs, picklable. `since` and `until` bound times, in ns."""

    matcher: Matcher
    needles: Sequence[logs.Needle]
    reading: Reading
    since: int | None = None
    until: int | None = None

    def detect(self, task: Task) -> Outcome:
        """Read one shard. Whatever goes wrong inside it is this shard's error and stops no other."""
        outcome = Outcome(task.number)
        try:
            for seen in observations(task, self.reading, outcome.tally, self.needles):
                outcome.undated += seen.time is None and self._is_bounded
                self.take(seen, outcome.activity)
        except ShadowaiError as error:
            outcome.error = error.message
        except Exception as error:  # noqa: BLE001  # the worker's boundary: one bad shard must not stop the scan
            outcome.error = f"internal error ({type(error).__name__}: {error}); please report it"
        return outcome

    def take(self, seen: Observation, activity: Activity) -> None:
        """Roll one observation up if it concerns an AI service, a candidate or a blind spot."""
        if not self._in_period(seen.time):
            return
        match = self.matcher.match(seen.host, seen.path, seen.user_agent)
        if match:
            role, confidence = match.role, match.confidence
            activity.add(seen, Subject.SERVICE, match.service, role=role, confidence=confidence)
        elif seen.host is None:
            return
        elif place := self.matcher.blind_spot(seen.host):
            activity.add(seen, Subject.BLIND_SPOT, place.id, role=None, confidence=0)
        elif self.matcher.candidate(seen.host):
            activity.add(seen, Subject.CANDIDATE, seen.host, role=None, confidence=0)

    @property
    def _is_bounded(self) -> bool:
        return self.since is not None or self.until is not None

    def _in_period(self, time: int | None) -> bool:
        if time is None:
            return not self._is_bounded
        return (self.since is None or time >= self.since) and (self.until is None or time < self.until)


def observations(
    task: Task, reading: Reading, tally: Tally, needles: Sequence[logs.Needle] | None = None
) -> Iterator[Observation]:
    """Read the observations of a shard, counting into `tally`; with needles, only log lines that could match."""
    source = task.shard.source
    fmt = task.format
    if fmt is None:
        yield from _capture(source, reading, tally)
        return
    modified = sources.modified(source)
    reader = logs.Reader(fmt, name=source.name, header=task.shard.header, reference_time=modified, zone=reading.zone)
    prefilter = logs.Prefilter(needles, fmt.spelling) if needles else None
    yield from logs.read_blocks(sources.line_blocks(task.shard), reader, tally, prefilter)


def _capture(source: sources.Source, reading: Reading, tally: Tally) -> Iterator[Observation]:
    with sources.as_local_file(source) as path:
        if reading.secrets is None:
            yield from captures.read(path, name=source.name, tally=tally)
            return
        from shadowai.captures.deep import read_deep  # noqa: PLC0415  # brings pyshark, which the fast path never needs

        yield from read_deep(path, name=source.name, tally=tally, secrets=reading.secrets)


def shards(source: sources.Source, fmt: logs.Format | None) -> list[sources.Shard]:
    """Cut a source: captures stay whole, big plain-text logs are cut at line ends."""
    if fmt is None:
        return [sources.Shard(source)]
    return sources.cut(source, directives=fmt.directives, has_header_line=fmt.has_header_line)


def recognise(source: sources.Source, reading: Reading, asked: logs.Format | None) -> tuple[str, logs.Format | None]:
    """Tell a source's dataset and log format (None for captures) from its content; the format that is asked for stands.

    Raises SourceError where the file is empty, unreadable or of no known format.
    """
    head = sources.read_head(source)
    if asked:
        return asked.id, asked
    if dataset := captures.recognise(head):
        return dataset, None
    fmt = logs.recognise(head, own=reading.own)
    if fmt is None:
        raise SourceError(_missing_column(head, reading.own) or _UNKNOWN, where=source.name)
    return fmt.id, fmt


def _missing_column(head: bytes, own: Sequence[logs.Format]) -> str | None:
    """Say which column of the user's maps a file lacks that has another one of that map."""
    first = head.partition(b"\n")[0].decode("utf-8", "replace").lower()
    for fmt in own:
        missing = [name for name in wanted_columns(fmt) if name.lower() not in first]
        if 0 < len(missing) < len(wanted_columns(fmt)):
            return f"has no column {missing[0]!r}, which the map of {fmt.id} names; its first line must name it"
    return None


_UNKNOWN = "is of no known format; name it with --format (see `shadowai formats`) or map its columns with --columns"

_ready: list[Detector] = []


def prepare(detector: Detector) -> None:
    """Give this process the detector for its coming tasks."""
    _ready[:] = [detector]


def work(task: Task) -> Outcome:
    """Do one task in a prepared process."""
    return _ready[0].detect(task)
