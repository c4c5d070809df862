"""When a source fell silent, and when nobody can say so."""

from __future__ import annotations

from shadowai.activity.coverage import days_of, silent_periods
from shadowai.provenance import DayCount, Period

DAY0 = 490_000 - 490_000 % 24  # hours since the epoch; midnight


def _office(days: int, missing: set[int] = frozenset()) -> dict[int, int]:
    hours = (DAY0 + 24 * day + hour for day in range(days) for hour in range(8, 18))
    return {hour: 500 for hour in hours if hour - DAY0 not in missing}


def test_days_add_up() -> None:
    assert days_of({DAY0 + 9: 5, DAY0 + 10: 7, DAY0 + 33: 1}) == (
        DayCount(day="2025-11-24", parsed=12, hours=2),
        DayCount(day="2025-11-25", parsed=1, hours=1),
    )


def test_quiet_nights_are_no_silence() -> None:
    assert silent_periods(_office(7), (), whole=True) == ()


def test_an_afternoon_without_records_is_silence() -> None:
    missing = {24 * 3 + hour for hour in (13, 14, 15)}
    (period,) = silent_periods(_office(7, missing), (), whole=True)
    assert period == Period(start="2025-11-27T13:00:00.000000Z", end="2025-11-27T16:00:00.000000Z")


def test_a_young_source_is_silent_where_another_one_speaks() -> None:
    hours = {DAY0 + hour: 500 for hour in (8, 9, 10, 13, 14)}
    assert silent_periods(hours, (), whole=True) == ()
    (period,) = silent_periods(hours, {DAY0 + 11, DAY0 + 12}, whole=True)
    assert (period.start, period.end) == ("2025-11-24T11:00:00.000000Z", "2025-11-24T13:00:00.000000Z")


def test_a_source_of_few_records_or_of_samples_says_nothing() -> None:
    few = {DAY0 + hour: 3 for hour in (8, 9, 10, 13, 14)}
    assert silent_periods(few, {DAY0 + 11}, whole=True) == ()
    sampled = dict.fromkeys(_office(7, {24 * 3 + 13}), 20)
    assert silent_periods(sampled, (), whole=False) == ()
    assert silent_periods(sampled, (), whole=True) != ()


def test_absurd_times_cost_nothing() -> None:
    assert silent_periods({-10_000_000: 900, 10_000_000: 900}, (), whole=True) == ()
