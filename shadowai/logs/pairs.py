r"""The syntax `key=value` in the ways that products write it.

Values may be quoted; inside quotes a backslash (`\"`) or a second quote (`""`) stands for a quote. Zscaler's feeds nest
them instead: `useragent=""Mozilla/5.0""`. Check Point's Log Exporter (sk122323) writes `key:"value"; key:"value"`,
Cisco's FTD `Key One: value, Key Two: value`. Every pattern is linear in the text.
"""

from __future__ import annotations

import csv
import re
from functools import lru_cache

_NAME = r"[A-Za-z_][\w.-]{0,63}"
_WORDS = r"[A-Za-z_](?:[\w.-]| (?=\w)){0,63}"  # a key of Check Point may hold blanks
_NESTED = r'""(?![\s,;|]|$)[^"]*""'
_QUOTED = r'"[^"\\]*(?:(?:\\.|"")[^"\\]*)*"'
_STARTS = {
    "blank": (r"(?:^|(?<=[ \t]))", r"[^ \t]*"),
    "comma": (r"(?:^|(?<=,))\s{0,4}\"?", r"[^,]*"),
    "semicolon": (r"(?:^|(?<=[;\[{]))\s{0,4}", r"[^;\]}]*"),
    "pipe": (r"(?:^|(?<=\|))\s{0,4}", r"[^|]*"),
}  # what stands in front of a key, and an unquoted value
_MARKS = {",": "comma", ";": "semicolon", "|": "pipe"}
_FIRST = re.compile(rf"\s{{0,4}}{_NAME}=(?:{_NESTED}|{_QUOTED})?", re.ASCII)
_ANY_KEY = re.compile(rf"(?<![\w.-]){_NAME}=", re.ASCII)
_NEXT = re.compile(rf"([,;| ])\s{{0,4}}{_NAME}=(?:{_NESTED}|{_QUOTED})?", re.ASCII)


def pairs_in(text: str, separator: str = "auto", equals: str = "=") -> dict[str, str]:
    """Read the pairs of a record; the first of equal keys counts, so that nothing written later can replace it.

    `separator` is one of `shadowai.logs.schema.Pairs`; with `auto` the record itself tells it.
    """
    if separator == "auto":
        separator = told_separator(text)
    if separator == "tab":
        return _parted(text.split("\t"), equals)
    if separator == "cells":
        return _parted(_cells(text), equals, quoted=False)
    pairs: dict[str, str] = {}
    for key, value in _pattern(separator, equals).findall(text):
        pairs.setdefault(key, _unquoted(value) if '"' in value else value.strip())
    return pairs


def told_separator(text: str) -> str:
    """Tell what separates the pairs; `cells` is a CSV line each of whose quoted values is a pair."""
    if "\t" in text:
        return "tab"
    if text.startswith('"'):
        return "cells"
    first = _FIRST.match(text) or _NEXT.search(text)
    following = first and _NEXT.search(text, first.end())
    return _MARKS.get(following[1], "blank") if following else "blank"


def lead_end(text: str) -> int:
    """Give where the first key begins, and with it the text in front of the pairs ends."""
    first = _ANY_KEY.search(text)
    if first is None:
        return 0
    tab = text.rfind("\t", 0, first.start())
    return tab + 1 if tab >= 0 else first.start() - (text[: first.start()].endswith('"'))


@lru_cache(maxsize=16)
def _pattern(separator: str, equals: str) -> re.Pattern[str]:
    start, bare = _STARTS[separator]
    name, sign = _NAME, equals
    if equals == ":":
        name, sign = _WORDS, r"::?\s{0,2}"
        if separator == "comma":
            start, bare = r"(?:^|(?<=[,:]))\s{0,2}", rf"[^,]*(?:,(?!\s{{0,2}}{_WORDS}:(?:\s|$))[^,]*)*"
    return re.compile(rf"{start}({name}){sign}({_NESTED}|{_QUOTED}|{bare})", re.ASCII)


def _parted(parts: list[str], equals: str, *, quoted: bool = True) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for part in parts:
        key, sign, value = part.partition(equals)
        if sign:
            written = value.strip()
            pairs.setdefault(key.strip().lstrip('"'), _unquoted(written) if quoted and '"' in written else written)
    return pairs


def _unquoted(value: str) -> str:
    """Take the quotes off a value, and undo what stands for a quote inside them."""
    if not (len(value) > 1 and value[0] == '"' == value[-1]):
        return value.strip('"')
    if value.startswith('""') and value.endswith('""') and len(value) > len('""""'):
        return value[2:-2]
    bare = value[1:-1].replace('""', '"').replace('\\"', '"')
    return bare.replace("\\]", "]") if "\\]" in bare else bare


def _cells(text: str) -> list[str]:
    try:
        return next(csv.reader((text,)), [])
    except csv.Error:
        return []
