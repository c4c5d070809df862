from collections.abc import Callable, Mapping
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowai.model import Status
from shadowai.provenance import Period
from shadowai.reports import charts
from shadowai.result import DayUse, HourUse, Result, ServiceUse, StatusCounts

Examples = Mapping[str, Callable[[], Result]]
NO_PERIOD = Period(start=None, end=None)


@pytest.fixture(scope="module")
def service(examples: Examples) -> ServiceUse:
    return examples["one"]().departments[0].services[0]


def on(service: ServiceUse, days: Mapping[str, int], status: Status = Status.SANCTIONED) -> ServiceUse:
    uses = tuple(DayUse(day=day, people=1, sessions=count, bytes_up=None) for day, count in days.items())
    return service.model_copy(update={"days": uses, "sessions": sum(days.values()), "status": status})


def test_bars_stack_to_the_height_of_their_sum(service: ServiceUse) -> None:
    services = [
        on(service, {"2026-11-02": 60, "2026-11-04": 10}),
        on(service, {"2026-11-02": 40}, Status.PROHIBITED),
    ]
    chart = charts.time_chart(services, NO_PERIOD)
    assert chart is not None
    assert [(bar.label, bar.counts, bar.total) for bar in chart.bars] == [
        ("2 Nov", (60, 40), 100),
        ("3 Nov", (0, 0), 0),
        ("4 Nov", (10, 0), 10),
    ]
    sanctioned, prohibited = chart.legend
    assert (sanctioned.status, len(sanctioned.segments), len(prohibited.segments)) == ("sanctioned", 2, 1)
    low, high = sanctioned.segments[0], prohibited.segments[0]
    assert (low.top, low.height) == (charts.HEIGHT * 0.4, charts.HEIGHT * 0.6 - 1)
    assert (high.top, high.left) == (0.0, low.left)
    assert [(entry.word, entry.count) for entry in chart.legend] == [("Sanctioned", 70), ("Prohibited", 40)]
    assert chart.title == "Sessions per day by status, 2 Nov to 4 Nov. Sanctioned 70 and Prohibited 40."
    assert chart.heading == "Sessions per day"
    assert [(tick.top, tick.label) for tick in chart.ticks] == [(0, "100"), (50, "50"), (100, "0")]


def by_the_hour(service: ServiceUse, hours: Mapping[str, int]) -> ServiceUse:
    days: dict[str, int] = {}
    for hour, count in hours.items():
        days[hour[:10]] = days.get(hour[:10], 0) + count
    uses = tuple(
        HourUse(hour=hour, sessions=count, statuses=StatusCounts(prohibited=1)) for hour, count in hours.items()
    )
    return on(service, days).model_copy(update={"hours": uses})


def test_a_day_is_drawn_by_the_hour(service: ServiceUse) -> None:
    chart = charts.time_chart([by_the_hour(service, {"2026-11-02T09": 3, "2026-11-02T11": 1})], NO_PERIOD)
    assert chart is not None
    assert (chart.step, chart.heading) == ("hour", "Sessions per hour (UTC)")
    assert [(bar.label, bar.counts) for bar in chart.bars] == [("09:00", (2, 1)), ("10:00", (0, 0)), ("11:00", (0, 1))]
    assert [entry.word for entry in chart.legend] == ["Sanctioned", "Prohibited"]
    assert chart.undated == ""


def test_two_days_say_which_hour_is_whose(service: ServiceUse) -> None:
    period = Period(start="2026-11-02T22:30:00Z", end="2026-11-03T01:15:00.5Z")
    chart = charts.time_chart([by_the_hour(service, {"2026-11-02T23": 2})], period)
    assert chart is not None
    assert [bar.label for bar in chart.bars] == ["2 Nov 22:00", "2 Nov 23:00", "3 Nov 00:00", "3 Nov 01:00"]


def test_a_short_use_in_a_long_period_is_drawn_by_day(service: ServiceUse) -> None:
    period = Period(start="2026-11-02T00:00:00Z", end="2026-11-04T00:00:00Z")
    chart = charts.time_chart([by_the_hour(service, {"2026-11-02T23": 2})], period)
    assert chart is not None
    assert chart.step == "day"


def test_without_the_hours_of_every_session_days_are_drawn(service: ServiceUse) -> None:
    told, untold = by_the_hour(service, {"2026-11-02T23": 2}), on(service, {"2026-11-02": 1})
    chart = charts.time_chart([told, untold], NO_PERIOD)
    assert chart is not None
    assert (chart.step, chart.bars[0].total) == ("day", 3)


def test_hours_that_cannot_be_read_are_said(service: ServiceUse) -> None:
    odd = HourUse(hour="2026-11-02T99", sessions=2)
    good = HourUse(hour="2026-11-02T10", sessions=1)
    one = on(service, {"2026-11-02": 3}).model_copy(update={"hours": (odd, good)})
    chart = charts.time_chart([one], NO_PERIOD)
    assert chart is not None
    assert chart.undated == "2 sessions have no day and are not drawn."


def test_one_prohibited_session_on_a_busy_day_can_be_seen(service: ServiceUse) -> None:
    services = [on(service, {"2026-11-02": 9999}), on(service, {"2026-11-02": 1}, Status.PROHIBITED)]
    chart = charts.time_chart(services, NO_PERIOD)
    assert chart is not None
    low, high = (entry.segments[0] for entry in chart.legend)
    assert 2 < high.height < 4
    assert high.top >= 0
    assert high.top + high.height <= low.top


def test_quiet_days_of_the_period_are_drawn(service: ServiceUse) -> None:
    chart = charts.time_chart([on(service, {"2026-11-04": 1})], Period(start="2026-11-02T00:00:00Z", end="2026-11-08"))
    assert chart is not None
    assert [bar.label for bar in chart.bars] == ["2 Nov", "3 Nov", "4 Nov", "5 Nov", "6 Nov", "7 Nov", "8 Nov"]
    assert [(label.label, label.minor) for label in chart.labels] == [
        (bar.label, bool(at % 2)) for at, bar in enumerate(chart.bars)
    ]
    assert [label.left for label in chart.labels[:2]] == [7.143, 21.429]  # the middles of two of seven bars


@pytest.mark.parametrize(
    ("last", "step", "first_label", "last_label"),
    [
        ("2026-03-03", "day", "1 Jan", "3 Mar"),
        ("2026-06-30", "week", "29 Dec", "29 Jun"),
        ("2028-02-01", "month", "Jan 2026", "Feb 2028"),
        ("2041-05-05", "year", "2026", "2041"),
    ],
)
def test_long_periods_take_larger_steps(
    service: ServiceUse, last: str, step: str, first_label: str, last_label: str
) -> None:
    chart = charts.time_chart([on(service, {"2026-01-01": 2, last: 3})], NO_PERIOD)
    assert chart is not None
    assert (chart.step, chart.bars[0].label, chart.bars[-1].label) == (step, first_label, last_label)
    assert (chart.bars[0].total, chart.bars[-1].total) == (2, 3)
    assert len(chart.bars) <= charts.MAX_BARS + 1
    assert len(chart.labels) <= charts.MAX_LABELS


def test_a_clock_that_was_wrong_by_millennia_costs_nothing(service: ServiceUse) -> None:
    chart = charts.time_chart([on(service, {"0001-01-01": 1, "9999-12-31": 1})], NO_PERIOD)
    assert chart is not None
    assert [bar.label for bar in chart.bars] == ["1", "9999"]


def test_sessions_without_a_day_are_told(service: ServiceUse) -> None:
    known = on(service, {"2026-11-02": 3, "someday": 2})
    chart = charts.time_chart([known], NO_PERIOD)
    assert chart is not None
    assert chart.undated == "2 sessions have no day and are not drawn."
    assert charts.time_chart([on(service, {"someday": 2})], NO_PERIOD) is None
    assert charts.time_chart([], NO_PERIOD) is None


@given(
    st.lists(
        st.tuples(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.sampled_from(Status), st.integers(1, 10**9)),
        min_size=1,
        max_size=20,
    )
)
def test_no_session_is_lost_and_no_bar_leaves_the_drawing(
    examples: Examples, uses: list[tuple[date, Status, int]]
) -> None:
    base = examples["one"]().departments[0].services[0]
    chart = charts.time_chart([on(base, {str(day): count}, status) for day, status, count in uses], NO_PERIOD)
    assert chart is not None
    assert sum(bar.total for bar in chart.bars) == sum(count for _, _, count in uses)
    assert not chart.undated
    for part in (part for entry in chart.legend for part in entry.segments):
        assert 0 <= part.left <= 100 - chart.bar_width
        assert part.top >= -0.01
        assert part.top + part.height <= charts.HEIGHT + 0.01


@given(st.dates(date(2, 1, 1), date(9998, 12, 31)))
def test_a_week_begins_on_monday(moment: date) -> None:
    start = charts._start(moment, "week")
    assert start.weekday() == 0
    assert timedelta(0) <= moment - start < timedelta(7)


def test_bar_percent_stays_in_its_track() -> None:
    assert [charts.bar_percent(*pair) for pair in ((0, 9), (1, 1000), (1, 2), (3, 2), (1, 0))] == [0, 1, 50, 100, 0]


def test_an_axis_has_even_steps_of_whole_sessions() -> None:
    for most in range(1, 200):
        ticks = charts._ticks(charts._round_up(most))
        values = [int(tick.label) for tick in ticks]
        assert values[0] >= most
        assert values[-1] == 0
        assert len({round(high - low, 6) for high, low in pairwise(values)}) == 1
        assert [tick.top for tick in ticks] == [round(100 - 100 * value / values[0], 2) for value in values]
