"""Reading the signature database: every file checked and put together once, and from the cache ever after.

The cache's key is the digest of every file's name and content and of the code that reads them, worked out anew at each
start: an edit is seen at once, whatever a clock or a copy did to the files' times.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from shadowai import __version__, cache, resources
from shadowai.errors import SignatureError
from shadowai.signatures.database import Database
from shadowai.signatures.installed import check_unchanged, installed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shadowai.signatures.files import Problem, Service, SignatureFiles
    from shadowai.verdicts import ServiceFacts

_KIND = "signatures"
_HERE = Path(__file__).parent
_LISTS = ("categories.yaml", "blind-spots.yaml", "candidates.yaml")
_SHOWN = 16  # hex digits of the digest that reports show


def load_database(folder: Path | None = None, overlays: Sequence[Path] = ()) -> Database:
    """Give the database in `folder`, else the updated one, else the shipped one, with overlays laid over it.

    It comes from the cache where that holds it. Its digest is what reports show as the version: that of all files, and
    before it, for an updated database, the release's version.

    Raises SignatureError that lists every problem of every file, one a line.
    """
    digest = _version(folder, _folders(folder, overlays))
    key = cache.key_of(digest.encode(), _code())
    if (content := cache.load(_KIND, key)) is not None:
        with suppress(ValueError):  # whole, and yet not ours: made anew
            return Database.decode(content)
    files = read_files(folder, overlays)
    database = files.database()
    if files.digest == _shown(digest):  # else somebody edits the files right now
        cache.store(_KIND, key, database.encode())
    return database


def read_files(folder: Path | None = None, overlays: Sequence[Path] = ()) -> SignatureFiles:
    """Read the files of a database in full (see `load_database`), and of the overlays laid over it.

    Raises SignatureError that lists every problem of every file, one a line.
    """
    files, problems = read_leniently(folder, overlays)
    if problems:
        raise SignatureError("\n".join(map(str, problems)))
    return files


def read_leniently(folder: Path | None = None, overlays: Sequence[Path] = ()) -> tuple[SignatureFiles, list[Problem]]:
    """Read as `read_files` does, and go on after a bad file: what could be read, and the problems of the rest."""
    from shadowai.signatures.reading import read_all  # noqa: PLC0415  # brings a YAML reader and a validator

    folders = _folders(folder, overlays)
    return read_all(folders, _shown(_version(folder, folders)))


def read_service(path: Path) -> Service:
    """Read one service's file; SignatureError lists its problems."""
    from shadowai.signatures.reading import read_one  # noqa: PLC0415  # brings a YAML reader and a validator

    return read_one(path)


def service_path(facts: ServiceFacts, folder: Path | None = None, overlays: Sequence[Path] = ()) -> Path:
    """Say where a service's file lies: in the last of the folders that has it."""
    paths = [one / facts.category / f"{facts.id}.yaml" for one in _folders(folder, overlays)]
    return next((path for path in reversed(paths) if path.exists()), paths[0])


def default_folder() -> Path:
    """Say where the database lies that is used where none is named: the updated one, or the shipped one."""
    release = installed()
    return release.path if release else resources.signatures()


def is_database(folder: Path) -> bool:
    """Say whether a folder has the lists that a database needs; an overlay has not."""
    return all((folder / name).is_file() for name in _LISTS)


def _version(folder: Path | None, folders: Sequence[Path]) -> str:
    """Give the digest of all files, after the version where they are an update's; the update must be as it was."""
    release = installed() if folder is None else None
    if release is None:
        return _digest_of(folders)
    digest = _digest_of(folders)
    check_unchanged(release, digest if len(folders) == 1 else _digest(folders[0]))
    return f"{release.version}+{digest}"


def _shown(version: str) -> str:
    release, plus, digest = version.rpartition("+")
    return f"{release}{plus}{digest[:_SHOWN]}"


def _folders(folder: Path | None, overlays: Sequence[Path]) -> list[Path]:
    folders = [one.resolve() for one in (folder or default_folder(), *overlays)]
    for one in folders:
        if not one.is_dir():
            raise SignatureError("is no folder of signatures", where=one)
    return folders


def _digest_of(folders: Sequence[Path]) -> str:
    """Give the digest (hex) of a database's folder, or of it and its overlays together in their order."""
    digests = [_digest(folder) for folder in folders]
    return digests[0] if len(digests) == 1 else hashlib.sha256("\n".join(digests).encode()).hexdigest()


def _digest(folder: Path) -> str:
    """Give the SHA-256 (hex) of every YAML file's name and content, in the order of their names."""
    digest = hashlib.sha256()
    base = len(os.path.join(folder, ""))  # noqa: PTH118  # with the slash that Path drops
    for path in sorted(_yaml_files(str(folder)), key=lambda path: path.replace(os.sep, "\0")):  # by folder first
        try:
            with open(path, "rb", buffering=0) as file:  # noqa: PTH123  # a third faster than Path over a thousand files
                content = file.read()
        except OSError as error:
            raise SignatureError(error.strerror or "cannot be read", where=path) from error
        digest.update(f"{path[base:].replace(os.sep, '/')}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _yaml_files(folder: str) -> Iterator[str]:
    for parent, _, names in os.walk(folder):
        yield from (os.path.join(parent, name) for name in names if name.endswith(".yaml"))  # noqa: PTH118  # as above


def _code() -> bytes:
    """Fingerprint the code that makes a database of files: in a checkout it changes without the version."""
    digest = hashlib.sha256(__version__.encode())
    for module in ("database", "files", "kinds", "lists", "load", "reading", "schema"):
        with suppress(OSError):  # installed without sources, where the version says enough
            digest.update(_HERE.joinpath(f"{module}.py").read_bytes())
    return digest.digest()
