"""Times as logs write them, brought to nanoseconds since 1970-01-01 UTC.

Understood: epoch numbers (seconds with fraction, or whole s, ms, us, ns told apart by their digits), RFC 3339, and
strptime patterns with the tokens of `TOKENS`. `%x` is a numeric date whose order of day and month the locale decides. A
time without a year (RFC 3164 section 4.1.2) takes the latest year that does not put it more than a day after the
reference.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from shadowai.errors import UsageError
from shadowai.model import SECOND

DAY = 86_400  # seconds
EARLIEST = 631_152_000 * SECOND  # 1990-01-01; an older time is a clock that was never set
LATEST = 4_102_444_800 * SECOND  # 2100-01-01
_FIRST_YEAR, _LAST_YEAR = 1990, 2099
NO_YEAR = 0  # what a parser gives for a time that lacks its year, when there is no reference to take it from
AMBIGUOUS = -2  # what a parser gives for a date in which day and month cannot be told apart
LEAP_CYCLE = 8  # years between two 29 February at most (1896 to 1904)
MONTHS_IN_YEAR = 12
CENTURY = 2000  # of a year that a spreadsheet wrote with two digits

_HOURS = {"EST": -5, "EDT": -4, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7}
# The zones of RFC 5322 section 4.3 but for CST, which Chinese devices write for their own: that one is the setting's.
_ZONE = rf"[Zz]|UTC|GMT|{'|'.join(_HOURS)}|[+-]\d{{2}}(?::?\d{{2}})?"

TOKENS = {
    "%Y": r"(?P<Y>\d{4})",
    "%y": r"(?P<y>\d{2})",
    "%m": r"(?P<m>\d{1,2})",
    "%d": r"(?P<d>\d{1,2})",
    "%b": r"(?P<b>[A-Za-z]{3})",
    "%a": r"[A-Za-z]{3}",
    "%H": r"(?P<H>\d{1,2})",
    "%I": r"(?P<H>\d{1,2})",
    "%M": r"(?P<M>\d{2})",
    "%S": r"(?P<S>\d{2})(?:[.,:](?P<f>\d{1,9})\d*)?",
    "%f": "",
    "%p": r"(?P<p>[AaPp][Mm])",
    "%z": rf"(?P<z>{_ZONE})",
    "%x": r"(?P<x>\d{1,4})(?P<sep>[/.-])(?P<x2>\d{1,2})(?P=sep)(?P<x3>\d{1,4})",
    "%%": "%",
}
_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: number for number, name in enumerate(_NAMES, start=1)}
_FRACTIONS = [10 ** (9 - digits) for digits in range(10)]  # digits of a fraction -> ns
EPOCH_DIGITS = 10  # of whole seconds until LATEST
_UNITS = {
    9: 10**9,
    10: 10**9,
    12: 10**6,
    13: 10**6,
    15: 10**3,
    16: 10**3,
    18: 1,
    19: 1,
}  # digits of an epoch number -> ns
_ISO = re.compile(
    r"(?P<Y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})[T ]\s*(?P<H>\d{2}):(?P<M>\d{2}):(?P<S>\d{2})(?:[.,](?P<f>\d{1,9})\d*)?"
    rf"\s?(?P<z>{_ZONE})?",
    re.ASCII,
)

TimeParser = Callable[[str], int | None]


SHOWN_TWICE = (
    "holds times of the hour that clocks showed twice when they were put back, without a zone: they are taken for the"
    " first of the two"
)


class _AmbiguousError(Exception):
    """Day and month cannot be told apart."""


@dataclass(frozen=True, slots=True)
class Clock:
    """What a time is read against: its zone, the reference for a missing year (ns), the order of day and month.

    `day_first_12h` is the order in times with AM and PM, where it is another. `notes` is what the user should know of
    the times that were read.
    """

    zone: tzinfo = UTC
    reference: int | None = None
    day_first: bool | None = None
    day_first_12h: bool | None = None
    notes: set[str] = field(default_factory=set, compare=False)


def zone_of(name: str) -> tzinfo:
    """Give the time zone of an IANA name; UsageError for a name that is none."""
    if name.upper() == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        message = f"unknown time zone {name!r}: give an IANA name such as Europe/Berlin"
        raise UsageError(message) from error


def parser_of(pattern: str, clock: Clock) -> TimeParser:
    """Give the parser of one pattern; UsageError for a token that is not known."""
    if pattern == "epoch":
        return epoch
    compiled = _ISO if pattern == "iso" else compile_pattern(pattern)

    def parse(text: str) -> int | None:
        found = compiled.fullmatch(text)
        return None if found is None else _moment(found.groupdict(), clock)

    return parse


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Make a regular expression of a strptime pattern; a blank matches any blanks. UsageError for unknown tokens."""
    parts = []
    for token in re.findall(r"%.|\s+|[^%\s]|%$", re.sub(r"[.,]%f", "", pattern)):
        if token.isspace():
            parts.append(r"[\s\u202f]+")  # newer Windows writes a narrow no-break space before AM and PM
        elif token.startswith("%"):
            parts.append(_token(token, pattern))
        else:
            parts.append(re.escape(token))
    if "%z" not in pattern:
        parts.append(r"(?:\s(?P<z>UTC|GMT))?")
    try:
        return re.compile("".join(parts), re.ASCII)
    except re.error as error:
        message = f"time format {pattern!r} says the same thing twice"
        raise UsageError(message) from error


def epoch(text: str) -> int | None:
    """Read an epoch number: seconds with a fraction, or a whole number whose digits tell s, ms, us or ns."""
    whole, dot, fraction = text.partition(".")
    if not (text.isascii() and whole.isdigit()):
        return None
    if dot and fraction.isdigit() and len(whole) <= EPOCH_DIGITS:
        time = int(whole) * SECOND + int(fraction[:9]) * _FRACTIONS[len(fraction[:9])]
    elif not dot and len(whole) in _UNITS:
        time = int(whole) * _UNITS[len(whole)]
    else:
        return None
    return time if EARLIEST <= time < LATEST else None


def _token(token: str, pattern: str) -> str:
    if token not in TOKENS:
        message = f"unknown token {token!r} in time format {pattern!r}; known: {' '.join(TOKENS)}"
        raise UsageError(message)
    return TOKENS[token]


def _sane(time: int) -> int | None:
    return time if EARLIEST <= time < LATEST else None


def _moment(parts: dict[str, str | None], clock: Clock) -> int | None:
    try:
        day = _day(parts, clock)
        seconds = _seconds_of_day(parts)
        if day is None:
            return _without_year(parts, seconds, clock)
        _note(day, seconds, parts, clock)
        return _finish(day, seconds, parts, clock)
    except _AmbiguousError:
        return AMBIGUOUS
    except (ValueError, OverflowError):
        return None


def _day(parts: dict[str, str | None], clock: Clock) -> date | None:
    if parts.get("x"):
        return _numeric_date(parts, clock)
    year = parts.get("Y") or (parts.get("y") and f"20{parts['y']}")
    if not year:
        return None
    return date(int(year), _month(parts), int(parts.get("d") or 1))


def _month(parts: dict[str, str | None]) -> int:
    name = parts.get("b")
    return _MONTHS.get(name.lower(), 0) if name else int(parts.get("m") or 1)


def _numeric_date(parts: dict[str, str | None], clock: Clock) -> date:
    first, second, third = (parts[name] or "" for name in ("x", "x2", "x3"))
    if len(first) == len("2024"):
        return date(int(first), int(second), int(third))
    one, two = int(first), int(second)
    day_first = order_of(one, two)
    if day_first is None:
        day_first = clock.day_first_12h if parts.get("p") else None
        day_first = clock.day_first if day_first is None else day_first
    if day_first is None:
        if parts["sep"] != ".":
            raise _AmbiguousError
        day_first = True  # no locale writes dots between month and day
    day, month = (one, two) if day_first else (two, one)
    return date(int(third) + (CENTURY if len(third) == len("26") else 0), month, day)


def order_of(one: int, two: int) -> bool | None:
    """Say whether `one/two` can only be day/month (True), only month/day (False), or either (None)."""
    if one > MONTHS_IN_YEAR:
        return True
    return False if two > MONTHS_IN_YEAR else None


def _seconds_of_day(parts: dict[str, str | None]) -> int:
    hour = int(parts.get("H") or 0)
    half = (parts.get("p") or "").lower()
    if half:
        if not 1 <= hour <= MONTHS_IN_YEAR:
            raise ValueError(hour)
        hour = hour % 12 + (12 if half == "pm" else 0)
    minute, second = int(parts.get("M") or 0), int(parts.get("S") or 0)
    if hour > 23 or minute > 59 or second > 60:  # noqa: PLR2004  # the clock face; 60 is a leap second
        raise ValueError(hour)
    return hour * 3600 + minute * 60 + second


def _finish(day: date, seconds: int, parts: dict[str, str | None], clock: Clock) -> int | None:
    local = (day.toordinal() - date(1970, 1, 1).toordinal()) * DAY + seconds
    fraction = int((parts.get("f") or "0").ljust(9, "0"))
    return _sane((local - _offset(parts.get("z"), day, seconds, clock.zone)) * SECOND + fraction)


def _note(day: date, seconds: int, parts: dict[str, str | None], clock: Clock) -> None:
    """Note what is doubtful about a time that was read."""
    if clock.zone is not UTC and not parts.get("z") and _is_shown_twice(day, seconds, clock.zone):
        clock.notes.add(SHOWN_TWICE)


def _is_shown_twice(day: date, seconds: int, zone: tzinfo) -> bool:
    """Say whether clocks of a zone show a time of a day two times, for they are put back on it (PEP 495)."""
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR or not _goes_back(day, zone):
        return False
    first = datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(seconds=seconds)
    second = first.replace(fold=1)
    return (first.utcoffset() or timedelta()) > (second.utcoffset() or timedelta())


@lru_cache(maxsize=4096)
def _goes_back(day: date, zone: tzinfo) -> bool:
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    around = ((midnight + timedelta(days=by)).utcoffset() for by in (0, 1))
    before, after = (offset or timedelta() for offset in around)
    return before > after


def _offset(written: str | None, day: date, seconds: int, zone: tzinfo) -> int:
    if written and written[0] in "+-":
        hours, minutes = int(written[1:3]), int(written[3:].lstrip(":") or 0)
        return (hours * 3600 + minutes * 60) * (-1 if written[0] == "-" else 1)
    if written or zone is UTC:
        return _HOURS.get(written or "", 0) * 3600
    second = min(seconds, DAY - 1)
    moment = datetime(day.year, day.month, day.day, second // 3600, second // 60 % 60, second % 60, tzinfo=zone)
    offset = moment.utcoffset()
    return int(offset.total_seconds()) if offset else 0


def _without_year(parts: dict[str, str | None], seconds: int, clock: Clock) -> int | None:
    if clock.reference is None:
        return NO_YEAR
    limit = clock.reference + DAY * SECOND
    newest = datetime.fromtimestamp(limit // SECOND, UTC).year + 1
    for year in range(newest, newest - LEAP_CYCLE - 2, -1):
        try:
            day = date(year, _month(parts), int(parts.get("d") or 1))
            time = _finish(day, seconds, parts, clock)
        except ValueError:
            continue  # 29 February exists in leap years only
        if time is not None and time <= limit:
            _note(day, seconds, parts, clock)
            return time
    return None
