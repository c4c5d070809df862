"""Metrics of a run for Prometheus, as a file for the node exporter's textfile collector.

The text exposition format 0.0.4; names and units follow Prometheus' "Metric and label naming": base units, `_seconds`,
`_timestamp_seconds`. All are gauges: a run's figures, not sums over runs. The file appears at once or not at all.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from shadowai.errors import UsageError
from shadowai.model import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from shadowai.result import Result

MAX_SOURCES = 500  # that have metrics of their own; each is a time series for ever
MAX_LABEL = 200  # characters
_LAST = "shadowai_last_success_timestamp_seconds"
_UNSAFE = re.compile("[\x00-\x09\x0b-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Run:
    """What is told of one run. Times are seconds since 1970-01-01 UTC; `result` is None where a run did not get there.

    `last_success` is that of the last run that was well, this one's end where it is. `outbox` counts items by channel
    and state.
    """

    started: float
    ended: float
    is_well: bool
    result: Result | None = None
    last_success: float | None = None
    outbox: Mapping[tuple[str, str], int] = field(default_factory=dict)


def write_metrics(path: Path, run: Run) -> None:
    """Write the file. Where the run was not well, the time of the last success is kept from the file before.

    UsageError where the disk refuses.
    """
    last = run.ended if run.is_well else run.last_success if run.last_success is not None else last_success(path)
    content = metrics_text(run, last).encode()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Another suffix: the collector reads every *.prom, and must not see half of one.
        handle, draft = tempfile.mkstemp(prefix=f".{path.name}-", suffix=".tmp", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
                os.fchmod(file.fileno(), 0o644)  # the collector is another user
            Path(draft).replace(path)
        except OSError:
            with suppress(OSError):
                Path(draft).unlink()
            raise
    except OSError as error:
        raise UsageError(f"the metrics cannot be written: {error.strerror or error}", where=path) from error


def last_success(path: Path) -> float | None:
    """Read the time of the last success from a file of metrics; None where there is none."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            for line in file:
                name, _, value = line.partition(" ")
                if name == _LAST:
                    return float(value)
    except (OSError, ValueError):
        return None
    return None


def metrics_text(run: Run, last: float | None) -> str:
    """Write all metrics of a run."""
    return "".join(_lines(run, last))


Sample = tuple[dict[str, str], float]


def _lines(run: Run, last: float | None) -> Iterator[str]:
    yield from _metric("shadowai_run_success", "Whether the last run was well.", [({}, int(run.is_well))])
    yield from _metric("shadowai_last_run_timestamp_seconds", "End of the last run.", [({}, run.ended)])
    if last is not None:
        yield from _metric(_LAST, "End of the last run that was well.", [({}, last)])
    yield from _metric("shadowai_run_duration_seconds", "How long the last run took.", [({}, run.ended - run.started)])
    queue: list[Sample] = [({"channel": name, "state": state}, n) for (name, state), n in sorted(run.outbox.items())]
    yield from _metric("shadowai_outbox_items", "Items of the outbox by channel and state.", queue)
    if run.result is not None:
        yield from _findings(run.result)
        yield from _sources(run.result, run.ended)


def _findings(result: Result) -> Iterator[str]:
    uses = [use for department in result.departments for use in department.services if use.proven and use.sessions]
    counts = Counter(use.status for use in uses)
    findings: list[Sample] = [({"status": status.value}, counts[status]) for status in Status]
    yield from _metric("shadowai_findings", "Departments' proven uses of a service, by status.", findings)
    totals = result.totals
    people: list[Sample] = [({}, totals.people)]
    yield from _metric("shadowai_people", "People who used AI services in the period.", people)
    bad: list[Sample] = [({}, totals.people_unsanctioned)]
    yield from _metric("shadowai_people_unsanctioned", "People who used unsanctioned or prohibited ones.", bad)
    candidates: list[Sample] = [({}, len(result.candidates))]
    yield from _metric("shadowai_candidates", "Hosts that look like AI and are in no signature.", candidates)
    kinds = Counter(spot.kind for spot in result.blind_spots)
    spots: list[Sample] = [({"kind": kind}, number) for kind, number in sorted(kinds.items())]
    yield from _metric("shadowai_blind_spots", "Blind spots by kind.", spots)


def _sources(result: Result, now: float) -> Iterator[str]:
    shown = result.sources[:MAX_SOURCES]
    left: list[Sample] = [({}, len(result.sources) - len(shown))]
    yield from _metric("shadowai_sources_without_metrics", "Sources too many to have metrics of their own.", left)
    labels = [{"source": one.path, "format": one.format or ""} for one in shown]
    for name, says, values in (
        ("shadowai_source_records", "Records met in a source.", [one.records for one in shown]),
        ("shadowai_source_parsed_records", "Records read in full.", [one.parsed for one in shown]),
        ("shadowai_source_broken_records", "Records that are damaged.", [one.broken for one in shown]),
        ("shadowai_source_error", "Whether a source could not be read.", [int(bool(one.error)) for one in shown]),
    ):
        yield from _metric(name, says, zip(labels, values, strict=True))
    skipped: list[Sample] = [
        ({**label, "reason": reason}, number)
        for label, one in zip(labels, shown, strict=True)
        for reason, number in sorted(one.skipped.items())
    ]
    yield from _metric("shadowai_source_skipped_records", "Records that gave no observation, by reason.", skipped)
    lags = ((label, _seconds(one.last)) for label, one in zip(labels, shown, strict=True))
    lag: list[Sample] = [(label, max(0.0, now - last)) for label, last in lags if last is not None]
    yield from _metric("shadowai_source_lag_seconds", "Age of a source's last record when the run ended.", lag)


def _metric(name: str, says: str, samples: Iterable[Sample]) -> Iterator[str]:
    yield f"# HELP {name} {says}\n# TYPE {name} gauge\n"
    merged: dict[str, float] = {}
    for labels, value in samples:
        inside = ",".join(f'{key}="{_label(text)}"' for key, text in labels.items())
        place = f"{name}{{{inside}}}" if inside else name
        merged[place] = merged.get(place, 0) + value  # one series twice would void the whole file
    yield from (f"{place} {_number(value)}\n" for place, value in merged.items())


def _label(text: str) -> str:
    r"""Escape a label's value: `\`, `"` and line breaks; other control characters are replaced."""
    safe = _UNSAFE.sub("\ufffd", text[:MAX_LABEL])
    return safe.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.3f}"


def _seconds(text: str | None) -> float | None:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment.timestamp() if moment.tzinfo else None
