"""What hours a source covers, and when it fell silent: that nothing is logged does not mean that nothing is done.

Hours are whole hours since 1970-01-01 UTC.
"""

from __future__ import annotations

from collections import Counter
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from shadowai.model import HOUR, iso_time
from shadowai.provenance import DayCount, Period

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

DAY_HOURS = 24
LEAST_DAYS = 3  # other days on which an hour's habit can be seen
STEADY = 200  # records an hour; where that many are read in most hours, an hour without any is no chance
SPARSE = 20  # hours of the span for one with records; so thin a source has no habits
MAX_SILENT = 100  # periods that are told of one source


def days_of(hours: Mapping[int, int]) -> tuple[DayCount, ...]:
    """Sum records by hour up to days (UTC)."""
    records: Counter[int] = Counter()
    active: Counter[int] = Counter()
    for hour, number in hours.items():
        records[hour // DAY_HOURS] += number
        active[hour // DAY_HOURS] += 1
    return tuple(DayCount(day=_day(day), parsed=records[day], hours=active[day]) for day in sorted(records))


def silent_periods(hours: Mapping[int, int], elsewhere: Collection[int], *, whole: bool) -> tuple[Period, ...]:
    """Give the times between a source's first and last record in which it should have had some and has none.

    An hour is silent when the source has records in that hour of most of its other days, or, where it is too young to
    have habits, when another source has some then (`elsewhere`). `whole` says that every record was read: where only
    samples were, nothing is said of a source with few of them.
    """
    if len(hours) < 2 or not (whole or sum(hours.values()) >= STEADY * len(hours)):  # noqa: PLR2004  # first and last
        return ()
    first, last = min(hours), max(hours)
    if last - first > SPARSE * len(hours):
        return ()
    missing = [hour for hour in _gaps(sorted(hours)) if _is_expected(hour, hours, elsewhere, range(first, last + 1))]
    runs = groupby(enumerate(missing), key=lambda item: item[1] - item[0])
    periods = ([hour for _, hour in run] for _, run in runs)
    return tuple(Period(start=_time(run[0]), end=_time(run[-1] + 1)) for run in periods)[:MAX_SILENT]


def _gaps(hours: list[int]) -> Iterator[int]:
    """Give the hours that are missing."""
    for before, after in pairwise(hours):
        yield from range(before + 1, after)


def _is_expected(hour: int, hours: Mapping[int, int], elsewhere: Collection[int], span: range) -> bool:
    others = [other for other in _same_hours(hour, span) if other != hour]
    if len(others) < LEAST_DAYS:
        steady = sum(hours.values()) >= STEADY * len(hours)
        return steady and hour in elsewhere
    return sum(other in hours for other in others) * 2 > len(others)


def _same_hours(hour: int, span: range) -> list[int]:
    """Give the same hour of up to eight days about this one, within a span."""
    near = (hour + DAY_HOURS * day for day in range(-4, 5))
    return [other for other in near if other in span]


def _day(number: int) -> str:
    return (iso_time(number * DAY_HOURS * HOUR) or "")[:10]


def _time(hour: int) -> str | None:
    return iso_time(hour * HOUR)
