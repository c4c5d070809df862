"""When each input had records: a strip of the period for each, in which a gap can be seen, and the same in words.

What limits an input stands beside it: hours without records, damage, records that do not say who.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from shadowai.provenance import DayCount, Period, SourceReport
from shadowai.reports import text, words
from shadowai.reports.language import say, say_many
from shadowai.reports.phrases import worded
from shadowai.result import BlindSpot, Result

MAX_ROWS = 60  # inputs; more are counted
MAX_GAPS = 200  # drawn in one strip
LEVELS = 4  # a quarter of a day each
LABELS = 5  # of the time axis
LEAST = 0.5  # percent: what is there, or missing, is never thinner

_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a strip, in percent of the period. `level` is 1 to 4 (hours of the day with records), or `gap`."""

    left: float
    width: float
    level: str


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """One input: what it is, its strip, and the strip in words.

    `gaps` says when records are missing, `limits` what it cannot show; `warnings` are the document's own.
    """

    path: str
    what: str
    spans: tuple[Span, ...]
    sentence: str
    failed: bool
    gaps: str
    limits: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AxisLabel:
    """A day of the time axis and where it stands, in percent."""

    left: float
    label: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """The inputs over the period, those that are missing or have gaps first; `more` are not listed."""

    rows: tuple[CoverageRow, ...]
    labels: tuple[AxisLabel, ...]
    more: int


@dataclass(frozen=True, slots=True)
class _Axis:
    """The days of the period (proleptic Gregorian ordinals), both included."""

    first: int
    last: int

    @property
    def days(self) -> int:
        return self.last - self.first + 1

    def at(self, day: float) -> float:
        """Give the place of a day, or a time as a day's fraction, in percent."""
        return min(100.0, max(0.0, 100 * (day - self.first) / self.days))


def coverage(result: Result) -> Coverage | None:
    """Lay out the inputs over time; None without any."""
    if not result.sources:
        return None
    axis = _axis(result)
    ranked = sorted(result.sources, key=_order)
    rows = tuple(_row(one, axis, result.blind_spots) for one in ranked[:MAX_ROWS])
    return Coverage(rows, _labels(axis), max(0, len(ranked) - MAX_ROWS))


def _axis(result: Result) -> _Axis | None:
    found = [text.parse_day(moment) for moment in (result.period.start, result.period.end)]
    known = [day.toordinal() for day in found if day is not None]
    return _Axis(min(known), max(known)) if known else None


def _order(source: SourceReport) -> tuple[bool, float, str]:
    return (source.error is None, -sum(map(_length, source.silent)), source.path)


def _length(gap: Period) -> float:
    start, end = _moment(gap.start), _moment(gap.end)
    return 0.0 if start is None or end is None else end - start


def _moment(moment: str | None) -> float | None:
    """Give a time as days since 1 January of the year 1, as in an ordinal."""
    try:
        found = datetime.fromisoformat(moment or "")
    except ValueError:
        return None
    found = found.replace(tzinfo=UTC) if found.tzinfo is None else found
    try:
        found = found.astimezone(UTC)
    except OverflowError:
        return None
    return found.toordinal() + (found.hour * 3600 + found.minute * 60 + found.second) / _DAY


def _row(source: SourceReport, axis: _Axis | None, spots: Sequence[BlindSpot]) -> CoverageRow:
    what = source.format_name or source.format or say("not recognised")
    days = [one for one in source.days if one.parsed]
    gaps = [text.hours(gap.start, gap.end) for gap in source.silent]
    return CoverageRow(
        path=source.path,
        what=what,
        spans=tuple(_spans(source, axis)) if axis else (),
        sentence=_sentence(source, len(days), axis),
        failed=source.error is not None,
        gaps=say("No records: {times}", times=text.listing(gaps)) if gaps else "",
        limits=tuple(_limits(source, spots)),
        warnings=source.warnings,
    )


def _sentence(source: SourceReport, days: int, axis: _Axis | None) -> str:
    if source.error:
        return say("Could not be read: {error}", error=worded(source.error))
    if not source.days or axis is None:
        return say("The days of its records are not known.")
    whole = text.number(axis.days)
    return say_many("Records on {number} of {all} day", "Records on {number} of {all} days", axis.days,
                    number=text.number(days), all=whole)  # fmt: skip


def _spans(source: SourceReport, axis: _Axis) -> Iterator[Span]:
    for first, last, level in _runs(source.days):
        left, right = axis.at(first), axis.at(last + 1)
        if right > left:
            yield Span(round(left, 2), round(right - left, 2), str(level))
    for gap in source.silent[:MAX_GAPS]:
        start, end = _moment(gap.start), _moment(gap.end)
        if start is None or end is None or end < start:
            continue
        left = min(axis.at(start), 100 - LEAST)
        yield Span(round(left, 2), round(max(LEAST, axis.at(end) - left), 2), "gap")


def _runs(days: Sequence[DayCount]) -> Iterator[tuple[int, int, int]]:
    """Join neighbouring days that are alike: (first, last, level), in order of time."""
    levels: dict[int, int] = {}
    for one in days:
        day = text.parse_day(one.day)
        if day is not None and one.parsed:
            levels[day.toordinal()] = min(LEVELS, max(1, -(-one.hours * LEVELS // 24)))
    run: tuple[int, int, int] | None = None
    for at, level in sorted(levels.items()):
        if run and run[1] == at - 1 and run[2] == level:
            run = (run[0], at, level)
            continue
        if run:
            yield run
        run = (at, at, level)
    if run:
        yield run


def _limits(source: SourceReport, spots: Sequence[BlindSpot]) -> Iterator[str]:
    if source.broken:
        yield say_many("{n} damaged record", "{n} damaged records", source.broken, n=text.number(source.broken))
    for spot in spots:
        if spot.name == source.path and spot.count and spot.kind != "unparsed-records":
            heading, extent = words.blind_heading(spot.kind), words.blind_extent(spot)
            yield say("{heading}: {extent}", heading=heading, extent=extent)


def _labels(axis: _Axis | None) -> tuple[AxisLabel, ...]:
    if axis is None:
        return ()
    every = max(1, -(-axis.days // LABELS))
    days = range(axis.first, axis.last + 1, every)
    return tuple(AxisLabel(round(axis.at(day), 2), text.short_day(datetime.fromordinal(day).date())) for day in days)
