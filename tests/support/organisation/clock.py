"""The time of the made-up organisation: how long it is watched, and dice that fall the same way for the same seed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

SECOND = 1_000_000_000  # ns
MICRO = SECOND // 1_000_000
MILLI = SECOND // 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

# A Monday after the twelfth, so that day and month of a date cannot be taken for one another.
START = datetime(2026, 11, 16, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SATURDAY = 5


@dataclass(frozen=True)
class Size:
    """How large an organisation, and for how many days it is watched from `START` on."""

    people: int
    days: int

    @property
    def half(self) -> int:
        """Number of the day (from 0) on which things change: people move, and a sanction begins."""
        return self.days // 2

    @property
    def work_days(self) -> list[int]:
        """Days without the weekends."""
        return [day for day in range(self.days) if (START + timedelta(days=day)).weekday() < _SATURDAY]


SIZES = {"small": Size(40, 2), "full": Size(300, 14)}


def dice(seed: int, purpose: str) -> random.Random:
    """Give dice of their own for each purpose, so that one part's throws do not change another's."""
    return random.Random(f"{seed} {purpose}")  # seeded, not secret


def at(day: int, hours: float) -> int:
    """Nanoseconds since the epoch of an hour of a day, in whole seconds."""
    return int(START.timestamp()) * SECOND + day * DAY + round(hours * 3600) * SECOND


def moment(time: int) -> datetime:
    """UTC time of nanoseconds since the epoch, cut to microseconds."""
    return EPOCH + timedelta(microseconds=time // 1000)


def day_of(time: int) -> date:
    """UTC day of nanoseconds since the epoch."""
    return moment(time).date()


def date_of(day: int) -> date:
    """Date of a day counted from the first."""
    return (START + timedelta(days=day)).date()


def iso(time: int) -> str:
    """RFC 3339 in UTC with microseconds, as the result document writes times."""
    return f"{moment(time):%Y-%m-%dT%H:%M:%S.%f}Z"
