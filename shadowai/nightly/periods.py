"""Days, weeks and months (UTC) that reports are about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from shadowai.activity.columns import midnight

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

_EPOCH = date(1970, 1, 1)
KINDS = ("day", "week", "month")


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A day, an ISO week (from Monday) or a month: days since 1970-01-01, the last one excluded."""

    first: int
    until: int
    kind: str

    @property
    def label(self) -> str:
        """The name of its folder: 2026-11-20, 2026-W47 or 2026-11."""
        start = _date(self.first)
        if self.kind == "week":
            year, week, _ = start.isocalendar()
            return f"{year:04}-W{week:02}"
        return f"{start:%Y-%m}" if self.kind == "month" else start.isoformat()

    @property
    def start(self) -> int:
        """Its beginning in ns since the epoch."""
        return midnight(self.first)

    @property
    def end(self) -> int:
        """Its end in ns since the epoch, excluded."""
        return midnight(self.until)

    @property
    def before(self) -> Period:
        """The period before it."""
        return period_of(self.first - 1, self.kind)

    @property
    def after(self) -> Period:
        """The period behind it."""
        return period_of(self.until, self.kind)


def period_of(day: int, kind: str) -> Period:
    """Give the period of a kind that a day is in."""
    if kind == "day":
        return Period(day, day + 1, kind)
    at = _date(day)
    if kind == "week":
        first = day - at.weekday()
        return Period(first, first + 7, kind)
    first_of_month = at.replace(day=1)
    following = (first_of_month + timedelta(days=31)).replace(day=1)
    return Period(_number(first_of_month), _number(following), kind)


def periods_of(days: Iterable[int], kinds: Iterable[str], known: Collection[int]) -> list[Period]:
    """Give the periods whose reports change when something comes in of some days, in the order of time.

    They are those that the days are in, and the one behind each, whose report says what changed since: where something
    is known of it (`known` are the days of which there is something).
    """
    touched = {period_of(day, kind) for kind in kinds for day in days if is_day(day)}
    behind = {period.after for period in touched}
    there = {period_of(day, kind) for kind in kinds for day in known if is_day(day)}
    return sorted(touched | (behind & there))


def is_day(day: int) -> bool:
    """Say whether a calendar has this day with a month about it: hostile records may name any time."""
    return date.min.toordinal() + 31 < day + _EPOCH.toordinal() < date.max.toordinal() - 31


def _date(day: int) -> date:
    return _EPOCH + timedelta(days=day)


def _number(day: date) -> int:
    return (day - _EPOCH).days
