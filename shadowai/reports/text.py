"""Figures, dates and names as a person reads them, and hostile text made harmless before it is shown.

Everything here is deterministic: no clock, and no language but the one that is being written (`language`), whose way
with numbers and dates it follows. An unknown value gets a word, never 0 or nothing.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from shadowai.reports.language import ENGLISH, later, say, say_many, spoken, translated

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


NOT_MEASURED = later("not measured")
MAX_TEXT = 160  # characters of one name or sentence from outside; longer ones are cut in the middle

_TEN = 100  # in tenths of a unit
_LEAST_SHARE = 0.05  # in percent; less would be written as 0.0%
_UNITS = (  # SI, ISO 80000-1: 1 kB is 1,000 bytes
    later("{number} B"),
    later("{number} kB"),
    later("{number} MB"),
    later("{number} GB"),
    later("{number} TB"),
    later("{number} PB"),
    later("{number} EB"),
)
_SPACES = re.compile(r"[\t\n\r\x0b\x0c\u2028\u2029]+")
# Control characters (C0, DEL, C1), format characters that move or hide text (UAX #9 section 2, zero width, tags),
# surrogates, and what else XML cannot hold (1.0, section 2.2). The two joiners U+200C and U+200D stay: Persian, Hindi
# and emoji need them.
UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff"
    "\U000e0000-\U000e007f\ud800-\udfff]"
)
# What a spreadsheet takes for a formula, in full-width forms too.
_FORMULA = re.compile("[\t\r\n]|[\\s\ufffd]*[=+@\uff0b\uff0d\uff1d\uff20-]")
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ].*)?", re.ASCII | re.DOTALL)
_HOUR = re.compile(r"(\d{4})-(\d{2})-(\d{2})[T ](\d{2})(?::.*)?", re.ASCII | re.DOTALL)


def clean(text: str) -> str:
    """Make text from outside safe to print: line breaks become a space, control and direction characters U+FFFD."""
    return UNSAFE.sub("\ufffd", _SPACES.sub(" ", text))


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


def number(value: int) -> str:
    """Write a whole number with thousands separators."""
    return _figure(f"{value:,}")


def decimal(value: float) -> str:
    """Write a number with one decimal: `3.5`, `1,204.0`."""
    return _figure(f"{value:,.1f}")


def _figure(plain: str) -> str:
    language = spoken()
    if language is ENGLISH:
        return plain
    return plain.translate({ord(","): language.group, ord("."): language.decimal})


def plural(count: int, one: str, many: str | None = None) -> str:
    """Write a count with its noun: `1 person`, `2 people`, `1,200 sessions`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def people(count: int) -> str:
    """Write a number of people."""
    return say_many("{number} person", "{number} people", count, number=number(count))


def users(count: int) -> str:
    """Write how many people used what was used; nobody is counted where the sources cannot tell several apart."""
    return number(count) if count else say("unknown")


def sessions(count: int) -> str:
    """Write a number of sessions."""
    return say_many("{number} session", "{number} sessions", count, number=number(count))


def services(count: int) -> str:
    """Write a number of services."""
    return say_many("{number} service", "{number} services", count, number=number(count))


def requests(count: int) -> str:
    """Write a number of requests."""
    return say_many("{number} request", "{number} requests", count, number=number(count))


def inputs(count: int) -> str:
    """Write a number of inputs."""
    return say_many("{number} input", "{number} inputs", count, number=number(count))


def points(value: float) -> str:
    """Write the points of a score with at most one decimal: `7.4`, `58`."""
    tenths = round(10 * value)
    return number(tenths // 10) if tenths % 10 == 0 else decimal(value)


def percent(value: float) -> str:
    """Write a share that is in percent already: `12%`, `3.2%`, and `under 0.1%` where there is next to nothing."""
    return say("under {share}", share=_percent(decimal(0.1))) if 0 < value < _LEAST_SHARE else _percent(points(value))


def people_of(count: int, headcount: int | None) -> str:
    """Write a number of people and of how many, where that is known and not smaller than the number itself."""
    if headcount is None or headcount < count:
        return people(count)
    whole = number(headcount)
    return say_many("{part} of {whole} person", "{part} of {whole} people", headcount, part=number(count), whole=whole)


def share(part: int, whole: int | None) -> str | None:
    """Write a part in whole percent; None where the whole is unknown, zero or smaller than the part."""
    if not whole or whole < part:
        return None
    if 0 < part * 200 < whole:
        return say("under {share}", share=_percent("1"))
    return _percent(number((200 * part + whole) // (2 * whole)))


def _percent(figure: str) -> str:
    return spoken().percent.format(figure)


def size(count: int | None) -> str:
    """Write a number of bytes: `640 B`, `1.2 MB`, `31 GB`; None is `not measured`."""
    if count is None:
        return translated(NOT_MEASURED)
    scale, unit = 1, _UNITS[0]
    for step, name in enumerate(_UNITS):
        scale, unit = 1000**step, name
        if 2 * count < 1999 * scale:  # below 999.5 of this unit, so that 999,999 B is 1.0 MB and not 1,000 kB
            break
    tenths = (20 * count + scale) // (2 * scale)
    few = scale > 1 and tenths < _TEN
    return say(unit, number=decimal(tenths / 10) if few else number((2 * count + scale) // (2 * scale)))


def data(count: int | None, measured: int, sessions: int) -> str:
    """Write the data of some sessions of which `measured` told their size: a sum over a part is `at least`."""
    if count is None or measured >= sessions:
        return size(count)
    return say("at least {data}", data=size(count))


def capital(fragment: str) -> str:
    """Begin a fragment with a capital letter, and leave the rest as it is."""
    return fragment[:1].upper() + fragment[1:]


def listing(names: Sequence[str], limit: int = 3) -> str:
    """Write a list in a sentence: `A, B and C`, `A, B, C and 4 more`."""
    shown = list(names[:limit])
    rest = len(names) - len(shown)
    if rest:
        return say("{names} and {rest} more", names=", ".join(shown), rest=number(rest))
    if len(shown) > 1:
        return say("{names} and {last}", names=", ".join(shown[:-1]), last=shown[-1])
    return "".join(shown)


@lru_cache(maxsize=4096)
def parse_day(text: str | None) -> date | None:
    """Read the date off an RFC 3339 time or date; None where there is none."""
    found = _DATE.fullmatch(text or "")
    if found is None:
        return None
    try:
        return date(*(int(part) for part in found.groups()))
    except ValueError:
        return None


def parse_hour(text: str | None) -> datetime | None:
    """Read the hour (UTC, without a zone) off an RFC 3339 time; None where there is none."""
    found = _HOUR.fullmatch(text or "")
    if found is None:
        return None
    year, month, day, hour = map(int, found.groups())
    try:
        return datetime(year, month, day, hour)  # noqa: DTZ001  # all are in UTC
    except ValueError:
        return None


def day(value: date | str | None) -> str:
    """Write a date as `3 November 2026`; unreadable text stays as it is, unknown is `unknown`."""
    moment = value if isinstance(value, date) else parse_day(value)
    if moment is None:
        return str(value) if value else translated("unknown")
    return say("{day} {month} {year}", day=_nth(moment), month=_month(moment), year=moment.year)


def short_day(moment: date) -> str:
    """Write a date for an axis: `3 Nov`."""
    return say("{day} {month}", day=_nth(moment), month=spoken().short_months[moment.month - 1])


def month(moment: date) -> str:
    """Write a month for an axis: `Nov 2026`."""
    return say("{month} {year}", month=spoken().short_months[moment.month - 1], year=moment.year)


def _month(moment: date) -> str:
    return spoken().months[moment.month - 1]


def _nth(moment: date) -> str:
    return say("1") if moment.day == 1 else str(moment.day)  # the first of a month has a form of its own in French


def moment(told: str | None) -> str:
    """Write a time to the minute: `12 November 2026, 00:00`."""
    time = (told or "")[11:16]
    return say("{day}, {time}", day=day(told), time=time) if time else day(told)


def hours(first: str | None, last: str | None) -> str:
    """Write a stretch of time to the minute in UTC: `12 November 2026, 00:00 \u2013 14 November 2026, 00:00`."""
    last_time = (last or "")[11:16]
    same_day = day(first) == day(last) and (first or "")[11:16] and last_time
    return say("{begin} \u2013 {end}", begin=moment(first), end=last_time if same_day else moment(last))


def span(first: str | None, last: str | None) -> str:
    """Write a period: `3\u20139 November 2026`, `28 October \u2013 3 November 2026`, one day, or `unknown`."""
    start, end = parse_day(first), parse_day(last)
    if start is None or end is None or start == end:
        return day(first if first is not None else last)
    if (start.year, start.month) == (end.year, end.month):
        return say("{first}\u2013{last}", first=_nth(start), last=day(end))
    return say("{begin} \u2013 {end}", begin=_begin(start, end), end=day(end))


def during(first: str | None, last: str | None) -> str:
    """Write a period for use in a sentence: `from 3 to 9 November 2026`, `on 3 November 2026`."""
    start, end = parse_day(first), parse_day(last)
    if start is None or end is None:
        return say("in the records that were read")
    if start == end:
        return say("on {day}", day=day(start))
    if (start.year, start.month) == (end.year, end.month):
        return say("from {first} to {day}", first=_nth(start), day=day(end))
    return say("from {begin} to {day}", begin=_begin(start, end), day=day(end))


def _begin(start: date, end: date) -> str:
    """Write the day on which a period begins; the year is said once."""
    if start.year != end.year:
        return day(start)
    return say("{day} {month}", day=_nth(start), month=_month(start))


def add_known(values: Iterable[int | None]) -> int | None:
    """Add what is known; None where nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None
