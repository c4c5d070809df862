"""Sentences that the program wrote into a result document, said in the language that is being written.

The document holds them in English, with their values in place. `phrase_book` has their messages, and a sentence is
recognised as the message that it was made of, so that its values can be put into the translation as gettext wants it.
Reading them back rather than keeping message and values beside each sentence leaves the document as it is published,
and translates those of earlier versions too. Whoever wrote his own words (a reason in a policy, a host) finds them
unchanged, and so does English.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from string import Formatter
from typing import NamedTuple

from shadowai.reports import phrase_book, text
from shadowai.reports.language import ENGLISH, say, spoken, translated

LONGEST = 500  # characters of a sentence; looking through a longer one would take more time than it is worth
# How a place reads, by its name; any other holds what somebody else named, and stays as it is.
_NUMBER = r"[0-9]{1,12}|[0-9]{1,3}(?:,[0-9]{3}){1,4}|[0-9]{1,12}\.[0-9]{1,3}"
_PLACES = {"number": _NUMBER, "whole": _NUMBER, "percent": r"[0-9]{1,3}%", "next": r"[0-9]{1,3}%"}
_REASON = "reason"  # a place that holds a message without places of its own
_LISTED = re.compile(r"(.+) and ([0-9]{1,9}) more", re.DOTALL)
_CLAUSES = re.compile(rf"(?:^|, | (?=accounts? |kinds? ))(?=(?:{'|'.join(phrase_book.RULE_KEYS)}|risk of) )")


class _Found(NamedTuple):
    """A message and the values of its places as the document has them."""

    message: str
    values: tuple[tuple[str, str], ...] = ()


def phrase(told: str) -> str | None:
    """Say a sentence of the document; None where the phrase book does not know it. A capital letter stays one."""
    if spoken() is ENGLISH:
        return told
    if len(told) > LONGEST:
        return None
    small = told[:1].lower() + told[1:]
    found = _find(told) or _find(small)
    if found is None:
        return None
    said = say(found.message, **{name: _value(name, value) for name, value in found.values})
    return text.capital(said) if told != small else said


def worded(told: str) -> str:
    """Say a sentence of the document, or give it as it is."""
    return phrase(told) or told


def worded_all(told: str) -> str:
    """Say sentences of the document that stand in one text with semicolons between them."""
    parts = [phrase(one) for one in told.split("; ")]
    return worded(told) if None in parts else "; ".join(filter(None, parts))


def worded_rule(told: str) -> str:
    """Say what or whom a rule of the policy is about: `category chat, country CN`, `department Legal account work`."""
    if spoken() is ENGLISH:
        return told
    clauses = (one for one in _CLAUSES.split(told) if one)
    return ", ".join(map(_clause, clauses))


def _clause(told: str) -> str:
    key, _, names = told.partition(" ")
    if key not in phrase_book.RULE_KEYS:  # `everyone`, and what may stand before an account or a kind
        return ", ".join(map(worded, told.split(", ")))
    more = _LISTED.fullmatch(names)
    shown, rest = (more[1], more[2]) if more else (names, "")
    if key in phrase_book.RULE_WORDS:
        shown = ", ".join(map(worded, shown.split(", ")))
    listed = say("{names} and {rest} more", names=shown, rest=rest) if rest else shown
    return say(phrase_book.RULE_KEYS[key], names=listed)


def _value(name: str, value: str) -> str:
    if name == _REASON:
        return translated(value) if value in _sentences()[0] else value
    if name not in _PLACES:
        return value
    if value.endswith("%"):
        return text.percent(int(value.removesuffix("%")))
    return text.points(float(value.replace(",", "")))


@lru_cache(maxsize=8192)
def _find(told: str) -> _Found | None:
    plain, patterns = _sentences()
    if told in plain:
        return _Found(told)
    for pattern, message in patterns:
        if found := pattern.fullmatch(told):
            return _Found(message, tuple(found.groupdict().items()))
    return None


@cache
def _sentences() -> tuple[frozenset[str], tuple[tuple[re.Pattern[str], str], ...]]:
    """Give the messages without places, and those with some as patterns."""
    with_places = [one for one in phrase_book.MESSAGES if "{" in one]
    return frozenset(phrase_book.MESSAGES).difference(with_places), tuple((_pattern(one), one) for one in with_places)


def _pattern(message: str) -> re.Pattern[str]:
    parts = []
    for literal, name, _, _ in Formatter().parse(message):
        parts.append(re.escape(literal))
        if name:
            parts.append(f"(?P<{name}>{_PLACES.get(name, '.+?')})")
    return re.compile("".join(parts), re.ASCII | re.DOTALL)
