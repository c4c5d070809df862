"""From what the user names (files, folders, globs, standard input) to a list of sources."""

from __future__ import annotations

import glob
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from shadowai.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

STDIN = "-"


@dataclass(frozen=True, slots=True)
class Source:
    """One input file. `name` is what the user called it, printable and valid UTF-8; `path` is where it lies."""

    name: str
    path: Path


def find_sources(arguments: Sequence[str], spool: Path) -> tuple[list[Source], list[SourceError]]:
    """List the files behind the arguments, each file once, in the order given and sorted inside folders and globs.

    Standard input (`-`) is written to a file in the folder `spool`. What does not exist comes back as an error, so that
    the rest can still be read.
    """
    found: dict[Path, Source] = {}
    errors: list[SourceError] = []
    for argument in arguments:
        try:
            for name, path in _expand(argument, spool):
                found.setdefault(path.resolve(), Source(_printable(name), path))
        except SourceError as error:
            errors.append(error)
    return list(found.values()), errors


def _expand(argument: str, spool: Path) -> Iterable[tuple[str, Path]]:
    if argument == STDIN:
        return [(STDIN, _spooled_stdin(spool))]
    path = Path(argument)
    if path.is_dir():
        return list(_files_below(path))
    if path.exists():
        return [(argument, path)]
    matches = sorted(glob.glob(argument, recursive=True))  # noqa: PTH207  # Path.glob takes no absolute patterns
    files = [(match, Path(match)) for match in matches if Path(match).is_file()]
    if not files:
        wildcard = glob.has_magic(argument)
        reason = "no file matches this pattern" if wildcard else "no such file or folder; check the path"
        raise SourceError(reason, where=_printable(argument))
    return files


def _files_below(folder: Path) -> Iterator[tuple[str, Path]]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and not _is_hidden(path.relative_to(folder))]
    if not files:
        raise SourceError("the folder holds no files", where=_printable(str(folder)))
    return ((str(path), path) for path in files)


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _spooled_stdin(spool: Path) -> Path:
    with tempfile.NamedTemporaryFile(dir=spool, delete=False) as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
    return Path(file.name)


def _printable(name: str) -> str:
    text = os.fsencode(name).decode("utf-8", "replace")
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)
