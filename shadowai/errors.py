"""The error tree: every error names its file, and its record where there is one."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


class ShadowaiError(Exception):
    """Base of every error that is meant for the user: what went wrong, where, and what to do about it.

    `where` is the file, `record` the line, packet or key inside it.
    """

    def __init__(self, message: str, *, where: str | Path | None = None, record: str | int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = str(where) if where is not None else None
        self.record = record

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.where, self.record) if part is not None)
        return f"{place}: {self.message}" if place else self.message

    def __reduce__(self) -> tuple[object, ...]:
        """Errors cross the process boundary of the engine, keyword arguments included."""
        return (_rebuild, (type(self), self.message, self.where, self.record))


def _rebuild(kind: type[ShadowaiError], message: str, where: str | None, record: str | int | None) -> ShadowaiError:
    return kind(message, where=where, record=record)


class UsageError(ShadowaiError):
    """The call or the configuration is wrong: a file the user wrote, an option, a column map."""


class SignatureError(UsageError):
    """A signature file breaks the schema or a lint."""


class SourceError(ShadowaiError):
    """One input cannot be read at all: missing, empty, of no known format, damaged from the first record."""


class EmptyError(SourceError):
    """An input holds nothing: no error where files come by themselves, as in scheduled runs."""


class WorkerError(ShadowaiError):
    """A worker process died, so that the scan is not whole."""


class CaptureError(SourceError):
    """A capture file is damaged beyond its header."""


def unreadable(error: OSError, where: Path) -> UsageError:
    """Say that a file which the user names cannot be read, and what to do."""
    return UsageError(f"cannot be read ({error.strerror}); check the path and its permissions", where=where)


MOST_ALIKE = 3  # names that are told; as many as difflib gives


def unknown_name(kind: str, name: str, known: Iterable[str], remedy: str) -> UsageError:
    """Say that there is no such thing, and what like it there is; `remedy` names where all of them are listed."""
    names = sorted(known)
    alike = [one for one in names if name.lower() in one.lower()][:MOST_ALIKE] or difflib.get_close_matches(name, names)
    meant = f"; did you mean {' or '.join(alike)}?" if alike else ";"
    return UsageError(f"no {kind} {name!r}{meant} {remedy}")
