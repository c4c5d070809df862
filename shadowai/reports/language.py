"""The language that is being written: every sentence of a report passes through `say` or `say_many`.

A sentence is one whole message with named places (`{people} of {heads}`), never put together from parts of a sentence,
so that a translator can order it as the language wants. The language is that of the running task (PEP 567): renderers
stay functions of the document, and no function carries the language through. `languages` has those that there are.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from gettext import NullTranslations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LETTER = (8.5, 11.0)  # ANSI/ASME Y14.1
A4 = (8.27, 11.69)  # ISO 216
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


@dataclass(frozen=True, slots=True)
class Language:
    """A language: its code (BCP 47), its catalogue, and how it writes numbers and months (Unicode CLDR).

    `group` stands between thousands, `decimal` before tenths; `percent` has `{}` in the place of the number. `paper` is
    the sheet that its readers print on, width and height in inches.
    """

    code: str = "en"
    catalogue: NullTranslations = field(default_factory=NullTranslations)
    group: str = ","
    decimal: str = "."
    percent: str = "{}%"
    months: tuple[str, ...] = _MONTHS
    short_months: tuple[str, ...] = tuple(name[:3] for name in _MONTHS)
    paper: tuple[float, float] = LETTER


ENGLISH = Language()
"""The language that messages are written in."""

_LANGUAGE: ContextVar[Language] = ContextVar("shadowai_language", default=ENGLISH)


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Write in a language."""
    token = _LANGUAGE.set(language)
    try:
        yield
    finally:
        _LANGUAGE.reset(token)


def spoken() -> Language:
    """Give the language that is being written."""
    return _LANGUAGE.get()


def later(message: str) -> str:
    """Mark a message for the catalogues that is said elsewhere, and give it as it is."""
    return message


def translated(message: str) -> str:
    """Give a message in the language that is being written."""
    return _LANGUAGE.get().catalogue.gettext(message)


def translated_count(one: str, many: str, number: int) -> str:
    """Give the form of a message for a number in the language that is being written."""
    return _LANGUAGE.get().catalogue.ngettext(one, many, number)


def say(message: str, /, **values: object) -> str:
    """Say a message with its values in place: `say("Ask {owner}", owner=name)`."""
    return translated(message).format(**values)


def say_many(one: str, many: str, number: int, /, **values: object) -> str:
    """Say the form of a message for a number; the number itself is among the values, written as the caller wants it."""
    return translated_count(one, many, number).format(**values)
