"""A first settings file: what lies in a folder, and the text that names it, with comments."""

from __future__ import annotations

import glob
import json
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shadowai import detect, sources
from shadowai.errors import SourceError
from shadowai.reports.text import clean, listing, plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

MAX_LOOKED_AT = 500  # files of a folder
_NAMED = 5  # files in one sentence
_ROTATION = re.compile(r"(?:[-._]\d{1,14})+$|[-._]\d{4}[-._]?\d\d[-._]?\d\d.*$")
_PACKED = re.compile(r"\.(?:gz|bz2|xz|zst|lz4|old)$", re.IGNORECASE)
_UNFIT = re.compile(r"[^A-Za-z0-9 ._-]+")


@dataclass(frozen=True, slots=True)
class FoundSource:
    """Files that are one source, by their pattern: a format, and how many there are."""

    name: str
    pattern: str
    format: str
    files: int


@dataclass(frozen=True, slots=True)
class Answers:
    """What only the user knows."""

    directory: str | None = None
    policy: str | None = None
    zone: str = "UTC"
    out: str = "reports"


@dataclass(frozen=True, slots=True)
class FirstLook:
    """What folders hold: sources, and a sentence about each thing that is in none of them."""

    sources: list[FoundSource]
    notes: list[str]


def recognised(folders: Iterable[Path], spool: Path) -> FirstLook:
    """Recognise the files of folders, and put those together that are one log and what it was rotated to."""
    look = FirstLook([], [])
    taken: set[str] = set()
    for folder in folders:
        for (dataset, path), count in sorted(_grouped(folder, spool, look.notes).items()):
            look.sources.append(FoundSource(_free(path.name, taken), f"{glob.escape(str(path))}*", dataset, count))
    return look


def _grouped(folder: Path, spool: Path, notes: list[str]) -> Mapping[tuple[str, Path], int]:
    """Count the files of a folder by their format and what their names have in common."""
    found, errors = sources.find_sources([str(folder)], spool)
    notes += map(str, errors)
    groups: dict[tuple[str, Path], int] = defaultdict(int)
    unknown: list[str] = []
    for source in found[:MAX_LOOKED_AT]:
        try:
            dataset, _ = detect.recognise(source, detect.Reading(), None)
        except SourceError:
            unknown += [clean(source.path.name)] if source.path.stat().st_size else []
            continue
        stem = _ROTATION.sub("", _PACKED.sub("", source.path.name)) or source.path.name
        groups[dataset, source.path.parent / stem] += 1
    if unknown:
        told = listing(unknown, _NAMED)
        notes.append(f"{folder}: of no known format: {plural(len(unknown), 'file')}, such as {told}")
    if len(found) > MAX_LOOKED_AT:
        notes.append(f"{folder}: {MAX_LOOKED_AT} of {len(found)} files were looked at; name the folders that hold logs")
    return groups


def _free(stem: str, taken: set[str]) -> str:
    name = base = (_UNFIT.sub("-", stem).strip("-._ ") or "source")[:70]
    number = 2
    while name in taken:
        name, number = f"{base}-{number}", number + 1
    taken.add(name)
    return name


def settings_text(found: Sequence[FoundSource], answers: Answers) -> str:
    """Write the settings file."""
    return "\n".join([*_head(answers), *(line for source in found for line in _source(source)), *_TAIL, ""]).replace(
        "@OUT@", _quoted(answers.out)
    )


def _head(answers: Answers) -> Iterator[str]:
    yield "# Settings of shadowai; every key is described in docs/config.md. Paths are relative to this file."
    yield _line("directory", answers.directory, "people.csv, networks.csv and departments.csv")
    yield _line("policy", answers.policy, "what is sanctioned, and where")
    yield f"zone = {_quoted(answers.zone)}  # of log times that name none"
    yield ""


def _line(key: str, value: str | None, says: str) -> str:
    return f"{key} = {_quoted(value)}  # {says}" if value else f'# {key} = "..."  # {says}'


def _source(source: FoundSource) -> list[str]:
    paths = f"paths = [{_quoted(source.pattern)}]  # {plural(source.files, 'file')} now"
    return [
        "[[sources]]",
        f"name = {_quoted(source.name)}  # in reports",
        paths,
        f"# recognised as {source.format}",
        "",
    ]


def _quoted(text: str) -> str:
    """Quote as TOML's basic strings are, whose escapes are those of JSON."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


_TAIL = (
    "[history]",
    '# state = "state"       # database, lock and outbox; by default in the state folder of the user',
    'keep = "400 days"       # older activity is deleted',
    "",
    "[reports]",
    "out = @OUT@",
    'periods = ["day", "week", "month"]',
    "",
    "[schedule]",
    'at = "02:30"            # local time',
)
