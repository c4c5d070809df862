"""Reports of days, weeks and months, made from the history."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shadowai.activity.labels import Labels
from shadowai.errors import UsageError
from shadowai.history.store import REJUDGE, day_of
from shadowai.history.whereabouts import sightings_of
from shadowai.inputs import known_formats
from shadowai.nightly.kept_sources import kept_sources
from shadowai.nightly.periods import period_of
from shadowai.nightly.rematch import rematch
from shadowai.reports.document import RESULT, read_result
from shadowai.reports.folder import inputs_of, publish
from shadowai.reports.order import STANDARD_ORDER, Order

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from shadowai import logs
    from shadowai.history.checkpoints import Lineage
    from shadowai.history.store import History
    from shadowai.nightly.periods import Period
    from shadowai.provenance import SourceReport
    from shadowai.result import Result
    from shadowai.rules import Rules


@dataclass(frozen=True, slots=True)
class Press:
    """What reports of periods are made from and with: the history, today's rules, who is called how, what is written.

    `own` are log formats of the user's own. `lineages` are those of the history, with their tallies.
    """

    history: History
    rules: Rules
    lineages: Sequence[Lineage]
    own: Sequence[logs.Format] = ()
    labels: Labels = field(default_factory=Labels)
    order: Order = STANDARD_ORDER

    def result(self, period: Period, previous: Result | None = None) -> Result:
        """Make the result document of a period; everything but the activity itself is of today."""
        from shadowai.assemble import Frame, assemble  # noqa: PLC0415  # brings pandas, which few runs need

        known = rematch(self.history.columns(period.first, period.until), self.rules.database)
        seen = sightings_of(self.history, period.first, period.until)
        frame = Frame(period.start, period.end, previous, self.labels, seen)
        result = assemble(known.columns, self.sources(period), self.rules, frame)
        return result.model_copy(update={"warnings": (*result.warnings, *known.notes, *self._judged_again(period))})

    def _judged_again(self, period: Period) -> Iterator[str]:
        """Say when and why somebody had days of the period judged again."""
        for one in self.history.decisions():
            first = one["detail"][:10]
            if one["kind"] == REJUDGE and first < _day(period.until) and period.first <= day_of(one["time"]):
                yield f"judged again on {_day(day_of(one['time']))} ({one['reason']}): {one['detail']}"

    def sources(self, period: Period) -> tuple[SourceReport, ...]:
        """Report what was read in the period of each source."""
        return kept_sources(self.lineages, period, known_formats(self.own))

    def write(self, period: Period, out: Path) -> Result:
        """Write the report of a period into its folder below `out`, compared with that of the period before."""
        result = self.result(period, result_before(period, out))
        publish(result, self.rules.manifest(inputs_of(result)), folder_of(period, out), self.order)
        return result


def _day(day: int) -> str:
    return period_of(day, "day").label


def folder_of(period: Period, out: Path) -> Path:
    """Give the folder of a period's report."""
    return out / period.kind / period.label


def result_before(period: Period, out: Path) -> Result | None:
    """Give the result of the period before; None where there is none that this version can read."""
    file = folder_of(period.before, out) / RESULT
    try:
        return read_result(file) if file.is_file() else None
    except UsageError:
        return None
