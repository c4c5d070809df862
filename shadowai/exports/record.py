"""One record for a SIEM, whatever the format: what it is, how grave, when, and its fields by ECS.

Texts out of logs and files are made harmless and bounded here, once for all formats; each format escapes what it must.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any

MAX_TEXT = 1024  # characters of one text; CEF's own limit for messages is 1,023
MAX_ITEMS = 20  # of one list
MAX_DEPTH = 8  # of nested objects
_CONTROL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]+"
)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)

Fields = dict[str, Any]


class Severity(IntEnum):
    """How grave a record is: the numbers of OCSF's `severity_id`."""

    INFORMATIONAL = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4
    CRITICAL = 5


SEVERITY_OF_RISK = {
    "low": Severity.LOW,
    "medium": Severity.MEDIUM,
    "high": Severity.HIGH,
    "critical": Severity.CRITICAL,
}


@dataclass(frozen=True, slots=True)
class Record:
    """One record: `kind` (use, candidate, ...), `uid` that stays the same for the same finding, a title and a sentence.

    `time` is in milliseconds since 1970-01-01 UTC. `fields` is the ECS document, made of JSON values only.
    """

    kind: str
    uid: str
    time: int
    severity: Severity
    title: str
    message: str
    fields: Fields


def harmless(text: str) -> str:
    """Make a text from outside fit for one line: control and direction characters become U+FFFD, and it is bounded."""
    found = _CONTROL.sub("\ufffd", text[: 2 * MAX_TEXT])
    return found if len(found) <= MAX_TEXT else f"{found[: MAX_TEXT - 1]}\u2026"


def known(value: Any, depth: int = MAX_DEPTH) -> Any:  # noqa: ANN401  # whatever JSON can hold
    """Leave out what is unknown (None, and what is empty then), make texts harmless, and bound lists and depth."""
    if isinstance(value, str):
        return harmless(value)
    if isinstance(value, dict):
        items = ((harmless(str(key)), known(one, depth - 1)) for key, one in value.items()) if depth else ()
        return {key: one for key, one in items if one is not None and one not in ({}, [])}
    if isinstance(value, list | tuple):
        return [known(one, depth - 1) for one in value[:MAX_ITEMS]] if depth else []
    return value if isinstance(value, int | float | bool) else None


def counted(number: int, one: str, many: str | None = None) -> str:
    """Write a count with its noun: `1 person`, `2 people`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def identity(*parts: str | None) -> str:
    """Give a stable id (32 hex digits) of what a finding is about."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def milliseconds(text: str | None) -> int | None:
    """Read an RFC 3339 time as milliseconds since 1970-01-01 UTC; None where there is none, or it is unreadable."""
    if not text or not _TIME.fullmatch(text):
        return None
    whole, fraction = re.fullmatch(r"(.{19})(?:\.(\d+))?.*", text).groups()  # type: ignore[union-attr]  # as checked
    zone = "+00:00" if text.endswith("Z") else text[-6:]
    try:
        moment = datetime.fromisoformat(whole + zone)
    except ValueError:
        return None
    return int(moment.timestamp()) * 1000 + int(((fraction or "") + "000")[:3])


def rfc3339(time: int) -> str:
    """Write milliseconds since 1970-01-01 UTC as RFC 3339, to the millisecond."""
    seconds, rest = divmod(time, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:03d}Z"
