"""One small engine per syntax: the text of a record to its columns.

An engine gives the values of the wanted columns in their order ("" for an unknown one), or None where the text is no
record of its syntax. None of them backtracks: every pattern is linear in the text.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Sequence
from typing import Any

import orjson

from shadowai.logs.schema import Delimited, Json, Pairs, Regex

Splitter = Callable[[str], list[str] | None]

_PAIR_BLANK = re.compile(r'(?:^|(?<=[ \t]))([A-Za-z_][\w.-]{0,63})=("[^"\\]*(?:\\.[^"\\]*)*"|[^ \t]*)', re.ASCII)
_PAIR_COMMA = re.compile(r'(?:^|(?<=,))\s{0,4}"?([A-Za-z_][\w.-]{0,63})=("[^"\\]*(?:\\.[^"\\]*)*"|[^,]*)', re.ASCII)
_KEY = re.compile(r"\s*([A-Za-z_][\w.-]{0,63})=", re.ASCII)
_BRACKETS = re.compile(r'(?<!\S)\[[^\]\s"]{1,40} [^\]\s"]{1,8}\](?!\S)')
_DELIMITERS = {"comma": ",", "tab": "\t", "blank": " "}


def splitter_of(syntax: Pairs | Json | Regex, wanted: Sequence[str]) -> Splitter:
    """Give the engine of a syntax whose columns are named in every record."""
    if isinstance(syntax, Pairs):
        return _pairs(syntax, wanted)
    if isinstance(syntax, Json):
        return _json(wanted)
    return _regex(syntax, wanted)


def delimiter_of(syntax: Delimited, header: str) -> str:
    """Give the delimiter of a file: the one of the definition, or the most frequent of the header line."""
    if syntax.delimiter != "auto":
        return _DELIMITERS[syntax.delimiter]
    if syntax.header == "w3c":
        return "\t" if "\t" in header else " "
    return max(",;\t|", key=header.count)


def cut(text: str, delimiter: str, *, quotes: bool = True) -> list[str] | None:
    """Cut a record at its delimiters; quotes as in RFC 4180, a run of blanks is one delimiter."""
    if not quotes or '"' not in text:
        if delimiter != " ":
            return text.split(delimiter)
        # Without an argument, split() also cuts at the no-break space and its kin.
        return text.split() if text.isascii() else [part for part in text.split(" ") if part]
    try:
        return next(csv.reader((text,), delimiter=delimiter, skipinitialspace=delimiter == " "), None)
    except csv.Error:
        return None


def cut_w3c(text: str, *, width: int, bracketed: bool) -> list[str] | None:
    """Cut a row under a W3C header that names its columns between blanks.

    Some exports put tabs between the values all the same. With `bracketed`, a time in brackets is one value.
    """
    if _is_tabbed(text, width):
        return cut(text, "\t")
    if bracketed:
        text = _BRACKETS.sub(r'"\g<0>"', text, count=1)
    return cut(text, " ")


def _is_tabbed(text: str, width: int) -> bool:
    tab = text.find("\t")
    if tab < 0:
        return False
    blank = text.find(" ")
    return blank < 0 or tab < blank or text.count("\t") >= max(width - 1, 1)


def _pairs(syntax: Pairs, wanted: Sequence[str]) -> Splitter:
    lead = syntax.lead

    def split(text: str) -> list[str] | None:
        found = pairs_in(text)
        if not found:
            return None
        if lead is not None:
            found.setdefault(lead, text[: _lead_end(text)].strip())
        return [found.get(name, "") for name in wanted]

    return split


def pairs_in(text: str) -> dict[str, str]:
    """Read `key=value` pairs; the first of equal keys counts, so that nothing written later can replace it."""
    pairs: dict[str, str] = {}
    if "\t" in text:
        for part in text.split("\t"):
            key, equals, value = part.partition("=")
            if equals:
                pairs.setdefault(key.strip().lstrip('"'), value.strip().strip('"'))
        return pairs
    if text.startswith('"'):
        # Each pair is a quoted value of a CSV line.
        for part in cut(text, ",") or ():
            key, equals, value = part.partition("=")
            if equals:
                pairs.setdefault(key.strip(), value.strip())
        return pairs
    for key, value in (_PAIR_COMMA if _is_comma_separated(text) else _PAIR_BLANK).findall(text):
        pairs.setdefault(key, value[1:-1].replace('\\"', '"') if value[:1] == '"' == value[-1:] else value.strip('"'))
    return pairs


def _is_comma_separated(text: str) -> bool:
    """Tell `a=1,b="2",c=3` from `a=1 b="2" c=3` by what follows the first value."""
    first = _KEY.match(text)
    if first is None:
        return False
    comma, blank = text.find(",", first.end()), text.find(" ", first.end())
    return comma >= 0 and (blank < 0 or comma < blank) and _KEY.match(text, comma + 1) is not None


def _lead_end(text: str) -> int:
    first = text.find("=")
    return 0 if first < 0 else max(text.rfind("\t", 0, first), text.rfind(",", 0, first), 0)


def _json(wanted: Sequence[str]) -> Splitter:
    paths = [(name, name.split(".")) for name in wanted]

    def split(text: str) -> list[str] | None:
        try:
            document = orjson.loads(text)
        except orjson.JSONDecodeError:
            return None
        if not isinstance(document, dict):
            return None
        return [_written(document[name] if name in document else _walk(document, path)) for name, path in paths]

    return split


def _walk(document: dict[str, Any], path: Sequence[str]) -> object:
    place: Any = document
    for step in path:
        if isinstance(place, dict):
            place = place.get(step)
        elif isinstance(place, list) and step.isdigit() and int(step) < len(place):
            place = place[int(step)]
        else:
            return None
    return place


def _written(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, (int, float)) else ""


def _regex(syntax: Regex, wanted: Sequence[str]) -> Splitter:
    pattern = re.compile(syntax.pattern)

    def split(text: str) -> list[str] | None:
        found = pattern.match(text)
        if found is None:
            return None
        groups = found.groupdict(default="")
        return [groups.get(name, "") for name in wanted]

    return split
