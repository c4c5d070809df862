"""The scan: sources are listed, recognised, cut into shards and read; what they gave is merged and becomes a result."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from shadowai import __version__, detect, logs, resources, sources
from shadowai.activity.blind_spots import HidingPlace, blind_spots
from shadowai.activity.candidates import candidates
from shadowai.activity.frame import attributed_frame, sightings
from shadowai.activity.rollup import Activity
from shadowai.activity.usage import Catalogue, usage
from shadowai.directory import Directory, load_directory
from shadowai.engine import run
from shadowai.errors import SourceError, UsageError
from shadowai.model import ServiceFacts, Tally, iso_time
from shadowai.policy import KnownNames, Policy, load_policy
from shadowai.reports.folder import check_folder, publish
from shadowai.result import InputRecord, Manifest, Period, Result, SignatureVersion, SourceReport
from shadowai.signatures import Database, Matcher, load_database, needles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    Advance = Callable[[int, int], None]

GENERATOR = f"shadowai {__version__}"


@dataclass(frozen=True, slots=True)
class ScanOptions:
    """What to scan and how. `since` and `until` are ns since the epoch; `columns` are the user's own CSV formats."""

    arguments: Sequence[str]
    directory: Path | None = None
    policy: Path | None = None
    out: Path | None = None
    since: int | None = None
    until: int | None = None
    format: str | None = None
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    zone: str = "UTC"
    secrets: Path | None = None
    workers: int = 1


@dataclass(slots=True)
class Input:
    """A source on its way through the scan: what it is, what was read of it, what went wrong."""

    name: str
    source: sources.Source | None = None
    dataset: str | None = None
    format: logs.Format | None = None
    tally: Tally = field(default_factory=Tally)
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything the user and the project know beforehand: signatures, directory, policy."""

    database: Database
    directory: Directory
    policy: Policy
    facts: Mapping[str, ServiceFacts]


def scan(options: ScanOptions, advance: Advance | None = None) -> Result:
    """Scan and, with `options.out`, write the report folder; `advance(done, total)` is called after each shard.

    Raises UsageError for what the user must mend before anything is read. What goes wrong with one input is in the
    result's sources.
    """
    if options.out:
        check_folder(options.out)
    rules = load_rules(options.directory, options.policy)
    reading = reading_of(options)
    with ExitStack() as stack:
        spool = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="shadowai-")))
        inputs = list_inputs(options, reading, spool)
        merged = _read_all(inputs, rules.database, reading, options, advance)
        result = _result(merged, inputs, rules)
        if options.out:
            publish(result, _manifest(inputs, rules), options.out)
    return result


def load_rules(directory: Path | None, policy: Path | None) -> Rules:
    """Read signatures, directory and policy, checked against each other."""
    database = load_database()
    people = load_directory(directory) if directory else Directory.empty()
    facts = {service.id: service_facts(database, service.id) for service in database.services.values()}
    known = KnownNames(
        services=frozenset(facts),
        vendors=frozenset(fact.vendor for fact in facts.values()),
        categories=frozenset(database.categories),
        departments=frozenset(people.departments),
    )
    return Rules(database, people, load_policy(policy, known) if policy else Policy.default(), facts)


def service_facts(database: Database, service_id: str) -> ServiceFacts:
    """Give what the database says of a service, for policy and report."""
    service = database.services[service_id]
    return ServiceFacts(
        id=service.id,
        name=service.file.name,
        vendor=service.file.vendor,
        country=service.file.country,
        category=service.category,
        category_name=database.category_name(service.category),
        summary=service.file.summary,
    )


def reading_of(options: ScanOptions) -> detect.Reading:
    """Put together how sources are to be read."""
    own = tuple(logs.custom_csv(columns, name=name) for name, columns in options.columns.items())
    return detect.Reading(own, options.zone, options.secrets)


def list_inputs(options: ScanOptions, reading: detect.Reading, spool: Path) -> list[Input]:
    """Find and recognise the sources; those that cannot be read are in the list with their error."""
    asked = _format_named(options.format, reading) if options.format else None
    found, errors = sources.find_sources(options.arguments, spool)
    inputs = [Input(error.where or "?", error=error.message) for error in errors]
    for source in found:
        one = Input(source.name, source)
        try:
            one.dataset, one.format = detect.recognise(source, reading, asked)
        except SourceError as error:
            one.error = error.message
        inputs.append(one)
    return inputs


def _format_named(name: str, reading: detect.Reading) -> logs.Format:
    known = {**logs.load_formats(), **{fmt.id: fmt for fmt in reading.own}}
    if name not in known:
        raise UsageError(f"no format {name!r}; there are {', '.join(sorted(known))}")
    return known[name]


def tasks_of(inputs: Sequence[Input]) -> Iterator[detect.Task]:
    """Cut the readable inputs into tasks."""
    for number, one in enumerate(inputs):
        if one.source is None or one.dataset is None:
            continue
        for shard in detect.shards(one.source, one.format):
            yield detect.Task(number, shard, one.format)


def _read_all(
    inputs: Sequence[Input],
    database: Database,
    reading: detect.Reading,
    options: ScanOptions,
    advance: Advance | None,
) -> Activity:
    literals = tuple(logs.Needle(*literal) for literal in needles(database))
    detector = detect.Detector(Matcher(database), literals, reading, options.since, options.until)
    tasks = list(tasks_of(inputs))
    merged = Activity()
    outcomes = run(detect.work, tasks, workers=options.workers, prepare=detect.prepare, context=(detector,))
    for done, outcome in enumerate(outcomes, 1):
        merged.merge(outcome.activity)
        one = inputs[outcome.number]
        one.tally.merge(outcome.tally)
        one.error = min(filter(None, (one.error, outcome.error)), default=None)
        if advance:
            advance(done, len(tasks))
    return merged


def _result(activity: Activity, inputs: Iterable[Input], rules: Rules) -> Result:
    directory = rules.directory.learn(sightings(activity))
    frame = attributed_frame(activity, directory.resolve)
    catalogue = Catalogue(rules.facts, rules.policy.status_of, rules.policy.alternative_for)
    report = usage(frame, catalogue, rules.directory.departments)
    reports = tuple(sorted((source_report(one) for one in inputs), key=lambda one: one.path))
    places = {place.id: HidingPlace(place.kind, place.name) for place in rules.database.blind_spots}
    return Result(
        generator=GENERATOR,
        period=Period(
            start=min((one.first for one in reports if one.first), default=None),
            end=max((one.last for one in reports if one.last), default=None),
        ),
        signatures=SignatureVersion(
            version=rules.database.digest,
            services=len(rules.database.services),
            indicators=rules.database.indicator_count,
        ),
        totals=report.totals,
        departments=report.departments,
        candidates=candidates(frame, Matcher(rules.database).candidate),
        blind_spots=blind_spots(frame, places, reports),
        sources=reports,
        warnings=tuple(rules.directory.warnings),
    )


def source_report(one: Input) -> SourceReport:
    """Say what was read of an input, as the result document does."""
    fmt, tally = one.format, one.tally
    error = one.error
    if error is None and one.source and tally.parsed == 0 and tally.broken:
        error = f"no record could be read as {one.dataset}; is this the right format?"
    return SourceReport(
        path=one.name,
        format=one.dataset,
        format_name=fmt.name if fmt else None,
        kind=fmt.kind.value if fmt else ("capture" if one.dataset else None),
        records=tally.records,
        parsed=tally.parsed,
        skipped=dict(sorted(tally.skipped.items())),
        broken=tally.broken,
        first=iso_time(tally.first),
        last=iso_time(tally.last),
        error=error,
        warnings=tuple(_defects(one)),
    )


def _defects(one: Input) -> Iterator[str]:
    for reason, defect in sorted(one.tally.defects.items()):
        number = one.tally.skipped[reason]
        if defect.is_packet or one.source is None:
            yield f"packet {defect.place}: {reason} (first of {number})"
        else:
            line = sources.line_number(one.source, defect.place)
            yield f"line {line}: {reason} (first of {number}, byte {defect.place})"


def _manifest(inputs: Iterable[Input], rules: Rules) -> Manifest:
    return Manifest(
        generator=GENERATOR,
        inputs=tuple(sorted(_fingerprints(inputs), key=lambda one: one.path)),
        signatures=rules.database.digest,
        policy=rules.policy.digest,
        directory=rules.directory.digest,
    )


def _fingerprints(inputs: Iterable[Input]) -> Iterator[InputRecord]:
    for one in inputs:
        if one.source is None:
            continue
        size, sha256 = sources.fingerprint(one.source)
        yield InputRecord(path=one.name, size=size, sha256=sha256, format=one.dataset, records=one.tally.records)


def demo_options(out: Path, workers: int) -> ScanOptions:
    """Say how the shipped samples are scanned."""
    folder = resources.samples()
    names = ("office.pcapng", "branch.pcap", "bind-queries.log", "squid-access.log.gz", "zscaler-web.csv")
    return ScanOptions(
        arguments=[str(folder / name) for name in names],
        directory=folder,
        policy=folder / "policy.yaml",
        out=out,
        workers=workers,
    )
