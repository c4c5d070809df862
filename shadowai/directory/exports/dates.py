"""Dates as exports write them, read without a guess: whether 05/06/2026 is in May or in June is said, or shown.

Known forms: ISO 8601 dates and times, `31.12.2026`, `31-Dec-2026`, `Dec 31, 2026`, `20261231`, and numbers with slashes
in an order that the configuration names, or that one of the file's own dates betrays by a number above twelve.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

from shadowai.directory.tables import EPOCH

if TYPE_CHECKING:
    from collections.abc import Iterable

_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[t ].*)?", re.ASCII)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?: .*)?", re.ASCII)
_SLASHED = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})(?:[ ,].*)?", re.ASCII)
_DAY_NAMED = re.compile(r"(\d{1,2})[ -]([a-z]{3})[a-z]*\.?[ ,-]+(\d{4})(?:[ ,].*)?", re.ASCII)
_MONTH_NAMED = re.compile(r"([a-z]{3})[a-z]*\.? (\d{1,2}),? (\d{4})(?:[ ,].*)?", re.ASCII)
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_YEAR_LAST = 9000  # 9999-12-31 and its like say that there is no end
_DECEMBER = 12


def shown_order(texts: Iterable[str]) -> bool | None:
    """Say whether a file's dates with slashes begin with the day, where they show it; None where they do not."""
    shown = set()
    for text in texts:
        if found := _SLASHED.fullmatch(text.strip()):
            shown |= {order for order, number in ((True, found[1]), (False, found[2])) if int(number) > _DECEMBER}
    return shown.pop() if len(shown) == 1 else None


def is_ambiguous(text: str) -> bool:
    """Say whether a date can be read in two ways."""
    found = _SLASHED.fullmatch(text.strip())
    return found is not None and found[1] != found[2] and max(int(found[1]), int(found[2])) <= _DECEMBER


def parse_date(text: str, *, day_first: bool | None) -> int | None:
    """Days since 1970-01-01 of a date; None where it is empty or says "for ever" (year 9999). ValueError if no date."""
    written = text.strip().lower()
    if not written:
        return None
    year, month, day = _parts(written, day_first=day_first)
    if year >= _YEAR_LAST:
        return None
    return (date(year, month, day) - EPOCH).days


def _parts(text: str, *, day_first: bool | None) -> tuple[int, int, int]:
    if found := _ISO.fullmatch(text) or _COMPACT.fullmatch(text):
        return int(found[1]), int(found[2]), int(found[3])
    if found := _DOTTED.fullmatch(text):
        return int(found[3]), int(found[2]), int(found[1])
    if (found := _DAY_NAMED.fullmatch(text)) and found[2] in _MONTHS:
        return int(found[3]), _MONTHS.index(found[2]) + 1, int(found[1])
    if (found := _MONTH_NAMED.fullmatch(text)) and found[1] in _MONTHS:
        return int(found[3]), _MONTHS.index(found[1]) + 1, int(found[2])
    if (found := _SLASHED.fullmatch(text)) and (day_first is not None or not is_ambiguous(text)):
        first, second = int(found[1]), int(found[2])
        if day_first or first > _DECEMBER:
            return int(found[3]), second, first
        return int(found[3]), first, second
    raise ValueError(text)
