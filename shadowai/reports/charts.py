"""Geometry of the charts: what the templates draw as inline SVG or as a shaded table, with the same figures in words.

Bars are drawn in an SVG that stretches to the width of the page while its text stays outside it, so that labels keep
their size on a phone. Colour is never alone: bars are stacked in a fixed order, striped where unsanctioned, and told in
a table.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from shadowai.model import Status
from shadowai.reports import text, words
from shadowai.result import Period, ServiceUse

HEIGHT = 160  # of the plot, in units of the drawing, which are CSS pixels
MIN_HEIGHT = 4.0  # of a segment with its gap
GAP = 1.0  # between segments
SLOT = 10  # width of one bar and its gap, in units that stretch
MAX_BARS = 62  # two months of days; longer periods are drawn by week, month or year
MAX_CATEGORIES = 12  # columns of the heat map; the rest is one column
LEVELS = 5  # shades of the heat map above empty


@dataclass(frozen=True, slots=True)
class Segment:
    """Part of a bar: one status, placed from the top of the drawing."""

    status: str
    top: float
    height: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One step of time: where it stands, its label, its segments, and its sessions by status, as in the legend."""

    left: float
    label: str
    segments: tuple[Segment, ...]
    counts: tuple[int, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the value axis: distance from the top in percent, and its value."""

    top: float
    label: str


@dataclass(frozen=True, slots=True)
class Legend:
    """One status of the chart with its sessions over the whole period."""

    status: str
    word: str
    count: int


@dataclass(frozen=True, slots=True)
class TimeChart:
    """Sessions over time by status. `step` is day, week, month or year; `labels` are first, middle and last step."""

    step: str
    title: str
    width: int
    height: int
    bar_width: float
    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    legend: tuple[Legend, ...]
    labels: tuple[str, ...]
    undated: int


@dataclass(frozen=True, slots=True)
class HeatCell:
    """Sessions of one department in one category: shade 0 (none) to 5, and how many of them unsanctioned."""

    count: int
    level: int
    unsanctioned: int


@dataclass(frozen=True, slots=True)
class HeatRow:
    """One department's line of the heat map."""

    name: str
    page: str
    cells: tuple[HeatCell, ...]
    total: int


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Sessions by department and category; categories are ordered by sessions, the rarest are merged into the last."""

    columns: tuple[str, ...]
    rows: tuple[HeatRow, ...]


Counts = dict[Status, int]


def time_chart(services: Iterable[ServiceUse], period: Period) -> TimeChart | None:
    """Lay out sessions over time by status; None where no session has a day."""
    by_day, undated = _sessions_by_day(services)
    if not by_day:
        return None
    step, starts = _steps(by_day, period)
    by_step: dict[date, Counter[Status]] = {start: Counter() for start in starts}
    for moment, counts in by_day.items():
        by_step.setdefault(_start(moment, step), Counter()).update(counts)
    statuses = [status for status in Status if any(counts[status] for counts in by_step.values())]
    top = _round_up(max(sum(counts.values()) for counts in by_step.values()))
    bars = tuple(
        _bar(place, _label(start, step), [(status, by_step[start][status]) for status in statuses], top)
        for place, start in enumerate(sorted(by_step))
    )
    legend = tuple(
        Legend(status.value, words.STATUS[status], sum(counts[status] for counts in by_step.values()))
        for status in statuses
    )
    told = ", ".join(f"{text.number(entry.count)} {entry.word.lower()}" for entry in legend)
    return TimeChart(
        step=step,
        title=f"Sessions per {step} by status, {bars[0].label} to {bars[-1].label}: {told}.",
        width=SLOT * len(bars),
        height=HEIGHT,
        bar_width=SLOT * 0.76,
        bars=bars,
        ticks=_ticks(top),
        legend=legend,
        labels=_ends([bar.label for bar in bars]),
        undated=undated,
    )


def heat_map(departments: Sequence[tuple[str, str, Sequence[ServiceUse]]], bad: Sequence[Status]) -> HeatMap | None:
    """Lay out sessions by department (name, page, services) and category; None where there is no use."""
    sums: Counter[str] = Counter()
    for _, _, services in departments:
        for service in services:
            sums[service.category_name] += service.sessions
    if not sums:
        return None
    ranked = sorted(sums, key=lambda name: (-sums[name], name))
    keep = ranked if len(ranked) <= MAX_CATEGORIES else ranked[: MAX_CATEGORIES - 1]
    merged = len(ranked) - len(keep)
    columns = (*keep, f"{merged} other categories") if merged else tuple(keep)
    place = {name: at for at, name in enumerate(keep)}
    grid = [_heat_counts(services, place, len(columns), bad) for _, _, services in departments]
    most = max(count for row in grid for count, _ in row)
    rows = tuple(
        HeatRow(name, page, tuple(HeatCell(count, _level(count, most), denied) for count, denied in cells), _sum(cells))
        for (name, page, _), cells in zip(departments, grid, strict=True)
    )
    return HeatMap(columns, rows)


def bar_percent(part: int, whole: int) -> int:
    """Give the length of a horizontal bar in percent; something that is there is never shorter than 1."""
    if part <= 0 or whole <= 0:
        return 0
    return min(100, max(1, 100 * part // whole))


def _sessions_by_day(services: Iterable[ServiceUse]) -> tuple[dict[date, Counts], int]:
    by_day: dict[date, Counts] = {}
    undated = 0
    for service in services:
        dated = 0
        for use in service.days:
            moment = text.parse_day(use.day)
            if moment is None or not use.sessions:
                continue
            dated += use.sessions
            counts = by_day.setdefault(moment, {})
            counts[service.status] = counts.get(service.status, 0) + use.sessions
        undated += max(0, service.sessions - dated)
    return by_day, undated


def _steps(by_day: Mapping[date, Counts], period: Period) -> tuple[str, list[date]]:
    ends = [text.parse_day(period.start), text.parse_day(period.end), *by_day]
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


def _start(moment: date, step: str) -> date:
    if step == "week":
        return date.fromordinal(max(1, moment.toordinal() - moment.weekday()))
    if step == "month":
        return moment.replace(day=1)
    return moment.replace(month=1, day=1) if step == "year" else moment


def _label(start: date, step: str) -> str:
    if step == "year":
        return str(start.year)
    return text.month(start) if step == "month" else text.short_day(start)


def _bar(place: int, label: str, counts: Sequence[tuple[Status, int]], top: int) -> Bar:
    shown = [(status, max(MIN_HEIGHT, count * HEIGHT / top)) for status, count in counts if count]
    # The smallest segments are drawn larger than they are, so that one prohibited session on a busy day can be seen.
    scale = min(1.0, HEIGHT / sum(height for _, height in shown)) if shown else 1.0
    segments = []
    level = float(HEIGHT)
    for status, height in shown:
        level -= height * scale
        segments.append(Segment(status.value, round(level, 2), round(height * scale - GAP, 2)))
    left = round(place * SLOT + SLOT * 0.12, 2)
    return Bar(left, label, tuple(segments), tuple(count for _, count in counts), sum(count for _, count in counts))


def _round_up(value: int) -> int:
    scale = 1
    while scale * 10 < value:
        scale *= 10
    return next(factor * scale for factor in (1, 2, 3, 4, 5, 6, 8, 10) if factor * scale >= value)


def _ticks(top: int) -> tuple[Tick, ...]:
    values = (top, top // 2, 0) if top > 1 else (top, 0)
    return tuple(Tick(round(100 - 100 * value / top, 2), text.number(value)) for value in values)


def _ends(labels: Sequence[str]) -> tuple[str, ...]:
    # Spread over the width of the axis, three labels only meet their bars where the middle is one bar.
    middle = labels[len(labels) // 2 : len(labels) // 2 + 1] if len(labels) % 2 else ()
    return tuple(dict.fromkeys((labels[0], *middle, labels[-1])))


def _heat_counts(
    services: Iterable[ServiceUse], place: Mapping[str, int], width: int, bad: Sequence[Status]
) -> list[tuple[int, int]]:
    counts, denied = [0] * width, [0] * width
    for service in services:
        column = place.get(service.category_name, width - 1)
        counts[column] += service.sessions
        denied[column] += service.sessions if service.status in bad else 0
    return list(zip(counts, denied, strict=True))


def _level(count: int, most: int) -> int:
    # Square root, so that a department of ten stays visible beside one of a thousand.
    if count <= 0:
        return 0
    return next(level for level in range(1, LEVELS + 1) if count * LEVELS**2 <= most * level**2)


def _sum(cells: Iterable[tuple[int, int]]) -> int:
    return sum(count for count, _ in cells)
