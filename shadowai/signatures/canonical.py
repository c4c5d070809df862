"""The canonical form of a service's file: keys in the schema's order, one way to quote, one way to break lines.

It is written from the checked model, so whatever is not in the model is not in the form: a comment at the head of a
file is kept, one anywhere else is refused rather than lost, since `note` is there for it.
"""

from __future__ import annotations

import os
import re
import tempfile
from datetime import date
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from shadowai.errors import SignatureError
from shadowai.signatures.reading import read_one

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from shadowai.signatures.schema import ServiceFile

WIDTH = 120
"""Columns up to which a list of short values stands in one line; a longer one has a line for each."""

_LISTED = frozenset({"references"})  # each in a line of its own, however short
_PLAIN = re.compile(r"(?:https?://)?[A-Za-z0-9/<(_](?:[^:#?,\[\]{}&*|>\"`\\]|<[a-z]+>)*")


def canonical_text(path: Path) -> str:
    """Give a service's file in its canonical form; SignatureError where it breaks the schema or has comments inside."""
    service = read_one(path)
    text = path.read_text(encoding="utf-8-sig")
    head = _head(text)
    for line in _comments(text):
        if line > len(head):
            raise SignatureError("this comment would be lost; write it as a note", where=path, record=line)
    return "".join(f"{line}\n" for line in head) + write_service(service.file)


def write_service(file: ServiceFile) -> str:
    """Write a service in canonical form: what was given, in the order of the schema."""
    return "".join(f"{line}\n" for line in _mapping(file.model_dump(exclude_unset=True), 0))


def rewrite(path: Path, text: str) -> None:
    """Put a text in a file's place at once, so that nobody ever reads half of it."""
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        Path(draft).chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
        Path(draft).replace(path)
    except OSError:
        Path(draft).unlink(missing_ok=True)
        raise


def _head(text: str) -> list[str]:
    lines = text.splitlines()
    count = next((at for at, line in enumerate(lines) if not line.startswith("#")), len(lines))
    return [line.rstrip() for line in lines[:count]]


def _comments(text: str) -> Iterator[int]:
    """Give the lines (from 1) of comments: what stands between two tokens and is no white space."""
    end = 0
    for token in yaml.scan(text, Loader=yaml.SafeLoader):
        gap = text[end : token.start_mark.index]
        if "#" in gap:
            yield text.count("\n", 0, end + gap.index("#")) + 1
        end = max(end, token.end_mark.index)


def _mapping(values: Mapping[str, Any], indent: int) -> Iterator[str]:
    space = " " * indent
    for key, value in values.items():
        if value is None:
            continue
        if isinstance(value, dict):
            yield f"{space}{key}:"
            yield from _mapping(value, indent + 2)
        elif isinstance(value, tuple | list):
            yield from _sequence(key, value, indent)
        else:
            yield f"{space}{key}: {_scalar(value)}"


def _sequence(key: str, values: Sequence[Any], indent: int) -> Iterator[str]:
    space = " " * indent
    if any(isinstance(value, dict) for value in values):
        yield f"{space}{key}:"
        for value in values:
            first, *rest = _mapping(value, indent + 4)
            yield f"{space}  - {first.strip()}"
            yield from rest
        return
    written = [_scalar(value) for value in values]
    line = f"{space}{key}: [{', '.join(written)}]"
    if not written or (key not in _LISTED and len(line) <= WIDTH):
        yield line
        return
    yield f"{space}{key}:"
    yield from (f"{space}  - {value}" for value in written)


def _scalar(value: object) -> str:
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date):
        return value.isoformat()
    return _string(value) if isinstance(value, str) else str(value)


def _string(text: str) -> str:
    if _PLAIN.fullmatch(text) and text.isprintable() and text == text.strip() and _is_read_as_text(text):
        return text
    return '"' + "".join(map(_escaped, text)) + '"'


def _is_read_as_text(text: str) -> bool:
    """Say whether YAML takes a plain scalar for a text and not for a number, a date or a yes."""
    return isinstance(yaml.safe_load(text), str)


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if character.isprintable():
        return character
    number = ord(character)
    return f"\\x{number:02x}" if number < 1 << 8 else f"\\u{number:04x}" if number < 1 << 16 else f"\\U{number:08x}"
