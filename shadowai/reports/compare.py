"""Departments compared fairly: per head, and with what chance alone could make of a small group.

A share of few people jumps with each of them. So each share has its range (Wilson 1927, the score interval), widened
for the number of departments that are compared (Bonferroni), and a department is called higher or lower than the
organisation only where the organisation's share lies outside of that range: nobody is accused by the luck of the draw.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

from shadowai.reports import headline, text
from shadowai.reports.charts import bar_percent
from shadowai.reports.language import later, say, translated
from shadowai.reports.sections import measured
from shadowai.result import DepartmentUse

FEW_HEADS = 10  # below this a share jumps by ten points or more with one person
SURE = 0.95  # that the ranges of all departments together hold
MAX_ROWS = 40  # departments with all that is told of them; the others have a line each
_LEAST = 0.05  # sessions per head; less would be written as 0

_VERDICTS = {
    "up": later("Higher"),
    "down": later("Lower"),
    "same": later("No clear difference"),
    "none": later("Cannot compare"),
}


@dataclass(frozen=True, slots=True)
class Range:
    """A share and its range in percent, for drawing, and the same in words."""

    point: float
    low: float
    width: float
    text: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a department compares with the organisation: `name` chooses the shape (up, down, same, none)."""

    name: str
    word: str


@dataclass(frozen=True, slots=True)
class DepartmentRow:
    """One department in the comparison. `bar` is a length in percent of its headcount, None without.

    `keys` are what its columns sort by; -1 is unknown.
    """

    name: str
    page: str
    headcount: str
    few: bool
    people: str
    share: str
    bar: int | None
    unsanctioned: str
    range: Range | None
    verdict: Verdict
    services: str
    per_head: str
    data: str
    score: str
    keys: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The departments, those with the most surely high share first; `whole` says what they are compared with.

    `rows` hold at least one and at most `MAX_ROWS`, `brief` the others; `whole` may be empty, and `few` says whether
    any is a small group.
    """

    rows: tuple[DepartmentRow, ...]
    brief: tuple[DepartmentRow, ...]
    whole: str
    few: bool


def wilson(part: int, whole: int, groups: int = 1) -> tuple[float, float]:
    """Give the range of a share (0 to 1) that holds at 95% for all of some groups together.

    E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 22 (1927); the level is
    divided by the number of groups. ValueError where the part is larger than the whole, or that is zero.
    """
    if not 0 <= part <= whole or not whole:
        message = f"{part} is no part of {whole}"
        raise ValueError(message)
    z = NormalDist().inv_cdf(1 - (1 - SURE) / (2 * max(1, groups)))
    share, square = part / whole, z * z / whole
    middle = (share + square / 2) / (1 + square)
    half = z * sqrt(share * (1 - share) / whole + square / (4 * whole)) / (1 + square)
    return max(0.0, middle - half), min(1.0, middle + half)


def rate(count: int, heads: int | None) -> str:
    """Write sessions per head: `1.5`, `under 0.1`; unknown where the headcount is."""
    if not heads:
        return say("unknown")
    value = count / heads
    return say("under {rate}", rate=text.points(0.1)) if 0 < value < _LEAST else text.points(value)


def comparison(
    departments: Sequence[DepartmentUse], pages: Sequence[str], base: Sequence[DepartmentUse] | None = None
) -> Comparison | None:
    """Compare some departments, whose pages are given in the same order, with those of `base` or with one another.

    None without any.
    """
    if not departments:
        return None
    known = [one for one in departments if _usable(one)]
    measure = [one for one in (departments if base is None else base) if _usable(one)]
    part = sum(one.totals.people_unsanctioned for one in measure)
    heads = sum(one.headcount or 0 for one in measure)
    share = part / heads if len(measure) > 1 else None
    order = sorted(zip(departments, pages, strict=True), key=lambda item: _order(item[0], len(known)))
    rows = tuple(_row(one, page, share, len(known)) for one, page in order)
    whole = "" if share is None else _whole(part, heads)
    return Comparison(rows[:MAX_ROWS], rows[MAX_ROWS:], whole, any(row.few for row in rows))


def _usable(department: DepartmentUse) -> bool:
    heads = department.headcount
    return bool(heads) and heads is not None and heads >= department.totals.people_unsanctioned


def _order(department: DepartmentUse, groups: int) -> tuple[bool, float, int, int, str]:
    totals, known = department.totals, _usable(department)
    low = wilson(totals.people_unsanctioned, department.headcount or 1, groups)[0] if known else 0.0
    return (not known, -low, -totals.people_unsanctioned, -totals.sessions_unsanctioned, department.name)


def _whole(part: int, heads: int) -> str:
    share, people = text.share(part, heads) or "", text.people_of(part, heads)
    return say("Over all departments of known size: {people}, {share}.", people=people, share=share)


def _row(department: DepartmentUse, page: str, whole: float | None, groups: int) -> DepartmentRow:
    totals, heads = department.totals, department.headcount
    covers = heads is not None and heads >= totals.people > 0
    return DepartmentRow(
        name=_name(department),
        page=page,
        headcount=say("Headcount unknown") if heads is None else say("Headcount {number}", number=text.number(heads)),
        few=heads is not None and heads < FEW_HEADS,
        people=text.number(totals.people),
        share=text.share(totals.people, heads) or "",
        bar=bar_percent(totals.people, heads) if covers and heads else None,
        unsanctioned=text.number(totals.people_unsanctioned),
        range=_range(department, groups),
        verdict=_verdict(department, whole, groups),
        services=text.number(totals.services_unsanctioned),
        per_head=rate(totals.sessions, heads),
        data=headline.sent_unsanctioned(totals, measured([department])),
        score=text.points(department.score.points) if department.score else say("unknown"),
        keys=_keys(department),
    )


def _name(department: DepartmentUse) -> str:
    if department.below:
        return say("{department} and the departments below it", department=department.name)
    return department.name


def _range(department: DepartmentUse, groups: int) -> Range | None:
    if not _usable(department):
        return None
    part, heads = department.totals.people_unsanctioned, department.headcount or 1
    low, high = (round(100 * end, 1) for end in wilson(part, heads, groups))
    told = say("{share} (range {low} to {high})", share=text.share(part, heads), low=text.percent(round(low)),
               high=text.percent(round(high)))  # fmt: skip
    return Range(round(100 * part / heads, 1), low, round(high - low, 1), told)


def _verdict(department: DepartmentUse, whole: float | None, groups: int) -> Verdict:
    if whole is None or not _usable(department):
        return _said("none")
    low, high = wilson(department.totals.people_unsanctioned, department.headcount or 1, groups)
    if low > whole:
        return _said("up")
    return _said("down" if high < whole else "same")


def _said(name: str) -> Verdict:
    return Verdict(name, translated(_VERDICTS[name]))


def _keys(department: DepartmentUse) -> dict[str, float]:
    totals, heads = department.totals, department.headcount
    sent = totals.bytes_up_unsanctioned
    if not totals.services_unsanctioned:
        sent = 0
    return {
        "people": totals.people,
        "bad": round(totals.people_unsanctioned / heads, 4) if _usable(department) and heads else -1,
        "services": totals.services_unsanctioned,
        "per_head": round(totals.sessions / heads, 3) if heads else -1,
        "data": -1 if sent is None else sent,
        "score": department.score.points if department.score else -1,
    }
