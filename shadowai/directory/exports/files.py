"""An export opened: its kind told by its columns, and its records as {column: values}, whatever the syntax.

CSV with any delimiter, in UTF-8 or UTF-16, with lines above the header (PowerShell's `#TYPE`, Excel's `sep=;`, titles
of reports); JSON as an array, as an object that holds one (Graph's `value`, Google's `users`), or as JSON Lines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import compress, islice
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from shadowai.directory.exports.kinds import KINDS, ExportKind, normal, recognise
from shadowai.directory.tables import CONTROLS, read_records, read_text, shape_problem, trim

if TYPE_CHECKING:
    from pathlib import Path

    from shadowai.directory.tables import Findings

LOOK_AHEAD = 20  # records above a header; reports have titles there
MAX_VALUES = 2000  # of one key of one record; nobody has more groups
_LISTS = ("value", "users", "employees", "data", "items", "report_entry", "results")
_SUPERIOR = "primary"  # Google marks the one organisation of several that counts

Values = tuple[str, ...]
Record = Mapping[str, Values]


@dataclass(frozen=True, slots=True)
class Export:
    """An export's kind and its records, each with the number of its line (JSON: of the record in the file).

    `columns` are those that a record can have, None where any; `unit` is what the numbers count.
    """

    kind: ExportKind
    records: Iterable[tuple[int, Record]]
    columns: frozenset[str] | None
    unit: str


def open_export(path: Path, headers: Mapping[str, str], findings: Findings) -> Export | None:
    """Open an export; None where it cannot be read or is of no known kind (noted in `findings`)."""
    text = read_text(path, findings)
    if text is None:
        return None
    begin = text[:4096].lstrip()
    export = _open_json(path, text, headers, findings) if begin[:1] in ("{", "[") else None
    if export is None and begin[:1] not in ("{", "["):
        export = _open_csv(path, text, headers, findings)
    return export


def _unknown(path: Path, findings: Findings) -> None:
    kinds = "; ".join(kind.name for kind in KINDS)
    remedy = "name its columns in [directory_columns.people] of shadowai.toml, or take the file away"
    findings.problem(path, 0, f"is no export of people that is known ({kinds}); {remedy}")


def _open_csv(path: Path, text: str, headers: Mapping[str, str], findings: Findings) -> Export | None:
    start = text[: 1 << 20]
    for delimiter in ",;\t|":
        quiet = type(findings)()
        for line, cells in islice(read_records(path, start, quiet, delimiter), LOOK_AHEAD):
            names = [normal(cell) for cell in cells]
            kind = recognise(frozenset(names), headers)
            if kind is None:
                continue
            twice = [name for name, count in Counter(names).items() if count > 1 and name in _wanted(kind)]
            for name in twice:
                findings.problem(path, line, f"column {name!r} is there twice; remove one")
            records = _csv_records(path, text, findings, _Layout(delimiter, line, _wanted(kind)))
            return None if twice else Export(kind, records, frozenset(names), "line")
    _unknown(path, findings)
    return None


def _wanted(kind: ExportKind) -> frozenset[str]:
    return frozenset(column for columns in kind.columns.values() for column in columns)


class _Layout(NamedTuple):
    """How a CSV file is laid out: its delimiter, the line of its header, the columns that say something."""

    delimiter: str
    header_line: int
    wanted: frozenset[str]


def _csv_records(path: Path, text: str, findings: Findings, layout: _Layout) -> Iterator[tuple[int, Record]]:
    suspicious = CONTROLS.search(text) is not None
    records = read_records(path, text, findings, layout.delimiter)
    header = next(cells for line, cells in records if line >= layout.header_line)
    names = [normal(cell) for cell in header]
    # `Select-Object *` writes a hundred columns, of which ten are wanted.
    is_wanted = [name in layout.wanted for name in names]
    kept = list(compress(names, is_wanted))
    for line, cells in records:
        if (suspicious or len(cells) > len(names)) and (message := shape_problem(cells, len(names))):
            findings.warn(path, line, f"{message}; this record is left out")
            continue
        mine = zip(kept, compress(cells, is_wanted), strict=False)
        yield line, {name: (value,) for name, cell in mine if (value := trim(cell))}


def _open_json(path: Path, text: str, headers: Mapping[str, str], findings: Findings) -> Export | None:
    try:
        documents = [orjson.loads(text)]
    except orjson.JSONDecodeError as error:
        try:
            documents = [orjson.loads(line) for line in text.splitlines() if line.strip()]
        except orjson.JSONDecodeError:
            findings.problem(path, error.lineno, f"is no valid JSON ({error.msg}); export it again")
            return None
    people = [person for document in documents for person in _people(document)]
    seen = frozenset(key for person in people[:LOOK_AHEAD] for key in flatten(person))
    kind = recognise(seen, headers)
    if kind is None:
        _unknown(path, findings)
        return None
    return Export(kind, _json_records(path, people, findings), None, "record")


def _people(document: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401  # what a JSON document holds
    if isinstance(document, dict):
        lists = [value for key, value in document.items() if key.lower() in _LISTS and isinstance(value, list)]
        document = lists[0] if lists else [document]
    if isinstance(document, list):
        yield from (person for person in document if isinstance(person, dict))


def _json_records(path: Path, people: Iterable[dict[str, Any]], findings: Findings) -> Iterator[tuple[int, Record]]:
    for number, person in enumerate(people, start=1):
        record = flatten(person)
        if any(CONTROLS.search(value) for values in record.values() for value in values):
            findings.warn(path, number, "holds control characters; this record is left out")
            continue
        yield number, record


def flatten(person: Mapping[str, Any]) -> dict[str, Values]:
    """Give the values of a JSON object by dotted key, normalised; those of lists' objects together under one key.

    Where one object of a list is marked as the primary one, the others do not count.
    """
    found: dict[str, list[str]] = {}
    stack: list[tuple[str, Any, int]] = [(normal(str(key)), value, 0) for key, value in reversed(list(person.items()))]
    while stack:
        key, value, depth = stack.pop()
        if isinstance(value, list):
            stack.extend((key, item, depth) for item in reversed(_superior(value)[:MAX_VALUES]))
        elif isinstance(value, dict) and depth < 3:  # noqa: PLR2004  # no export that is known goes deeper
            stack.extend((f"{key}.{normal(str(name))}", item, depth + 1) for name, item in reversed(value.items()))
        elif isinstance(value, str | int | float):
            text = str(value).lower() if isinstance(value, bool) else " ".join(str(value).split())
            if text:
                found.setdefault(key, []).append(text)
    return {key: tuple(values[:MAX_VALUES]) for key, values in found.items()}


def _superior(items: list[Any]) -> list[Any]:
    chosen = [item for item in items if isinstance(item, dict) and item.get(_SUPERIOR) is True and "department" in item]
    return chosen or items
