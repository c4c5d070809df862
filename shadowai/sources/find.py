"""From what the user names (files, folders, globs, URLs, standard input) to a list of sources."""

from __future__ import annotations

import glob
import os
import shutil
import stat
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import unquote

from shadowai.errors import SourceError
from shadowai.sources import remote
from shadowai.sources.names import is_hidden, printable
from shadowai.sources.streams import read_error

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

STDIN = "-"
_FILE = "file://"
_REPORT = {"result.json", "manifest.json", "index.html"}  # files that each report folder has
_OWN_REPORT = "cannot be read: it is a report of shadowai itself; keep reports in a folder beside the sources"


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
    so that the rest can still be read; as is a folder that is only linked to, unless it is below one that is listed.
    """
    found: dict[Path | remote.Remote, Source] = {}
    listing = _Listing(spool)
    for argument in dict.fromkeys(arguments):  # a pipe that is named twice would be waited for
        try:
            if remote.is_url(argument):
                _take_remote(argument, spool, found, listing.errors)
                continue
            for name, path in _expand(_plain(argument), listing):
                found.setdefault(path.resolve(), Source(printable(name), path.absolute()))
        except SourceError as error:
            listing.errors.append(error)
        except OSError as error:  # a folder above it is closed, or the name is longer than any can be
            listing.errors.append(_closed(error, argument))
    return list(found.values()), [*listing.errors, *listing.not_followed()]


@dataclass(frozen=True, slots=True)
class _Listing:
    """What is met while files are listed: errors, the folders looked into, and links to folders among them.

    Links are not followed: whoever may write into a log folder would choose what is read.
    """

    spool: Path
    errors: list[SourceError] = field(default_factory=list)
    folders: set[Path] = field(default_factory=set)
    links: dict[Path, None] = field(default_factory=dict)

    def not_followed(self) -> Iterator[SourceError]:
        """Tell of links to folders that were looked into nowhere."""
        for link in self.links:
            target = Path(os.path.realpath(link))
            if self.folders.isdisjoint((target, *target.parents)):
                reason = "is a link to a folder, which is not followed; name the folder itself"
                yield SourceError(reason, where=printable(str(link)))


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


def _expand(argument: str, listing: _Listing) -> Iterable[tuple[str, Path]]:
    if not argument:
        raise SourceError("an empty name; name a file, a folder or -", where="''")
    if argument == STDIN:
        return [(STDIN, _spooled_input(listing.spool))]
    path = Path(argument)
    mode = _mode(path)
    if stat.S_ISDIR(mode):
        return list(_files_below(path, listing))
    if stat.S_ISFIFO(mode):
        return [(argument, _spooled_pipe(path, listing.spool))]
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
        raise SourceError("is a device, which may never end; name a file", where=printable(argument))
    if mode:
        return [(argument, path)]
    matches = sorted(glob.glob(argument, recursive=True))  # noqa: PTH207  # Path.glob takes no absolute patterns
    files = [(match, Path(match)) for match in matches if _is_file(Path(match), listing)]
    if not files:
        wildcard = glob.has_magic(argument)
        reason = "no file matches this pattern" if wildcard else "no such file or folder; check the path"
        raise SourceError(reason, where=printable(argument))
    return files


def _mode(path: Path) -> int:
    """Say what a path is, by the bits of stat(2); 0 where there is nothing."""
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError, ValueError):  # the last: settings can write a NUL
        return 0


def _files_below(folder: Path, listing: _Listing) -> Iterator[tuple[str, Path]]:
    closed: list[OSError] = []
    files: list[Path] = []
    known = len(listing.errors)
    for place, folders, names in os.walk(folder, onerror=closed.append):
        folders[:] = [name for name in folders if not is_hidden(name)]
        listing.links.update(dict.fromkeys(path for name in folders if (path := Path(place, name)).is_symlink()))
        if _REPORT.issubset(names):
            listing.errors.append(SourceError(_OWN_REPORT, where=printable(place)))
            folders.clear()
            continue
        files.extend(Path(place, name) for name in names if not is_hidden(name))
    listing.folders.add(Path(os.path.realpath(folder)))
    listing.errors.extend(_closed(error, error.filename) for error in closed)
    files = sorted(path for path in files if _is_file(path, listing))
    if not files and len(listing.errors) == known:
        raise SourceError("the folder holds no files", where=printable(str(folder)))
    return ((str(path), path) for path in files)


def _is_file(path: Path, listing: _Listing) -> bool:
    """Say whether it is a regular file, or a link to one; a file that cannot be looked at is told of."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError as error:
        listing.errors.append(_closed(error, str(path)))
        return False


def _closed(error: OSError, name: str) -> SourceError:
    return SourceError(f"cannot be looked into: {error.strerror}", where=printable(name))


def _spooled(stream: BinaryIO, spool: Path) -> Path:
    with tempfile.NamedTemporaryFile(dir=spool, delete=False) as file:
        shutil.copyfileobj(stream, file)
    return Path(file.name)


def _spooled_input(spool: Path) -> Path:
    if sys.stdin is None:
        raise SourceError("standard input is closed", where=STDIN)
    try:
        return _spooled(sys.stdin.buffer, spool)
    except OSError as error:
        raise read_error(Source(STDIN, spool), error) from error


def _spooled_pipe(pipe: Path, spool: Path) -> Path:
    try:
        with pipe.open("rb") as stream:
            return _spooled(stream, spool)
    except OSError as error:
        raise read_error(Source(printable(str(pipe)), pipe), error) from error
