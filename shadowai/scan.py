"""The scan: sources are listed, recognised, cut into shards and read; what they gave is merged and becomes a result."""

from __future__ import annotations

import importlib
import tempfile
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from shadowai import GENERATOR, detect, flows, logs, resources, sources
from shadowai.activity.flows import Notes
from shadowai.activity.rollup import Activity
from shadowai.engine import interrupts_held_back, run
from shadowai.errors import UsageError
from shadowai.inputs import Input, ReadOptions, input_records, list_inputs, rings_of, source_reports, tasks_of
from shadowai.joining import Joining
from shadowai.reports.folder import check_folder, publish
from shadowai.result import Manifest
from shadowai.rules import Rules, load_rules
from shadowai.signatures import Matcher, needles

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shadowai.result import Result

    Advance = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class ScanOptions:
    """What to scan, by which rules, and where to write. `since` and `until` are ns since the epoch."""

    read: ReadOptions
    directory: Path | None = None
    policy: Path | None = None
    signatures: Path | None = None
    out: Path | None = None
    since: int | None = None
    until: int | None = None
    workers: int = 1


def scan(options: ScanOptions, advance: Advance | None = None) -> Result:
    """Scan and, with `options.out`, write the report folder; `advance(done, total)` is called after each shard.

    Raises UsageError for what the user must mend before anything is read. What goes wrong with one input is in the
    result's sources.
    """
    if options.since is not None and options.until is not None and options.since >= options.until:
        raise UsageError("--since must be before --until; nothing lies between them")
    if options.out:
        check_folder(options.out)
    rules = load_rules(options.directory, options.policy, options.signatures)
    reading = options.read.reading()
    with ExitStack() as owned:
        with interrupts_held_back():  # one that comes while the folder is made would leave it behind
            spool = owned.enter_context(tempfile.TemporaryDirectory(prefix="shadowai-"))
        inputs = list_inputs(options.read, reading, Path(spool))
        detector = _detector(rules, reading, options)
        with sources.Fingerprints([one.source for one in inputs if one.source and options.out]) as prints:
            activity = _read_all(inputs, detector, Path(spool), options.workers, advance)
            result = _assemble(activity, inputs, rules, options)
            if options.out:
                publish(result, _manifest(inputs, rules, prints), options.out)
    return result


def _detector(rules: Rules, reading: detect.Reading, options: ScanOptions) -> detect.Detector:
    literals = tuple(logs.Needle(*literal) for literal in needles(rules.database))
    return detect.Detector(Matcher(rules.database), literals, reading, options.since, options.until)


def _read_all(
    inputs: Sequence[Input], detector: detect.Detector, spool: Path, workers: int, advance: Advance | None
) -> Activity:
    in_parts = detector.reading.keylog is None
    rings = rings_of(inputs) if in_parts else []
    tasks = flows.with_folders(list(tasks_of(inputs, in_parts=in_parts, rings=rings)), spool)
    joining = Joining(detector, tasks, rings)
    merged, notes = Activity(), Notes()
    outcomes = run(
        detect.work, tasks, workers=workers, prepare=detect.prepare, context=(detector,), meanwhile=_load_assembly
    )
    with closing(outcomes):
        for done, outcome in enumerate(outcomes, 1):
            for whole in joining.take(outcome):
                merged.merge(whole.activity)
                notes.merge(whole.notes or Notes())
                inputs[whole.number].take(whole)
            if advance:
                advance(done, len(tasks))
    for whole in joining.finish():
        merged.merge(whole.activity)
        inputs[whole.number].take(whole)
    flows.join(merged, notes, inputs, flows.Again(tasks, detector.reading, workers))
    return merged


def _load_assembly() -> None:
    """Import what assembling needs while the workers begin: pandas takes a quarter of a second."""
    importlib.import_module("shadowai.assemble")


def _assemble(activity: Activity, inputs: Sequence[Input], rules: Rules, options: ScanOptions) -> Result:
    from shadowai.assemble import assemble  # noqa: PLC0415  # brings pandas, which reading never needs

    return assemble(activity, source_reports(inputs), rules, since=options.since, until=options.until)


def _manifest(inputs: Sequence[Input], rules: Rules, prints: sources.Fingerprints) -> Manifest:
    return Manifest(
        generator=GENERATOR,
        inputs=input_records(inputs, prints),
        signatures=rules.database.digest,
        policy=rules.policy.digest,
        directory=rules.directory.digest,
    )


def demo_options(out: Path, workers: int) -> ScanOptions:
    """Say how the shipped samples are scanned."""
    folder = resources.samples()
    names = ("office.pcapng", "branch.pcap", "bind-queries.log", "squid-access.log.gz", "zscaler-web.csv")
    return ScanOptions(
        ReadOptions([str(folder / name) for name in names]),
        directory=folder,
        policy=folder / "policy.yaml",
        out=out,
        workers=workers,
    )
