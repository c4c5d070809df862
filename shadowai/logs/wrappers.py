"""Records inside records: what log shippers and search engines put around a vendor's line, opened in one place.

A wrapping is one of `PATHS` (a JSON object whose value at that path is the record, as text or as an object),
`csv:<delimiter>:<column number>:<number of the column with the time>:<name>` (a column of a delimited export),
`rows:<delimiter>:<plain|quoted>` (a CSV without a header that was saved anew, with other quotes or another delimiter),
a row of a query's answer or of a table (`shadowai.logs.row_records`), or what a search tool puts in front of a line
(`shadowai.logs.pasted`).
Splunk's export, Elasticsearch's hit, Docker's json-file driver, Filebeat, Fluentd, Loki, journald, GELF, Wazuh, Kafka,
Datadog, OpenTelemetry, CloudWatch and Google's LogEntry are of the first kind.
"""

from __future__ import annotations

import csv
import io
import re
from itertools import product
from typing import TYPE_CHECKING, Literal

import orjson

from shadowai.logs.json_records import load_object, written
from shadowai.logs.pasted import is_pasted, pasted_opener
from shadowai.logs.row_records import COLUMN, answer_opener, is_answer, is_table, table_opener
from shadowai.logs.times import Clock, epoch, parser_of
from shadowai.model import iso_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

PATHS = (
    "result._raw", "_raw", "_source.event.original", "_source._raw", "_source.message", "_source", "event.original",
    "full_message", "short_message", "full_log", "@message", "input.message", "message", "Message", "log.original",
    "log", "MESSAGE", "line", "_line", "raw", "rawLog", "rawEvent", "raw_event",
    "raw_log", "RawData", "SyslogMessage", "msg", "textPayload", "jsonPayload", "event", "result", "data", "properties",
    "_messagetext", "logMessage", "log_message", "syslog", "original", "content", "body",
    "attributes.message", "fields.event.original", "fields.message", "body.stringValue", "@rawstring", "log_text",
    "payload", "value", "AuditData", "RawEventData", "__winEvent", "properties.RawEventData",
)  # fmt: skip
COLUMNS = frozenset(
    (
        "_raw", "raw", "message", "msg", "event.original", "log", "rawlog", "raw_log", "raw log", "rawevent",
        "raw_event", "raw event", "rawdata", "syslogmessage", "payload", "_source.message", "_messagetext",
        "raw message", "@message", "full_message", "full_log",
        "line", "event", "text", "content", "original", "syslog", "textpayload", "log message", "auditdata",
    )
)  # fmt: skip
TIMES = (
    "@timestamp", "_time", "time", "timestamp", "_source.@timestamp", "result._time", "date", "TimeGenerated",
    "_messagetime", "__REALTIME_TIMESTAMP", "EventReceivedTime", "collection_time", "attributes.timestamp",
    "fields.@timestamp", "timeUnixNano", "ts_epoch_microseconds",
)  # fmt: skip
TIME_COLUMNS = frozenset(name.lower() for name in TIMES)
_KIBANA = re.compile(r"([A-Z][a-z]{2} \d{1,2}), (\d{4}) @ (\d{2}:\d{2}:\d{2})(?:\.\d{1,9})?")
# The Azure portal writes times as the browser's locale does; the one with AM and PM in capitals has the month first.
_PORTAL = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}), (\d{1,2}:\d{2}:\d{2})(\.\d{1,9})? ([AP]M)", re.ASCII)
_READABLE = tuple(parser_of(pattern, Clock()) for pattern in ("iso", "%b %d %Y %H:%M:%S"))
_portal_time = parser_of("%m %d %Y %I:%M:%S %p", Clock())
MAX_HEADER = 300  # characters of a syslog header in front
LEAST_CELLS = 7  # of a row that may have been saved anew
DELIMITERS = (",", ";", "\t")
LEAST_COLUMNS, MOST_WIDE, LEAST_WIDE = 2, 3, 30  # of an export; columns that are looked into; characters of a record
STYLES: dict[str, Literal[0, 1]] = {"plain": csv.QUOTE_MINIMAL, "quoted": csv.QUOTE_ALL}
_OTHER = re.compile(r"[{\[]|<[A-Za-z?!]")  # JSON and XML
Opened = tuple[str, str]  # the record inside, and the time that the wrapper gives it ("" for none)


def opener_of(wrapping: str) -> Callable[[str], Opened | None]:
    """Give the opener of a wrapping; it gives None where the text holds no record in that place."""
    if wrapping.startswith("csv:"):
        _, delimiter, number, time, _name = wrapping.split(":", 4)
        return _cell_opener(delimiter, int(number), int(time) if time else None)
    if wrapping.startswith("rows:"):
        _, delimiter, style = wrapping.split(":")
        return _row_opener(delimiter, STYLES[style])
    if is_pasted(wrapping):
        return pasted_opener(wrapping)
    if is_answer(wrapping):
        return answer_opener(wrapping)
    if is_table(wrapping):
        return table_opener(wrapping, _stamp)
    return _object_opener(wrapping.split("."))


def _object_opener(path: Sequence[str]) -> Callable[[str], Opened | None]:
    flat = ".".join(path)

    def opened(text: str) -> Opened | None:
        document = load_object(text if text.startswith("{") else text[max(text.find("{", 0, MAX_HEADER), 0) :])
        if document is None:
            return None
        value = document[flat] if flat in document else _inside(document, path)
        if isinstance(value, list) and value and isinstance(value[0], str):
            value = value[0]
        if isinstance(value, dict):
            return orjson.dumps(value).decode(), _time_of(document)
        if not isinstance(value, str) or not value.strip():
            return None
        return value.strip("\r\n").lstrip(" "), _time_of(document)

    return opened


def _inside(document: dict[str, object], path: Sequence[str]) -> object:
    """Follow a path through objects only: a list on the way holds several records."""
    place: object = document
    for step in path:
        place = place.get(step) if isinstance(place, dict) else None
    return place


def _time_of(document: dict[str, object]) -> str:
    for name in TIMES:
        value = document[name] if name in document else _inside(document, name.split("."))
        if isinstance(value, (str, int, float)) and value:
            return _stamp(written(value))
    return ""


def _stamp(text: str) -> str:
    """Write a wrapper's time as formats read that of a syslog header; "" for one that they cannot read.

    Epoch numbers become RFC 3339. A time without a zone stays one: the zone is the user's to say.
    """
    if found := _KIBANA.fullmatch(text):
        return f"{found[1]} {found[2]} {found[3]}"
    if found := _PORTAL.fullmatch(text):
        month, day, year, clock, fraction, half = found.groups()
        moment = _portal_time(f"{month} {day} {year} {clock} {half}")
        return iso_time(None if moment is None else moment + int((fraction or ".0")[1:].ljust(9, "0"))) or ""
    return iso_time(epoch(text)) or (text if any(parse(text) is not None for parse in _READABLE) else "")


def _cell_opener(delimiter: str, number: int, time: int | None) -> Callable[[str], Opened | None]:
    def opened(text: str) -> Opened | None:
        row = cells(text, delimiter)
        if row is None or number >= len(row) or not row[number].strip():
            return None
        return row[number].strip("\r\n"), "" if time is None or time >= len(row) else _stamp(row[time].strip())

    return opened


def _row_opener(delimiter: str, quoting: Literal[0, 1]) -> Callable[[str], Opened | None]:
    """Write a row as the products do: between commas, with no quotes but where they are needed, or with all."""

    def opened(text: str) -> Opened | None:
        row = cells(text, delimiter)
        if row is None or len(row) < LEAST_CELLS:
            return None
        line = io.StringIO()
        csv.writer(line, lineterminator="", quoting=quoting).writerow(row)
        return line.getvalue(), ""

    return opened


def resaved(text: str) -> list[str]:
    """Give the ways in which a row may have been saved anew by a spreadsheet, with what would undo them."""
    if _OTHER.match(text):
        return []
    as_quoted = text.count('","') + 1 >= LEAST_CELLS
    styles = [(",", "plain" if as_quoted else "quoted")] if text.count(",") + 1 >= LEAST_CELLS else []
    others = [delimiter for delimiter in (";", "\t") if text.count(delimiter) + 1 >= LEAST_CELLS]
    return [f"rows:{delimiter}:{style}" for delimiter, style in (*styles, *product(others, STYLES))]


def cells(text: str, delimiter: str) -> list[str] | None:
    """Cut a row of a delimited export (RFC 4180)."""
    try:
        return next(csv.reader((text,), delimiter=delimiter), None)
    except csv.Error:
        return None


def columns_of(header: str) -> list[str]:
    """Give the wrappings that the header line of a delimited export offers."""
    found = []
    for delimiter in DELIMITERS:
        names = [name.strip() for name in cells(header, delimiter) or ()]
        numbers = [number for number, name in enumerate(names) if name.lower() in COLUMNS]
        found += _columns(delimiter, names, numbers)
    return found


def widest_columns(texts: Sequence[str]) -> list[str]:
    """Give the wrappings of the columns with most text, by the header line of a delimited export and some rows.

    None where the rows have other numbers of cells than the header.
    """
    delimiter = max(DELIMITERS, key=texts[0].count)
    names, *rows = (cells(text, delimiter) or [] for text in texts)
    names = [name.strip() for name in names]
    if len(names) < LEAST_COLUMNS or not all(map(COLUMN.fullmatch, names)):
        return []
    if any(len(row) != len(names) for row in rows):
        return []
    lengths = [sum(map(len, column)) / len(rows) for column in zip(*rows, strict=True)]
    order = sorted(range(len(names)), key=lengths.__getitem__, reverse=True)
    wide = [number for number in order[:MOST_WIDE] if lengths[number] >= LEAST_WIDE]
    return _columns(delimiter, names, wide)


def _columns(delimiter: str, names: Sequence[str], numbers: Iterable[int]) -> list[str]:
    """Write the wrappings of columns, with the column that holds the time of a row."""
    bare = [name.lower().removesuffix(" [utc]") for name in names]  # as the Azure portal exports them
    time = next((str(number) for number, name in enumerate(bare) if name in TIME_COLUMNS), "")
    return [f"csv:{delimiter}:{number}:{time}:{names[number]}" for number in numbers]
