"""Figures, dates and names as a person reads them, and hostile text made harmless before it is shown.

Everything here is English and deterministic: no locale, no clock. An unknown value gets a word, never 0 or nothing.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shadowai.result import Result

NOT_MEASURED = "not measured"
MAX_TEXT = 160  # characters of one name or sentence from outside; longer ones are cut in the middle

_TEN = 100  # in tenths of a unit
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB", "EB")  # SI, ISO 80000-1: 1 kB is 1,000 bytes
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_SPACES = re.compile(r"[\t\n\r\x0b\x0c\u2028\u2029]+")
# Control characters (C0, DEL, C1), format characters that move or hide text (UAX #9 section 2, zero width, tags), and
# surrogates. The two joiners U+200C and U+200D stay: Persian, Hindi and emoji need them.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f\ud800-\udfff]"
)
_FORMULA = re.compile("[\t\r\n]|[\\s\ufffd]*[=+@\uff0b\uff0d\uff1d\uff20-]")  # with the full-width forms
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ].*)?", re.ASCII | re.DOTALL)


def clean(text: str) -> str:
    """Make text from outside safe to print: line breaks become a space, control and direction characters U+FFFD."""
    return _UNSAFE.sub("\ufffd", _SPACES.sub(" ", text))


def shorten(text: str, limit: int = MAX_TEXT) -> str:
    """Cut text longer than `limit` characters in the middle, so that both ends of a host or path stay readable."""
    if len(text) <= limit:
        return text
    tail = limit // 3
    return f"{text[: limit - tail - 1]}\u2026{text[-tail:]}"


def csv_cell(value: str | float | None) -> str:
    """Write one CSV cell; unknown is an empty cell.

    Text that a spreadsheet would take for a formula (OWASP, "CSV Injection") gets a leading apostrophe, and control
    characters are replaced.
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        return str(value)
    safe = clean(value)
    return f"'{safe}" if _FORMULA.match(value) or _FORMULA.match(safe) else safe


def tidy(result: Result) -> Result:
    """Give the result with every text cleaned and shortened, ready to be shown; figures stay as they are."""
    return type(result).model_validate(_tidy(result.model_dump(by_alias=True)))


def _tidy(value: object) -> object:
    # As deep as the model itself, which has no part that holds itself.
    if isinstance(value, str):
        return shorten(clean(value))
    if isinstance(value, dict):
        return {_tidy(key): _tidy(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return tuple(_tidy(item) for item in value)
    return value


def number(value: int) -> str:
    """Write a whole number with thousands separators."""
    return f"{value:,}"


def plural(count: int, one: str, many: str | None = None) -> str:
    """Write a count with its noun: `1 person`, `2 people`, `1,200 sessions`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def people(count: int) -> str:
    """Write a number of people."""
    return plural(count, "person", "people")


def people_of(count: int, headcount: int | None) -> str:
    """Write a number of people and of how many, where that is known and not smaller than the number itself."""
    if headcount is None or headcount < count:
        return people(count)
    return f"{count:,} of {people(headcount)}"


def share(part: int, whole: int | None) -> str | None:
    """Write a part in whole percent; None where the whole is unknown, zero or smaller than the part."""
    if not whole or whole < part:
        return None
    if 0 < part * 200 < whole:
        return "under 1%"
    return f"{(200 * part + whole) // (2 * whole)}%"


def size(count: int | None) -> str:
    """Write a number of bytes: `640 B`, `1.2 MB`, `31 GB`; None is `not measured`."""
    if count is None:
        return NOT_MEASURED
    scale, unit = 1, _UNITS[0]
    for step, name in enumerate(_UNITS):
        scale, unit = 1000**step, name
        if 2 * count < 1999 * scale:  # below 999.5 of this unit, so that 999,999 B is 1.0 MB and not 1,000 kB
            break
    if scale == 1:
        return f"{count} B"
    tenths = (20 * count + scale) // (2 * scale)
    if tenths < _TEN:
        return f"{tenths // 10}.{tenths % 10} {unit}"
    return f"{(2 * count + scale) // (2 * scale):,} {unit}"


def data(count: int | None, measured: int, sessions: int) -> str:
    """Write the data of some sessions of which `measured` told their size: a sum over a part is `at least`."""
    if count is None:
        return NOT_MEASURED
    return size(count) if measured >= sessions else f"at least {size(count)}"


def capital(fragment: str) -> str:
    """Begin a fragment with a capital letter, and leave the rest as it is."""
    return fragment[:1].upper() + fragment[1:]


def listing(names: Sequence[str], limit: int = 3) -> str:
    """Write a list in a sentence: `A, B and C`, `A, B, C and 4 more`."""
    shown = list(names[:limit])
    rest = len(names) - len(shown)
    if rest:
        return f"{', '.join(shown)} and {rest:,} more"
    return " and ".join(filter(None, (", ".join(shown[:-1]), *shown[-1:])))


def parse_day(text: str | None) -> date | None:
    """Read the date off an RFC 3339 time or date; None where there is none."""
    found = _DATE.fullmatch(text or "")
    if found is None:
        return None
    try:
        return date(*(int(part) for part in found.groups()))
    except ValueError:
        return None


def day(value: date | str | None) -> str:
    """Write a date as `3 November 2026`; unreadable text stays as it is, unknown is `unknown`."""
    moment = value if isinstance(value, date) else parse_day(value)
    if moment is None:
        return str(value) if value else "unknown"
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def short_day(moment: date) -> str:
    """Write a date for an axis: `3 Nov`."""
    return f"{moment.day} {_MONTHS[moment.month - 1][:3]}"


def month(moment: date) -> str:
    """Write a month for an axis: `Nov 2026`."""
    return f"{_MONTHS[moment.month - 1][:3]} {moment.year}"


def span(first: str | None, last: str | None) -> str:
    """Write a period: `3\u20139 November 2026`, `28 October \u2013 3 November 2026`, one day, or `unknown`."""
    start, end = parse_day(first), parse_day(last)
    if start is None or end is None or start == end:
        return day(first if first is not None else last)
    if (start.year, start.month) == (end.year, end.month):
        return f"{start.day}\u2013{day(end)}"
    begin = f"{start.day} {_MONTHS[start.month - 1]}" if start.year == end.year else day(start)
    return f"{begin} \u2013 {day(end)}"


def during(first: str | None, last: str | None) -> str:
    """Write a period for use in a sentence: `from 3 to 9 November 2026`, `on 3 November 2026`."""
    start, end = parse_day(first), parse_day(last)
    if start is None or end is None:
        return "in the records that were read"
    if start == end:
        return f"on {day(start)}"
    begin = day(start)
    if start.year == end.year:
        begin = str(start.day) if start.month == end.month else begin.removesuffix(f" {start.year}")
    return f"from {begin} to {day(end)}"


def add_known(values: Iterable[int | None]) -> int | None:
    """Add what is known; None where nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None
