"""JSON records (RFC 8259): columns are dotted paths; of a list its items by number or by name, or else the first.

`parameters.[URL].value` is the value of that item of a list of named values whose name is `URL`.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

MAX_ITEMS = 65_536  # of one record
NAMES = ("name", "Name", "@Name", "key", "Key")  # under which lists of named values name theirs
MAX_WHOLE = 1e15  # a float up to here is exact as a whole number


def json_splitter(wanted: Sequence[str]) -> Callable[[str], list[str] | None]:
    """Give the engine of JSON."""
    paths = [(name, name.split(".")) for name in wanted]

    def split(text: str) -> list[str] | None:
        document = load_object(text)
        if document is None:
            return None
        return [written(document[name] if name in document else walk(document, path)) for name, path in paths]

    return split


def each_splitter(wanted: Sequence[str], each: str) -> Callable[[str], list[list[str]] | None]:
    """Give the engine of JSON objects that hold several records: a row for each (`shadowai.logs.schema.Json.each`)."""
    steps = each.split(".")
    leaf = [step for step in steps if step != "*"]
    paths = [(name, name.split(".")) for name in wanted]

    def split(text: str) -> list[list[str]] | None:
        document = load_object(text)
        if document is None:
            return None
        rows = []
        for view in islice(_views(document, steps), MAX_ITEMS):
            item = walk(view, leaf)
            parts = item.split(",") if isinstance(item, str) else []
            rows.append([_part(parts, name) if name.isdigit() else written(walk(view, path)) for name, path in paths])
        return rows

    return split


def _part(parts: Sequence[str], name: str) -> str:
    return parts[int(name) - 1] if 0 < int(name) <= len(parts) else ""


def _views(place: object, steps: Sequence[str]) -> Iterator[Any]:
    """Give a copy of a value for each item that a path leads to, with the lists on the way replaced by that item."""
    if not steps:
        yield place
    elif steps[0] == "*":
        for item in place if isinstance(place, list) else ():
            yield from _views(item, steps[1:])
    elif isinstance(place, dict) and steps[0] in place:
        for inner in _views(place[steps[0]], steps[1:]):
            yield {**place, steps[0]: inner}


_last: tuple[str, dict[str, Any] | None] = ("", None)


def load_object(text: str) -> dict[str, Any] | None:
    """Parse an object; None where the text is none. The last one is kept: of many formats each tries the same line."""
    global _last  # noqa: PLW0603  # a memo of one entry
    if text is _last[0]:
        return _last[1]
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        document = None
    _last = text, document if isinstance(document, dict) else None
    return _last[1]


def walk(document: object, path: Sequence[str]) -> object:
    """Follow a path; None where it leads nowhere.

    A list is passed through by number, by the name of an item (`[name]`), or else by its first item.
    """
    place: Any = document
    for step in path:
        if isinstance(place, list):
            if step.isdigit():
                place = place[int(step)] if int(step) < len(place) else None
                continue
            if step.startswith("["):
                place = _named(place, step[1:-1])
                continue
            place = place[0] if place else None
        if not isinstance(place, dict):
            return None
        place = place.get(step)
    return place


def _named(items: Sequence[object], name: str) -> object:
    """Give the first item of a list of named values that has a name."""
    for item in items:
        if isinstance(item, dict) and any(item.get(key) == name for key in NAMES):
            return item
    return None


def written(value: object) -> str:
    """Give a value as a text log would write it; of a list the first item, of an object nothing."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return written(value[0]) if value and not isinstance(value[0], list) else ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < MAX_WHOLE:
        return str(int(value))
    return repr(value) if isinstance(value, (int, float)) else ""
