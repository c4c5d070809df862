"""One small engine per syntax: the text of a record to its columns.

An engine gives the values of the wanted columns in their order ("" for an unknown one), or None where the text is no
record of its syntax. None of them backtracks: every pattern is linear in the text.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from shadowai.logs.cef import cef_splitter, leef_splitter, spaced_pairs
from shadowai.logs.columns import Row
from shadowai.logs.json_records import json_splitter
from shadowai.logs.pairs import lead_end, pairs_in
from shadowai.logs.schema import Cef, Delimited, Dnstap, Json, Leef, Pairs, Regex, Xml
from shadowai.logs.xml_records import xml_splitter

Splitter = Callable[[str], Row | None]

MAX_COLUMNS = 4096
_BRACKETS = re.compile(r'(?<!\S)\[[^\]\s"]{1,40} [^\]\s"]{1,8}\](?!\S)')
_NAMED = {"cef": cef_splitter, "leef": leef_splitter, "xml": xml_splitter, "json": json_splitter}
_DELIMITERS = {"comma": ",", "tab": "\t", "blank": " "}


def splitter_of(syntax: Pairs | Cef | Leef | Xml | Json | Regex | Dnstap, wanted: Sequence[str]) -> Splitter:
    """Give the engine of a syntax whose columns are named in every record."""
    if isinstance(syntax, Pairs):
        return _pairs(syntax, wanted)
    if isinstance(syntax, Regex):
        return _regex(syntax, wanted)
    if isinstance(syntax, Dnstap):
        return lambda _text: None  # its records are frames (`shadowai.logs.dnstap`)
    return _NAMED[syntax.engine](wanted)


def delimiter_of(syntax: Delimited, header: str) -> str:
    """Give the delimiter of a file: the one of the definition, or the most frequent of the header line."""
    if syntax.delimiter != "auto":
        return _DELIMITERS[syntax.delimiter]
    if syntax.header == "w3c":
        return "\t" if "\t" in header else " "
    return max(",;\t|", key=header.count)


class Simple(NamedTuple):
    """How a text is cut that is ASCII and, where quotes count, holds none: at a delimiter (None: at blanks)."""

    delimiter: str | None
    quotes: bool

    def covers(self, text: str) -> bool:
        """Say whether a text is such a one."""
        return text.isascii() and not (self.quotes and '"' in text)


class Cutter:
    """Cuts texts into the rows of a layout of `width` columns; None for what is no row of it.

    A row has at least `least` values and is filled up with empty ones; with `exact`, nothing stands beyond its columns.
    `cut` cuts any text, `simple` says how most of them may be cut without the calls.
    """

    def __init__(self, cut: Splitter, simple: Simple | None, width: int, least: int, *, exact: bool) -> None:
        self._cut, self._simple = cut, simple
        self._width, self._least, self._exact = width, least, exact

    def __call__(self, text: str) -> Row | None:
        """Cut one text."""
        simple = self._simple
        return self._fitted(
            text.split(simple.delimiter) if simple is not None and simple.covers(text) else self._cut(text)
        )

    def many(self, texts: Sequence[str]) -> Sequence[Row | None]:
        """Cut many texts, each as alone."""
        if self._simple is None or not self._simple.covers("".join(texts)):
            return list(map(self, texts))
        delimiter = self._simple.delimiter
        rows = [text.split(delimiter) for text in texts]
        return rows if set(map(len, rows)) == {self._width} else list(map(self._fitted, rows))

    def _fitted(self, row: Row | None) -> Row | None:
        if row is None or not self._least <= len(row) <= MAX_COLUMNS:
            return None
        missing = self._width - len(row)
        if missing > 0:
            row += [""] * missing
        return None if self._exact and missing < 0 and any(row[self._width :]) else row


def cut(text: str, delimiter: str, *, quotes: bool = True) -> list[str] | None:
    """Cut a record at its delimiters; quotes as in RFC 4180, a run of blanks is one delimiter."""
    if not quotes or '"' not in text:
        if delimiter != " ":
            return text.split(delimiter)
        # Without an argument, split() also cuts at the no-break space and its kin.
        return text.split() if text.isascii() else [part for part in text.split(" ") if part]
    # A quote without its partner may be part of a value, but not the beginning of one: then the line was cut short.
    lone = text.count('"') % 2 == 1
    try:
        return next(csv.reader((text,), delimiter=delimiter, skipinitialspace=True, strict=lone), None)
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
    equals = ":" if syntax.equals == "colon" else "="

    def split(text: str) -> list[str] | None:
        start = 0 if lead is None else lead_end(text)
        body = text[start:]
        found = spaced_pairs(body) if syntax.separator == "spaced" else pairs_in(body, syntax.separator, equals)
        if not found:
            return None
        if lead is not None:
            found.setdefault(lead, text[:start].strip(" \t,;|"))
        return [found.get(name, "") for name in wanted]

    return split


def _regex(syntax: Regex, wanted: Sequence[str]) -> Splitter:
    pattern = re.compile(syntax.pattern)

    def split(text: str) -> list[str] | None:
        found = pattern.match(text)
        if found is None:
            return None
        groups = found.groupdict(default="")
        return [groups.get(name, "") for name in wanted]

    return split
