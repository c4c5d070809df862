"""A first settings file: what lies in a folder, and the text that names it, with comments."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shadowai import detect, sources
from shadowai.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

MAX_LOOKED_AT = 500  # files of a folder
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


def recognised(folder: Path, spool: Path) -> list[FoundSource]:
    """Recognise the files of a folder, and put those together that are one log and what it was rotated to."""
    found, _ = sources.find_sources([str(folder)], spool)
    groups: dict[tuple[str, str], int] = defaultdict(int)
    for source in found[:MAX_LOOKED_AT]:
        try:
            dataset, _ = detect.recognise(source, detect.Reading(), None)
        except SourceError:
            continue
        stem = _ROTATION.sub("", _PACKED.sub("", source.path.name)) or source.path.name
        groups[dataset, str(source.path.parent / stem)] += 1
    taken: set[str] = set()
    return [
        FoundSource(_free(pattern.rpartition("/")[2], taken), f"{pattern}*", dataset, count)
        for (dataset, pattern), count in sorted(groups.items())
    ]


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
    paths = f"paths = [{_quoted(source.pattern)}]  # {source.files} files now"
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
