"""Who uses what for: departments by categories, shaded by sessions per head so that large and small ones compare.

A table and no picture: every cell holds its numbers as text, and the shade only repeats them.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from shadowai.reports import sections, text
from shadowai.reports.compare import rate
from shadowai.reports.language import say_many
from shadowai.reports.phrases import worded
from shadowai.reports.sections import unsanctioned
from shadowai.result import DepartmentUse, ServiceUse

MAX_CATEGORIES = 12  # columns; the rest is one column
MAX_ROWS = 30  # departments; more are counted
LEVELS = 5  # shades above empty


@dataclass(frozen=True, slots=True)
class HeatCell:
    """Sessions of one department in one category, per head, and how many of them unsanctioned; empty text is none.

    `level` is the shade: 0 (none) to 5, or `unknown` where the headcount is.
    """

    sessions: str
    per_head: str
    level: str
    unsanctioned: str


@dataclass(frozen=True, slots=True)
class HeatRow:
    """One department's line."""

    name: str
    page: str
    cells: tuple[HeatCell, ...]
    total: str


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Departments by categories, most used first; the rarest categories are merged into the last column.

    `more` is the number of departments that are not shown: a map of hundreds of lines shows nothing.
    """

    columns: tuple[str, ...]
    rows: tuple[HeatRow, ...]
    more: int


Counts = list[tuple[int, int]]


def heat_map(departments: Sequence[tuple[DepartmentUse, str]]) -> HeatMap | None:
    """Lay out the use of some departments, each with its page, in their order; None where there is no use."""
    used = [(one, page, sections.used(one.services)) for one, page in departments]
    used = [item for item in used if item[2]]
    sums: Counter[str] = Counter()
    for _, _, services in used:
        for service in services:
            sums[service.category_name] += service.sessions
    if not sums:
        return None
    ranked = sorted(sums, key=lambda name: (-sums[name], name))
    keep = ranked if len(ranked) <= MAX_CATEGORIES else ranked[: MAX_CATEGORIES - 1]
    place = {name: at for at, name in enumerate(keep)}
    columns = _columns(ranked, keep)
    grid = [_counts(services, place, len(columns)) for _, _, services in used]
    rates = [seen / one.headcount for (one, _, _), row in zip(used, grid, strict=True) if one.headcount
             for seen, _ in row]  # fmt: skip
    most = max(rates, default=0.0)
    rows = tuple(_row(one, page, row, most) for (one, page, _), row in islice(zip(used, grid, strict=True), MAX_ROWS))
    return HeatMap(columns, rows, len(used) - len(rows))


def sessions_unsanctioned(service: ServiceUse) -> int:
    """Count the sessions that the policy did not approve of when they began; all or none where it is not told."""
    told = service.statuses
    if any(number for _, number in told):
        return told.unsanctioned + told.prohibited
    return service.sessions if unsanctioned(service) else 0


def _columns(ranked: Sequence[str], keep: Sequence[str]) -> tuple[str, ...]:
    merged, shown = len(ranked) - len(keep), tuple(map(worded, keep))
    if not merged:
        return shown
    rest = say_many("{number} other category", "{number} other categories", merged, number=text.number(merged))
    return (*shown, rest)


def _counts(services: Iterable[ServiceUse], place: Mapping[str, int], width: int) -> Counts:
    seen, bad = [0] * width, [0] * width
    for service in services:
        column = place.get(service.category_name, width - 1)
        seen[column] += service.sessions
        bad[column] += sessions_unsanctioned(service)
    return list(zip(seen, bad, strict=True))


def _row(department: DepartmentUse, page: str, counts: Counts, most: float) -> HeatRow:
    cells = tuple(_cell(seen, bad, department.headcount, most) for seen, bad in counts)
    return HeatRow(department.name, page, cells, text.number(sum(seen for seen, _ in counts)))


def _cell(seen: int, bad: int, heads: int | None, most: float) -> HeatCell:
    if not seen:
        return HeatCell("", "", "0", "")
    told = text.number(bad) if bad else ""
    if not heads:
        return HeatCell(text.number(seen), "", "unknown", told)
    return HeatCell(text.number(seen), rate(seen, heads), str(_level(seen / heads, most)), told)


def _level(value: float, most: float) -> int:
    # Square root, so that what is rare stays visible beside what everybody does.
    return next(level for level in range(1, LEVELS + 1) if value * LEVELS**2 <= most * level**2 or level == LEVELS)
