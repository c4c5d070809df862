"""XML records, one element each: columns are dotted paths below the record's element, attributes `@name`.

Windows event data (`<Data Name='QueryName'>`, Windows Event Schema) is `EventData.QueryName`. Parsed by expat; a record
with a document type, deeper or longer than a record may be, is no record: nothing is ever expanded or fetched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.parsers import expat

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MAX_DEPTH = 32
MAX_ELEMENTS = 2048


class _NoRecordError(Exception):
    """The element is none that a log holds."""


def xml_splitter(wanted: Sequence[str]) -> Callable[[str], list[str] | None]:
    """Give the engine of XML."""

    def split(text: str) -> list[str] | None:
        found = read_xml(text)
        return None if found is None else [found.get(name, "") for name in wanted]

    return split


def read_xml(text: str) -> dict[str, str] | None:
    """Read one element to its values by path; the first of equal paths counts. None where it is not whole."""
    if "<!" in text and "<!DOCTYPE" in text:
        return None
    walk = _Walk()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = walk.start
    parser.EndElementHandler = walk.end
    parser.CharacterDataHandler = walk.text
    parser.StartDoctypeDeclHandler = walk.refuse
    try:
        parser.Parse(text, True)  # noqa: FBT003  # expat takes no keyword
    except (expat.ExpatError, _NoRecordError):
        return None
    return walk.found


class _Walk:
    """What has been read of the record so far."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}
        self._path: list[str] = []
        self._texts: list[str] = []
        self._elements = 0

    def refuse(self, *_declaration: object) -> None:
        raise _NoRecordError

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if self._elements > MAX_ELEMENTS or len(self._path) >= MAX_DEPTH:
            raise _NoRecordError
        name = attributes.get("Name") if tag == "Data" else None
        self._path.append(name or tag.rpartition(":")[2])
        self._texts.append("")
        base = ".".join(self._path[1:])
        for key, value in attributes.items():
            self.found.setdefault(f"{base}.@{key}" if base else f"@{key}", value)

    def text(self, data: str) -> None:
        if self._texts:
            self._texts[-1] += data

    def end(self, _tag: str) -> None:
        text = self._texts.pop().strip()
        path = ".".join(self._path[1:])
        self._path.pop()
        if text and path:
            self.found.setdefault(path, text)
