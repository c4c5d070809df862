"""The part of shadowai.toml that only scheduled scans read: `[[sources]]`, `[history]`, `[reports]`, `[schedule]`."""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from shadowai.settings.credentials import Strict
from shadowai.settings.spans import DAY, SCALE, seconds_of

Span = Annotated[
    int,
    BeforeValidator(seconds_of),
    Field(ge=0, le=timedelta(days=36_500).total_seconds()),
    WithJsonSchema({"type": ["integer", "string"], "minimum": 0, "description": SCALE}),
]
"""A length of time in seconds."""


def _one_is_a_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


_TEXTS = {"type": "array", "minItems": 1, "items": {"type": "string"}}
Paths = Annotated[
    tuple[str, ...],
    BeforeValidator(_one_is_a_list),
    Field(min_length=1),
    WithJsonSchema({"anyOf": [{"type": "string"}, _TEXTS]}),
]
"""Files, folders, globs and URLs: one, or a list of them."""


class SourceSettings(Strict):
    """One source of a scheduled scan: `name` stands in reports in place of file names, which change as logs rotate."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,79}$")
    paths: Paths
    format: str | None = None


class HistorySettings(Strict):
    """Where the history lies and how long what is kept: `keep`, `compact_after`, `settle` and `wait` in seconds.

    `state` is the folder of the database, the lock and the outbox; `url` a PostgreSQL database in place of the file.
    `url_file` or `url_env` name the file or the variable that holds a URL with a password.
    """

    state: Path | None = None
    url: str | None = None
    url_file: Path | None = None
    url_env: str | None = None
    workspace: str = Field(default="default", pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    keep: Span = 400 * DAY
    compact_after: Span = 60 * DAY
    settle: Span = 60
    wait: Span = 0


class ReportsSettings(Strict):
    """Which reports are written, and where: `out`/day/2026-11-20, `out`/week/2026-W47, `out`/month/2026-11.

    Of the kinds in `send` mails and webhooks go out when a period has ended; SIEM records and alerts go by the first
    of `periods`.
    """

    out: Path | None = None
    periods: tuple[Literal["day", "week", "month"], ...] = Field(default=("day", "week", "month"), min_length=1)
    send: tuple[Literal["day", "week", "month"], ...] = ("week", "month")


class ScheduleSettings(Strict):
    """When the timer starts a scan: `at` (HH:MM, local time), or `every` so many seconds."""

    at: str = Field(default="02:30", pattern=r"^(?:[01]\d|2[0-3]):[0-5]\d$")
    every: Span | None = None


def default_state() -> Path:
    """Give the folder for state: XDG_STATE_HOME, else that of the system."""
    named = os.environ.get("XDG_STATE_HOME")
    if named and Path(named).is_absolute():
        return Path(named) / "shadowai"
    home = Path(os.path.expanduser("~"))  # noqa: PTH111  # Path.home raises where there is no home
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "shadowai"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", str(home))) / "shadowai"
    return home / ".local" / "state" / "shadowai"


def rooted(values: dict[str, Any], folder: Path) -> None:
    """Make the paths of these tables relative to the folder of the file."""
    for table, names in (("history", ("state", "url_file")), ("reports", ("out",))):
        part = values.get(table)
        if isinstance(part, dict):
            part.update({name: folder / part[name] for name in names if isinstance(part.get(name), str)})
    feeds = values.get("sources")
    for feed in feeds if isinstance(feeds, list) else ():
        if isinstance(feed, dict):
            paths = feed.get("paths")
            some = [paths] if isinstance(paths, str) else paths
            if isinstance(some, list):
                feed["paths"] = [_placed(path, folder) for path in some]


def _placed(path: object, folder: Path) -> object:
    """Put a relative path into the folder; a URL stays what it is."""
    return str(folder / path) if isinstance(path, str) and "://" not in path else path
