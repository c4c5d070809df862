"""The scan: sources are listed, recognised, cut into shards and read; what they gave is merged and becomes a result."""

from __future__ import annotations

import importlib
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from shadowai import detect, flows, resources, second_look, sources
from shadowai.activity.columns import columns_of
from shadowai.activity.labels import Labels
from shadowai.activity.rollup import Activity
from shadowai.directory import DirectoryOptions
from shadowai.engine import connected, interrupts_held_back
from shadowai.errors import UsageError
from shadowai.gathering import Work, detector_of, gather
from shadowai.inputs import Input, ReadOptions, Recorded, input_records, list_inputs, rings_of, source_reports, tasks_of
from shadowai.reach import reaching
from shadowai.reports.document import read_result
from shadowai.reports.folder import check_folder, publish
from shadowai.reports.order import STANDARD_ORDER, Order
from shadowai.rules import Rules, load_rules

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shadowai.activity.columns import Columns
    from shadowai.activity.sightings import Sightings
    from shadowai.directory import Directory
    from shadowai.engine import Workers
    from shadowai.result import Result

    Advance = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class ScanOptions:
    """What to scan, by which rules, and where to write.

    `since` and `until` are ns since the epoch, `previous` is an earlier result (or its folder) to compare with,
    `labels` say how people are called, `directory_options` how the directory's files are read, `order` what is written
    of the report. `cluster` is the address of a Dask scheduler whose workers read in the place of
    `workers` processes here.
    """

    read: ReadOptions
    directory: Path | None = None
    policy: Path | None = None
    signatures: Path | None = None
    out: Path | None = None
    since: int | None = None
    until: int | None = None
    workers: int = 1
    directory_options: DirectoryOptions = field(default_factory=DirectoryOptions)
    previous: Path | None = None
    labels: Labels = field(default_factory=Labels)
    order: Order = STANDARD_ORDER
    cluster: str | None = None


def scan(options: ScanOptions, advance: Advance | None = None) -> Result:
    """Scan and, with `options.out`, write the report folder; `advance(done, total)` is called after each shard.

    Raises UsageError for what the user must mend before anything is read. What goes wrong with one input is in the
    result's sources.
    """
    if options.since is not None and options.until is not None and options.since >= options.until:
        raise UsageError("--since must be before --until; nothing lies between them")
    if options.out:
        check_folder(options.out)
    previous = read_result(options.previous) if options.previous else None
    rules = load_rules(options.directory, options.policy, options.signatures, options.directory_options)
    reading = options.read.reading()
    with ExitStack() as owned:
        with interrupts_held_back():  # one that comes while the folder is made would leave it behind
            spool = owned.enter_context(tempfile.TemporaryDirectory(prefix="shadowai-"))
        workers = owned.enter_context(connected(options.cluster)) if options.cluster else options.workers
        inputs = list_inputs(options.read, reading, Path(spool))
        detector = detector_of(rules, reading, options.since, options.until)
        with sources.Fingerprints([one.source for one in inputs if one.source and options.out]) as prints:
            with reaching(workers, inputs, Path(spool), reading.keylog):
                means = _Means(Path(spool), workers, advance, is_written=options.out is not None)
                gathered = _read_all(inputs, detector, means, rules.directory)
            result = _assemble(gathered, inputs, rules, options, previous)
            if options.out:
                publish(result, rules.manifest(input_records(inputs, prints)), options.out, options.order)
    return result


@dataclass(frozen=True, slots=True)
class _Means:
    """What reading needs beside what is read: room, workers, whom to tell how far it has come.

    `is_written` says that a report will be.
    """

    spool: Path
    workers: Workers
    advance: Advance | None
    is_written: bool


def _read_all(
    inputs: Sequence[Input], detector: detect.Detector, means: _Means, directory: Directory
) -> tuple[Columns, Sightings]:
    in_parts = detector.reading.keylog is None
    rings = rings_of(inputs) if in_parts else []
    tasks = flows.with_folders(list(tasks_of(inputs, in_parts=in_parts, rings=rings)), means.spool)
    merged = Activity()
    work = Work(tasks, rings, detector, means.workers, partial(_load_the_rest, is_written=means.is_written))
    notes = gather(work, inputs, lambda _number: merged, means.advance)
    again = detect.Again(tasks, detector.reading, means.workers)
    flows.join(merged, notes, inputs, again)
    columns = columns_of(merged)
    return columns, second_look.look_again(columns, directory, inputs, again)


def _load_the_rest(*, is_written: bool) -> None:
    """Import what comes after reading while the workers begin: pandas takes a quarter of a second."""
    importlib.import_module("shadowai.assemble")
    if is_written:
        importlib.import_module("shadowai.reports.files")


def _assemble(
    gathered: tuple[Columns, Sightings],
    inputs: Sequence[Input],
    rules: Rules,
    options: ScanOptions,
    previous: Result | None,
) -> Result:
    from shadowai.assemble import Frame, assemble  # noqa: PLC0415  # brings pandas, which reading never needs

    columns, seen = gathered
    frame = Frame(options.since, options.until, previous, options.labels, seen)
    return assemble(columns, source_reports(inputs), rules, frame)


def demo_options(out: Path, workers: int) -> ScanOptions:
    """Say how the shipped samples are scanned: by their own names, wherever they are installed."""
    folder = resources.samples()
    names = ("office.pcapng", "branch.pcap", "bind-queries.log", "squid-access.log.gz", "zscaler-web.csv")
    samples = [Recorded(sources.Source(name, folder / name)) for name in names]
    return ScanOptions(
        ReadOptions((), recorded=samples),
        directory=folder,
        policy=folder / "policy.yaml",
        out=out,
        workers=workers,
    )
