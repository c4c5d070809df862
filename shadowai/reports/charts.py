"""Geometry of the chart over time: what the templates draw as inline SVG, with the same figures in words.

Bars stand at percents of the drawing's width and heights in pixels, so that a chart fits a phone and a sheet of paper
without a script, and neither its patterns nor its labels are stretched. Colour is never alone: bars are stacked in a
fixed order, each status has its own pattern, and a table tells the numbers. Why no library draws them:
docs/decisions/charts.md.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from shadowai.model import Status
from shadowai.provenance import Period
from shadowai.reports import text, words
from shadowai.reports.language import say, say_many
from shadowai.result import DayUse, HourUse, ServiceUse

HEIGHT = 160  # of the plot, in units of the drawing, which are CSS pixels
MIN_HEIGHT = 4.0  # of a segment with its gap
GAP = 1.0  # between segments
FILL = 0.76  # of the room of one bar; the rest is the gap
MINOR = 4  # labels for which a phone has room
MAX_LABELS = 7  # of the time axis; on a phone, every second is left out
MAX_BARS = 62  # two months of days; longer periods are drawn by week, month or year
FEW_DAYS = 2  # are drawn by the hour


@dataclass(frozen=True, slots=True)
class Segment:
    """One status's part of a bar: from the left in percent, from the top in pixels, and its height in pixels."""

    left: float
    top: float
    height: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One step of time: its label, and its sessions by status, as in the legend."""

    label: str
    counts: tuple[int, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the value axis: distance from the top in percent, and its value."""

    top: float
    label: str


@dataclass(frozen=True, slots=True)
class TimeLabel:
    """A text of the time axis: the middle of its bar in percent, and whether a phone has no room for it."""

    left: float
    label: str
    minor: bool


@dataclass(frozen=True, slots=True)
class Legend:
    """One status of the chart: its sessions over the whole period, and its segments in order of time."""

    status: str
    word: str
    count: int
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class TimeChart:
    """Sessions over time by status.

    `step` is hour, day, week, month or year, `heading` says so, and `title` is the whole chart in words. `bar_width` is
    in percent of the width, `height` in pixels. `undated` is a sentence about sessions without a day, or empty.
    """

    step: str
    heading: str
    title: str
    height: int
    bar_width: float
    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    legend: tuple[Legend, ...]
    labels: tuple[TimeLabel, ...]
    undated: str


Counts = dict[Status, int]


def time_chart(services: Iterable[ServiceUse], period: Period) -> TimeChart | None:
    """Lay out sessions over time by status; None where no session has a day."""
    by_moment, undated = _sessions_by_moment(list(services), period)
    if not by_moment:
        return None
    step, starts = _steps(by_moment, period)
    by_step: dict[date, Counter[Status]] = {start: Counter() for start in starts}
    for moment, counts in by_moment.items():
        by_step.setdefault(_start(moment, step), Counter()).update(counts)
    statuses = [status for status in Status if any(counts[status] for counts in by_step.values())]
    top = _round_up(max(sum(counts.values()) for counts in by_step.values()))
    columns = [[by_step[start][status] for status in statuses] for start in sorted(by_step)]
    labels = _labels(sorted(by_step), step)
    bars = tuple(Bar(label, tuple(counts), sum(counts)) for label, counts in zip(labels, columns, strict=True))
    stacked = [_stack(_left(place, len(columns)), counts, top) for place, counts in enumerate(columns)]
    legend = tuple(
        Legend(
            status.value,
            words.status(status),
            sum(counts[place] for counts in columns),
            tuple(stack[place] for stack in stacked if place in stack),
        )
        for place, status in enumerate(statuses)
    )
    return TimeChart(
        step=step,
        heading=_heading(step),
        title=_title(_heading(step), bars, legend),
        height=HEIGHT,
        bar_width=round(100 * FILL / len(bars), 3),
        bars=bars,
        ticks=_ticks(top),
        legend=legend,
        labels=_time_labels([bar.label for bar in bars]),
        undated=_undated(undated),
    )


def bar_percent(part: int, whole: int) -> int:
    """Give the length of a horizontal bar in percent; something that is there is never shorter than 1."""
    if part <= 0 or whole <= 0:
        return 0
    return min(100, max(1, 100 * part // whole))


def _sessions_by_moment(services: Sequence[ServiceUse], period: Period) -> tuple[dict[date, Counts], int]:
    """Count sessions by status and day, of few days by status and hour (datetimes in UTC), and those without a day."""
    hourly = _is_short(services, period)
    by_moment: dict[date, Counts] = {}
    undated = 0
    for service in services:
        uses = [(text.parse_hour(one.hour), one) for one in service.hours] if hourly else _days(service)
        dated = 0
        for moment, use in uses:
            if moment is None or not use.sessions:
                continue
            dated += use.sessions
            counts = by_moment.setdefault(moment, {})
            for status, number in _statuses(service, use):
                counts[status] = counts.get(status, 0) + number
        undated += max(0, service.sessions - dated)
    return by_moment, undated


def _is_short(services: Sequence[ServiceUse], period: Period) -> bool:
    """Say whether all of it lies within few days, and the hours of each session are told."""
    ends = [text.parse_day(period.start), text.parse_day(period.end)]
    ends += [moment for service in services for moment, _ in _days(service)]
    known = [moment for moment in ends if moment is not None]
    if not known or (max(known) - min(known)).days >= FEW_DAYS:
        return False
    return all(sum(one.sessions for one in service.hours) == _dated(service) for service in services)


def _days(service: ServiceUse) -> list[tuple[date | None, DayUse]]:
    return [(text.parse_day(one.day), one) for one in service.days]


def _dated(service: ServiceUse) -> int:
    return sum(one.sessions for one in service.days)


def _statuses(service: ServiceUse, use: DayUse | HourUse) -> Iterator[tuple[Status, int]]:
    """Divide a day's or hour's sessions by status; those of which an older document tells none have the service's."""
    told = [(Status(name.replace("_", "-")), number) for name, number in use.statuses if number]
    yield from told
    if rest := use.sessions - sum(number for _, number in told):
        yield service.status, rest


def _steps(by_moment: Mapping[date, Counts], period: Period) -> tuple[str, list[date]]:
    if isinstance(next(iter(by_moment)), datetime):
        return "hour", _hours([text.parse_hour(period.start), text.parse_hour(period.end), *by_moment])
    ends = [text.parse_day(period.start), text.parse_day(period.end), *by_moment]
    known = [moment for moment in ends if moment is not None]
    first, last = min(known), max(known)
    days = (last - first).days + 1
    if days <= MAX_BARS:
        return "day", [first + timedelta(days=offset) for offset in range(days)]
    if days <= 7 * MAX_BARS:
        return "week", [_start(first + timedelta(days=offset), "week") for offset in range(0, days, 7)]
    if days <= 30 * MAX_BARS:
        months = range(12 * first.year + first.month - 1, 12 * last.year + last.month)
        return "month", [date(month // 12, month % 12 + 1, 1) for month in months]
    return "year", []  # a clock was wrong somewhere; only years with use are drawn


def _hours(ends: Iterable[date | None]) -> list[date]:
    known = [moment for moment in ends if isinstance(moment, datetime)]
    first, last = min(known), max(known)
    return [first + timedelta(hours=offset) for offset in range(int((last - first) / timedelta(hours=1)) + 1)]


def _start(moment: date, step: str) -> date:
    if step == "week":
        return date.fromordinal(max(1, moment.toordinal() - moment.weekday()))
    if step == "month":
        return moment.replace(day=1)
    return moment.replace(month=1, day=1) if step == "year" else moment


def _heading(step: str) -> str:
    return {
        "hour": say("Sessions per hour (UTC)"),
        "day": say("Sessions per day"),
        "week": say("Sessions per week"),
        "month": say("Sessions per month"),
        "year": say("Sessions per year"),
    }[step]


def _title(heading: str, bars: Sequence[Bar], legend: Sequence[Legend]) -> str:
    told = text.listing([f"{one.word} {text.number(one.count)}" for one in legend], len(legend))
    first, last = bars[0].label, bars[-1].label
    return say("{heading} by status, {first} to {last}. {told}.", heading=heading, first=first, last=last, told=told)


def _undated(sessions: int) -> str:
    if not sessions:
        return ""
    return say_many(
        "{number} session has no day and is not drawn.",
        "{number} sessions have no day and are not drawn.",
        sessions,
        number=text.number(sessions),
    )


def _left(place: int, bars: int) -> float:
    return round(100 * (place + (1 - FILL) / 2) / bars, 3)


def _labels(starts: Sequence[date], step: str) -> list[str]:
    if step == "hour":
        several = starts[0].timetuple()[:3] != starts[-1].timetuple()[:3]
        return [f"{text.short_day(start)} {start:%H}:00" if several else f"{start:%H}:00" for start in starts]
    write = {"year": lambda start: str(start.year), "month": text.month}.get(step, text.short_day)
    return [write(start) for start in starts]


def _stack(left: float, counts: Sequence[int], top: int) -> dict[int, Segment]:
    """Place one bar's segments from the bottom up, each under its status's place in the legend."""
    shown = [(place, max(MIN_HEIGHT, number * HEIGHT / top)) for place, number in enumerate(counts) if number]
    # The smallest segments are drawn larger than they are, so that one prohibited session on a busy day can be seen.
    scale = min(1.0, HEIGHT / sum(height for _, height in shown)) if shown else 1.0
    segments = {}
    level = float(HEIGHT)
    for place, height in shown:
        level -= height * scale
        segments[place] = Segment(left, round(level, 2), round(height * scale - GAP, 2))
    return segments


def _round_up(value: int) -> int:
    scale = 1
    while scale * 10 < value:
        scale *= 10
    return next(factor * scale for factor in (1, 2, 3, 4, 5, 6, 8, 10) if factor * scale >= value)


def _ticks(top: int) -> tuple[Tick, ...]:
    values = (top, 0) if top % 2 else (top, top // 2, 0)
    return tuple(Tick(round(100 - 100 * value / top, 2), text.number(value)) for value in values)


def _time_labels(labels: Sequence[str]) -> tuple[TimeLabel, ...]:
    # Evenly spread from the first bar; a label reaches half its width beyond its bar on both sides.
    every = -(-len(labels) // MAX_LABELS)
    shown = range(0, len(labels), every)
    return tuple(
        TimeLabel(round(100 * (place + 0.5) / len(labels), 3), labels[place], bool(number % 2) and len(shown) > MINOR)
        for number, place in enumerate(shown)
    )
