"""Lengths of time as settings write them: whole seconds, or text with a unit. There is one rule for all tables."""

from __future__ import annotations

import re

DAY = 86_400  # seconds
_UNITS = {
    **dict.fromkeys(("s", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hour", "hours"), 3600),
    **dict.fromkeys(("d", "day", "days"), DAY),
    **dict.fromkeys(("week", "weeks"), 7 * DAY),
}
_SPAN = re.compile(r"([0-9]{1,9}) ?([a-z]{1,7})")

SCALE = "a number of seconds, or text such as '60 s', '15 min', '12 h' or '400 days'"


def seconds_of(value: object) -> object:
    """Read a length of time in seconds; ValueError for other text. What is no text is left for pydantic to judge."""
    if not isinstance(value, str):
        return value
    found = _SPAN.fullmatch(value.strip().lower())
    unit = _UNITS.get(found[2]) if found else None
    if found is None or unit is None:
        message = f"{value!r} is no length of time; give {SCALE}"
        raise ValueError(message)
    return int(found[1]) * unit
