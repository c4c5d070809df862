"""A language in which every message stands in brackets, so that a text that went past the catalogues is seen."""

from __future__ import annotations

import re
from gettext import NullTranslations
from typing import TYPE_CHECKING

from support.catalogues import messages

from shadowai.reports.duties import duties
from shadowai.reports.language import Language

if TYPE_CHECKING:
    from collections.abc import Iterator

KNOWN = frozenset(message.id for message in messages() if message.id)


class _Marking(NullTranslations):
    """A catalogue that puts every message of the catalogues into brackets."""

    def gettext(self, message: str) -> str:
        return f"\u27e6{message}\u27e7" if message in KNOWN else message

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        said = msgid1 if n == 1 else msgid2
        return f"\u27e6{said}\u27e7" if (msgid1, msgid2) in KNOWN else said


MARKED = Language("el", _Marking(), months=("\u03bc",) * 12, short_months=("\u03bc",) * 12)
SHOWN = ("aria-label", "alt", "title", "placeholder", "data-label", "data-filter", "data-shown", "summary")


def greek(name: str, value: str) -> str:
    """Write a text of the document in letters that no message has; times, and what the code knows, stay."""
    if name in ("kind", "unit", "evidence", "day", "slug") or re.match(r"\d{4}-", value):
        return value
    return "\u03a9" + "".join(chr(0x3B1 + ord(letter) % 24) for letter in value)


def without_laws(told: str) -> str:
    """Leave the names of laws and standards out, and where something stands in them: they have one form everywhere."""
    rows = [duty for found in duties().findings.values() for duty in found]
    names = {framework.name for framework in duties().frameworks.values()} | {duty.reference for duty in rows}
    return re.sub("|".join(map(re.escape, sorted(names, key=len, reverse=True))), "", told)


def outside(told: str) -> Iterator[str]:
    """Give the words of Latin letters that stand in no message; messages stand in each other."""
    depth, rest = 0, []
    for letter in told:
        depth += (letter == "\u27e6") - (letter == "\u27e7")
        rest.append(letter if depth == 0 else " ")
    yield from re.findall(r"[A-Za-z][A-Za-z ,.]+", "".join(rest))
