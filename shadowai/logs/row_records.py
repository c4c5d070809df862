"""Answers of query interfaces: the names of the columns, then rows: `{"columns": [...], "rows": [[...], ...]}`.

Azure Monitor's Log Analytics (https://learn.microsoft.com/en-us/azure/azure-monitor/logs/api/response-format), Azure
Data Explorer, Elasticsearch SQL and ES|QL, Splunk's json_rows and InfluxDB answer so. Loki's streams hold rows, too: a
time in nanoseconds and a line (https://grafana.com/docs/loki/latest/reference/loki-http-api/). Each row is brought to
one line without moving a byte (`shadowai.logs.framing`), and opened as an object of the columns' names.

So is a row of a delimited table with a header (RFC 4180): whatever a product writes as JSON is exported so, too.
"""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING

import orjson

from shadowai.logs.framing import TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable

COLUMN = re.compile(r"[@#A-Za-z_][\w.@#:/ ()\[\]-]{0,127}")
"""How the name of a column of a table may look."""

_NAMES = re.compile(rb'"(?:columns|fields)"\s{0,64}:\s{0,64}(?=\[)', re.IGNORECASE)
_ROWS = re.compile(rb'"(?:rows|values)"\s{0,64}:\s{0,64}\[\s{0,64}\[', re.IGNORECASE)
_STREAM = b'"stream"'
_LINE_OF_STREAM = ("time", "line", "structuredMetadata")
_LEAST_OF_STREAM = 2
_NAMED = ("name", "ColumnName", "Name")
_PREFIX, _TABLE = "answer:", "table:"
_DELIMITERS = ",;\t"
_LEAST_COLUMNS, MAX_COLUMNS = 3, 1024
_RECORDS = ("payload", "message", "raw", "_raw")  # columns whose cells are records, even where they are written as JSON
_ZONE = " [UTC]"  # behind the name of a column with times
_OPENING, _CLOSING = b"[{", b"]}"


def wrapping_of(head: bytes) -> str | None:
    """Give what the rows of an answer are wrapped in, by the first bytes of it; None where it holds no rows."""
    rows = _ROWS.search(head)
    if rows is None:
        return None
    begun = _NAMES.search(head, 0, rows.start())
    if begun is not None:
        names = _names(head[begun.end() : _end(head, begun.end())])
        return f"{_PREFIX}{len(names)}:{orjson.dumps(names).decode()}" if names else None
    if _STREAM in head[: rows.start()]:
        return f"{_PREFIX}{_LEAST_OF_STREAM}:{orjson.dumps(_LINE_OF_STREAM).decode()}"
    return None


def _end(head: bytes, start: int) -> int:
    """Give where the list that begins at a place ends; 0 where it does not."""
    depth = 0
    for token in TOKEN.finditer(head, start):
        sign = head[token.start() : token.start() + 1]
        depth += (sign in _OPENING) - (sign in _CLOSING)
        if depth == 0:
            return token.end()
    return 0


def _names(text: bytes) -> list[str]:
    try:
        items = orjson.loads(text)
    except orjson.JSONDecodeError:
        return []
    names = [_name(item) for item in items]
    return [name for name in names if name] if all(names) else []


def _name(item: object) -> str:
    if isinstance(item, dict):
        item = next((item[key] for key in _NAMED if key in item), None)
    return item if isinstance(item, str) else ""


def is_answer(wrapping: str) -> bool:
    """Say whether a wrapping is one of `wrapping_of`."""
    return wrapping.startswith(_PREFIX)


def is_table(wrapping: str) -> bool:
    """Say whether a wrapping is one of `tables_of`."""
    return wrapping.startswith(_TABLE)


def answer_opener(wrapping: str) -> Callable[[str], tuple[str, str] | None]:
    """Give the opener of a row: the object it stands for, None where a text is no row of that width."""
    least, _, written = wrapping.removeprefix(_PREFIX).partition(":")
    names, fewest = orjson.loads(written), int(least)

    def opened(text: str) -> tuple[str, str] | None:
        try:
            row = orjson.loads(text)
        except orjson.JSONDecodeError:
            return None
        if not isinstance(row, list) or not fewest <= len(row) <= len(names):
            return None
        return orjson.dumps(dict(zip(names, row, strict=False))).decode(), ""

    return opened


def tables_of(header: str) -> list[str]:
    """Give what the rows of a delimited table are wrapped in, by its first line; none where that names no columns."""
    delimiter = max(_DELIMITERS, key=header.count)
    names = [name.strip() for name in _cells(header, delimiter) or ()]
    if not _LEAST_COLUMNS <= len(names) <= MAX_COLUMNS or not all(map(COLUMN.fullmatch, names)):
        return []
    return [f"{_TABLE}{delimiter}:{orjson.dumps(names).decode()}"]


def table_opener(wrapping: str, stamp: Callable[[str], str]) -> Callable[[str], tuple[str, str] | None]:
    """Give the opener of a row: the object it stands for; the list of its columns for the header line itself.

    Empty cells are left out, and JSON in a cell is part of the object. `stamp` brings the times of columns that the
    Azure portal marks with their zone to a form that formats read.
    """
    delimiter, written = wrapping[len(_TABLE)], wrapping[len(_TABLE) + 2 :]
    names = orjson.loads(written)
    keys = [name.removesuffix(_ZONE) for name in names]
    texts = [key.lower() in _RECORDS for key in keys]
    dated = [number for number, name in enumerate(names) if name.endswith(_ZONE)]

    def opened(text: str) -> tuple[str, str] | None:
        row = _cells(text, delimiter)
        if row is None or len(row) != len(names):
            return None
        if [cell.strip() for cell in row] == names:
            return written, ""
        for number in dated:
            row[number] = stamp(row[number].strip()) or row[number]
        cells = zip(keys, texts, row, strict=True)
        return orjson.dumps({key: cell if plain else _value(cell) for key, plain, cell in cells if cell}).decode(), ""

    return opened


def _cells(text: str, delimiter: str) -> list[str] | None:
    try:
        return next(csv.reader((text,), delimiter=delimiter, skipinitialspace=True), None)
    except csv.Error:
        return None


def _value(cell: str) -> object:
    if cell[0] not in "{[":
        return cell
    try:
        return orjson.loads(cell)
    except orjson.JSONDecodeError:
        return cell
