"""The inputs of a scan from end to end: found, recognised, cut into tasks, and what became of each."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import TYPE_CHECKING

from shadowai import captures, detect, logs, sources
from shadowai.errors import SourceError, UsageError, unknown_name
from shadowai.model import Tally
from shadowai.provenance import InputRecord, SourceReport
from shadowai.tallied import REMEDIES, counted, silent, told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

MOST_SEARCHED, LEAST_SEARCHED = 256 << 20, 64 << 10  # bytes, in search of overlaps: altogether, and counted for a file
_UNPACKED = 10  # times its size that a compressed log has


@dataclass(frozen=True, slots=True)
class Recorded:
    """A source that is known by a name of its own, as a live capture is, and what is to be told of it."""

    source: sources.Source
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What to read and how: sources as the user named them, a format asked for, CSV column maps of the user's own.

    `columns` maps a format's name to {our field: header name}; `zone` is that of log times without one; `keylog` a TLS
    key log for captures; `day_first` the order of day and month in log dates that could be read both ways. `recorded`
    are sources of which more is known than their place, as of what a live capture left. `logformats` maps names to
    formats in a server's own language (`shadowai.logs.logformat`).
    """

    arguments: Sequence[str]
    format: str | None = None
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    zone: str = "UTC"
    keylog: Path | None = None
    recorded: Sequence[Recorded] = ()
    day_first: bool | None = None
    logformats: Mapping[str, str] = field(default_factory=dict)

    def reading(self) -> detect.Reading:
        """Put together what readers need; UsageError for a column map or a key log file that cannot be used."""
        if self.keylog and not self.keylog.is_file():
            raise UsageError("no such TLS key log file", where=self.keylog)
        if self.keylog and not captures.has_tshark():
            raise UsageError(captures.TSHARK_MISSING)
        own = (
            *(logs.custom_csv(columns, name=name) for name, columns in self.columns.items()),
            *(logs.compile_logformat(text, name) for name, text in self.logformats.items()),
        )
        return detect.Reading(own, self.zone, self.keylog, self.day_first)


@dataclass(slots=True)
class Input:
    """One source on its way through the scan: what it is, what was read of it, what went wrong."""

    name: str
    source: sources.Source | None = None
    dataset: str | None = None
    format: logs.Format | None = None
    tally: Tally = field(default_factory=Tally)
    error: str | None = None
    notes: list[str] = field(default_factory=list)
    undated: int = 0

    def take(self, outcome: detect.Outcome) -> None:
        """Add what a shard gave; of several errors one stands, whatever the order of the shards."""
        self.tally.merge(outcome.tally)
        self.undated += outcome.undated
        self.error = min(filter(None, (self.error, outcome.error)), default=None)


def list_inputs(options: ReadOptions, reading: detect.Reading, spool: Path) -> list[Input]:
    """Find and recognise the sources; those that cannot be read are in the list with their error."""
    asked = format_named(options.format, reading) if options.format else None
    found, errors = sources.find_sources(options.arguments, spool)
    inside = sources.unpack_archives(found, spool)
    damaged = {error.where: error.message for error in inside.errors}
    found_errors = ((one, damaged.pop(one.name, None)) for one in inside.files)  # of a damaged file the rest is read
    inputs = [_recognised(Input(one.name, one, error=error), reading, asked) for one, error in found_errors]
    inputs += [Input(error.where or "?", error=error.message) for error in errors]
    inputs += [Input(name or "?", error=message) for name, message in damaged.items()]
    for one in options.recorded:
        inputs.append(_recognised(Input(one.source.name, one.source, notes=[*one.notes]), reading, None))
    _set_copies_aside(inputs)
    return inputs


def _recognised(one: Input, reading: detect.Reading, asked: logs.Format | None) -> Input:
    if one.source:
        try:
            one.dataset, one.format = detect.recognise(one.source, reading, asked)
        except SourceError as error:
            one.error = error.message
    return one


def _set_copies_aside(inputs: Sequence[Input]) -> None:
    """Read a file that is there twice, under two names, once: its records would count twice."""
    read = [(one, one.source) for one in inputs if one.source and one.dataset]
    for copy in sources.copies([source for _, source in read]):
        one, other = read[copy.place][0], read[copy.of][0]
        one.dataset, one.format = None, None
        one.error = one.error or copy.error
        told = "has the same content as" if copy.whole else "is the beginning of"
        one.notes.append(f"{told} {other.name} and was read once")


def known_formats(own: Iterable[logs.Format] = ()) -> dict[str, logs.Format]:
    """Give all log formats by id, those of the user's own in the place of shipped ones."""
    return {**logs.load_formats(), logs.DNSTAP.id: logs.DNSTAP, **{fmt.id: fmt for fmt in own}}


def format_named(name: str, reading: detect.Reading) -> logs.Format:
    """Give a format by its id, or made of a text in a server's own language; UsageError where there is none."""
    if ":" in name:
        return logs.compile_logformat(name)
    known = known_formats(reading.own)
    if name not in known:
        raise unknown_name("format", name, known, "see `shadowai formats`")
    return known[name]


def rings_of(inputs: Sequence[Input]) -> list[tuple[int, ...]]:
    """Find captures that their writer cut into files: the places of each ring's files, in the order of time.

    Compressed files are left out, for their ends are not at hand, and those that are read deeply.
    """
    alike = Counter(sources.stem(one.name) for one in inputs if _is_capture(one))
    places = [place for place, one in enumerate(inputs) if _is_capture(one) and alike[sources.stem(one.name)] > 1]
    if not places:
        return []
    from shadowai.captures.edges import Edges, edges  # noqa: PLC0415  # brings the readers of captures

    files = []
    for place in places:
        one = inputs[place]
        ends = Edges()
        with suppress(SourceError, OSError):  # a file that has gone is told where it is read
            if one.source and not sources.is_compressed(one.source) and not captures.has_secrets(one.source.path):
                ends = edges(one.source.path)
        files.append(sources.File(one.name, ends.links, ends.first, ends.last))
    return [tuple(places[at] for at in ring) for ring in sources.rings(files)]


def _is_capture(one: Input) -> bool:
    return one.source is not None and one.dataset is not None and one.format is None


def tasks_of(
    inputs: Sequence[Input], *, in_parts: bool = False, rings: Iterable[Sequence[int]] = ()
) -> Iterator[detect.Task]:
    """Cut the readable inputs into tasks, with `in_parts` also big captures; the files of rings become parts."""
    behind = {one: following for ring in rings for one, following in zip(ring, [*ring[1:], None], strict=True)}
    for number, one in enumerate(inputs):
        if one.source is None or one.dataset is None:
            continue
        try:
            tasks = detect.tasks(number, one.source, one.format, in_parts=in_parts)
        except SourceError as error:
            one.error = error.message
            continue
        if number in behind:
            place = behind[number]
            source = None if place is None else inputs[place].source
            following = source.path if source else None
            parts = [replace(task.part or captures.Part(), following=following) for task in tasks]
            tasks = [replace(task, part=part, beside=source) for task, part in zip(tasks, parts, strict=True)]
        yield from tasks


def source_reports(inputs: Iterable[Input]) -> tuple[SourceReport, ...]:
    """Say what was read of each input, as the result document does, by path."""
    listed = list(inputs)
    everywhere = Counter(hour for one in listed for hour in one.tally.hours)
    overlaps = _overlaps(listed)
    reports = (_report(one, everywhere, overlaps.get(id(one), ())) for one in listed)
    return tuple(sorted(reports, key=lambda one: one.path))


def _overlaps(inputs: Sequence[Input]) -> dict[int, list[str]]:
    """Say, by the inputs' `id`, which logs of a format begin with records of another one, as exports that overlap."""
    told: dict[int, list[str]] = {}
    left = MOST_SEARCHED
    for one, other in _of_one_time(inputs):
        if left <= 0:
            break
        if one.source is None or other.source is None or (cost := _cost(other.source)) > left:
            continue
        left -= cost
        if sources.begins_inside(one.source, other.source):
            told.setdefault(id(one), []).append(f"holds records that are in {other.name} too, and count twice")
    return told


def _of_one_time(inputs: Iterable[Input]) -> Iterator[tuple[Input, Input]]:
    """Give the pairs of logs of one format of which one begins while the other goes on: that one first."""
    by_format: dict[str | None, list[tuple[int, int, str, Input]]] = {}
    for one in inputs:
        first, last = one.tally.first, one.tally.last
        if one.source and one.format and first is not None and last is not None:
            by_format.setdefault(one.dataset, []).append((first, last, one.name, one))
    for alike in by_format.values():
        alike.sort(key=itemgetter(0, 1, 2))
        for at, (_, last, _, other) in enumerate(alike):
            following = bisect_right(alike, last, at + 1, key=itemgetter(0))
            yield from ((one, other) for _, _, _, one in alike[at + 1 : following])


def _cost(source: sources.Source) -> int:
    """Estimate what it takes to search a log, in bytes."""
    try:
        return max(sources.size(source) * (_UNPACKED if sources.is_compressed(source) else 1), LEAST_SEARCHED)
    except SourceError:  # it has gone meanwhile, which is told where it is read
        return LEAST_SEARCHED


def _report(one: Input, everywhere: Counter[int], overlaps: Sequence[str]) -> SourceReport:
    fmt, tally = one.format, one.tally
    error = one.error
    if error is None and one.source and tally.parsed == 0 and tally.broken:
        error = REMEDIES.get(next(iter(tally.skipped))) if len(tally.skipped) == 1 else None
        error = error or f"no record could be read as {one.dataset}; is this the right format?"
    return SourceReport(
        path=one.name,
        format=one.dataset,
        format_name=fmt.name if fmt else None,
        recognition=fmt.recognition if fmt else None,
        kind=fmt.kind.value if fmt else ("capture" if one.dataset else None),
        error=error,
        warnings=(*_defects(one), *one.notes, *overlaps, *_notes(one)),
        silent=silent(tally, everywhere),
        **counted(tally),
    )


def _notes(one: Input) -> Iterator[str]:
    yield from told(one.tally)
    if one.format and one.format.time and one.tally.parsed and one.tally.first is None:
        yield "no record has a time that could be read, so that no day and no period has them"
    if one.undated:
        yield f"records without a time, which the period leaves out: {one.undated}"


def _defects(one: Input) -> Iterator[str]:
    for reason, defect in sorted(one.tally.defects.items()):
        number = one.tally.skipped[reason]
        if defect.is_packet or one.source is None:
            yield f"packet {defect.place}: {reason} (first of {number})"
            continue
        try:
            line = sources.line_number(one.source, defect.place)
        except SourceError:  # the file has gone meanwhile
            yield f"byte {defect.place}: {reason} (first of {number})"
        else:
            yield f"line {line}: {reason} (first of {number}, byte {defect.place})"


def input_records(inputs: Iterable[Input], prints: sources.Fingerprints) -> tuple[InputRecord, ...]:
    """List every input that was there with its fingerprint, by path; one that has gone since is listed without."""
    records = (_record(one, prints.take) for one in inputs if one.source)
    return tuple(sorted(records, key=lambda record: record.path))


def _record(one: Input, take: Callable[[sources.Source], tuple[int, str]]) -> InputRecord:
    try:
        size, sha256 = take(one.source) if one.source else (None, None)
    except SourceError:
        return InputRecord(path=one.name, size=None, sha256=None, format=one.dataset, records=one.tally.records)
    return InputRecord(path=one.name, size=size, sha256=sha256, format=one.dataset, records=one.tally.records)
