"""From what the user names (files, folders, globs, URLs, standard input) to a list of sources."""

from __future__ import annotations

import glob
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import unquote

from shadowai.errors import SourceError
from shadowai.sources import remote
from shadowai.sources.names import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

STDIN = "-"
_FILE = "file://"


@dataclass(frozen=True, slots=True)
class Source:
    """One input file. `name` is what the user called it, printable and valid UTF-8; `path` is where it lies.

    `origin` is where a file of the spool can be had again: a place in object storage, or the archive it is a member of;
    None for what lies where the user said, and for what can be read only once.
    """

    name: str
    path: Path
    origin: remote.Remote | Source | None = field(default=None, repr=False)


def find_sources(arguments: Sequence[str], spool: Path) -> tuple[list[Source], list[SourceError]]:
    """List the files behind the arguments, each file once, in the order given and sorted inside folders and globs.

    Standard input (`-`) and pipes (`<(zcat a.log.Z)`) can be read only once, so they are written to a file in the
    folder `spool`, as is what lies behind a URL. What does not exist or cannot be looked into comes back as an error,
    so that the rest can still be read.
    """
    found: dict[Path | remote.Remote, Source] = {}
    errors: list[SourceError] = []
    for argument in arguments:
        try:
            if remote.is_url(argument):
                _take_remote(argument, spool, found, errors)
                continue
            for name, path in _expand(_plain(argument), spool, errors):
                found.setdefault(path.resolve(), Source(printable(name), path.absolute()))
        except SourceError as error:
            errors.append(error)
    return list(found.values()), errors


def _take_remote(
    argument: str, spool: Path, found: dict[Path | remote.Remote, Source], errors: list[SourceError]
) -> None:
    """Fetch what lies behind a URL; the files of one folder into one folder."""
    folders: dict[str, str] = {}
    for number, place in enumerate(remote.listed(argument)):
        if place in found:
            continue
        if place.folder not in folders:
            folders[place.folder] = tempfile.mkdtemp(prefix="url-", dir=spool)
        path = Path(folders[place.folder], f"{number}")
        try:
            remote.fetch(place, path)
        except SourceError as error:
            errors.append(error)
        else:
            found[place] = Source(place.name, path, place)


def _plain(argument: str) -> str:
    """Give the path of a file URL (RFC 8089), as it stands or with its percent signs decoded; others as they are."""
    if not argument.startswith(_FILE + "/"):
        return argument
    path = argument.removeprefix(_FILE)
    return path if Path(path).exists() else unquote(path)


def _expand(argument: str, spool: Path, errors: list[SourceError]) -> Iterable[tuple[str, Path]]:
    if not argument:
        raise SourceError("an empty name; name a file, a folder or -", where="''")
    if argument == STDIN:
        return [(STDIN, _spooled(sys.stdin.buffer, spool))]
    path = Path(argument)
    if path.is_dir():
        return list(_files_below(path, errors))
    if path.is_fifo():
        return [(argument, _spooled_pipe(path, spool))]
    if path.exists():
        return [(argument, path)]
    matches = sorted(glob.glob(argument, recursive=True))  # noqa: PTH207  # Path.glob takes no absolute patterns
    files = [(match, Path(match)) for match in matches if Path(match).is_file()]
    if not files:
        wildcard = glob.has_magic(argument)
        reason = "no file matches this pattern" if wildcard else "no such file or folder; check the path"
        raise SourceError(reason, where=printable(argument))
    return files


def _files_below(folder: Path, errors: list[SourceError]) -> Iterator[tuple[str, Path]]:
    closed: list[OSError] = []
    files: list[Path] = []
    for place, folders, names in os.walk(folder, onerror=closed.append):
        folders[:] = [name for name in folders if not name.startswith(".")]
        files.extend(Path(place, name) for name in names if not name.startswith("."))
    files = sorted(path for path in files if path.is_file())
    errors.extend(
        SourceError(f"cannot be looked into: {error.strerror}", where=printable(error.filename)) for error in closed
    )
    if not files and not closed:
        raise SourceError("the folder holds no files", where=printable(str(folder)))
    return ((str(path), path) for path in files)


def _spooled(stream: BinaryIO, spool: Path) -> Path:
    with tempfile.NamedTemporaryFile(dir=spool, delete=False) as file:
        shutil.copyfileobj(stream, file)
    return Path(file.name)


def _spooled_pipe(pipe: Path, spool: Path) -> Path:
    try:
        with pipe.open("rb") as stream:
            return _spooled(stream, spool)
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror}", where=printable(str(pipe))) from error
