"""What was read of each configured source in a period, as the history knows it.

Records are counted by the hour where they were read in full; what was only counted, or skipped, has no time. Of a file
that lies in the period whole all is told; of one that reaches beyond it the share that its parsed records have there,
and of one of more days than `MOST_DAYS` nothing but those. It is the same whenever it is told: the history makes
reports due whose shares have changed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shadowai.history.checkpoints import ARCHIVE
from shadowai.history.store import DAY_HOURS, MOST_DAYS, day_of, days_of_hours
from shadowai.model import HOUR, Tally
from shadowai.provenance import SourceReport
from shadowai.reports.text import plural
from shadowai.tallied import counted, silent, told

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from shadowai import logs
    from shadowai.history.checkpoints import Lineage
    from shadowai.nightly.periods import Period

_NAMED = 5  # files in one sentence


@dataclass(slots=True)
class _Kept:
    """What is known of one source and dataset in the period; `troubled` names the files with an error."""

    tally: Tally = field(default_factory=Tally)
    troubled: dict[str, str] = field(default_factory=dict)


def kept_sources(
    lineages: Iterable[Lineage], period: Period, formats: Mapping[str, logs.Format]
) -> tuple[SourceReport, ...]:
    """Report each source of the period, by name; `formats` are the log formats by id."""
    found: dict[tuple[str, str, str], _Kept] = {}
    for one in lineages:
        tally = within(one.tally, period)
        has_failed = one.error is not None and _is_of(one, period)
        if tally is None and not has_failed:
            continue
        kept = found.setdefault((one.source, one.dataset or "", one.format or ""), _Kept())
        kept.tally.merge(tally or Tally())
        if has_failed and one.error is not None:
            kept.troubled[one.place.path.rpartition("/")[2]] = one.error
    everywhere = Counter(hour for kept in found.values() for hour in kept.tally.hours)
    return tuple(_report(key, kept, formats, everywhere) for key, kept in sorted(found.items()))


def within(tally: Tally, period: Period) -> Tally | None:
    """Give the part of a tally that is of a period; None where there is none."""
    first, until = period.first * DAY_HOURS, period.until * DAY_HOURS
    hours = Counter({hour: number for hour, number in tally.hours.items() if first <= hour < until})
    if not hours:
        return None
    if len(hours) == len(tally.hours):
        return tally
    part, whole = hours.total(), tally.hours.total()
    begin, end = max(tally.first or 0, min(hours) * HOUR), min(tally.last or 0, (max(hours) + 1) * HOUR - 1)
    if len(days_of_hours(tally.hours)) > MOST_DAYS:
        return Tally(records=part, parsed=part, first=begin, last=end, hours=hours)

    def share(number: int) -> int:
        return number * part // whole

    parsed = part + share(max(tally.parsed - whole, 0))
    skipped = Counter({reason: share(number) for reason, number in tally.skipped.items() if share(number)})
    return Tally(
        records=max(share(tally.records), parsed + skipped.total()),
        parsed=parsed,
        skipped=skipped,
        broken=share(tally.broken),
        formats=tally.formats,
        notes=tally.notes,
        hours=hours,
        first=begin,
        last=end,
    )


def _is_of(one: Lineage, period: Period) -> bool:
    """Say whether a file is of the period: by its records, or by its last change where none could be read."""
    if one.tally.hours:
        return within(one.tally, period) is not None
    return period.first <= day_of(one.place.modified) < period.until


def _report(
    key: tuple[str, str, str], kept: _Kept, formats: Mapping[str, logs.Format], everywhere: Counter[int]
) -> SourceReport:
    name, dataset, format_id = key
    fmt, tally = formats.get(format_id), kept.tally
    return SourceReport(
        path=name,
        format=dataset or None,
        format_name=fmt.name if fmt else None,
        kind=fmt.kind.value if fmt else ("capture" if dataset not in ("", ARCHIVE) and not format_id else None),
        error=_troubles(kept) if tally.parsed == 0 else None,
        warnings=tuple(_warnings(kept)),
        silent=silent(tally, everywhere),
        **counted(tally),
    )


def _warnings(kept: _Kept) -> Iterator[str]:
    if kept.tally.parsed and kept.troubled:
        yield _troubles(kept) or ""
    yield from told(kept.tally)


def _troubles(kept: _Kept) -> str | None:
    """Say what went wrong with which files."""
    told: Sequence[str] = [f"{name} {error}" for name, error in sorted(kept.troubled.items())]
    more = f"; and {plural(len(told) - _NAMED, 'more file')}" if len(told) > _NAMED else ""
    return "; ".join(told[:_NAMED]) + more or None
