"""A released database: one file, `signatures.tar.zst`, with a manifest of digests, and its signature beside it.

The same files, version and date give the same bytes (with the same version of Zstandard). Whatever is read here may
come from anybody until its signature is checked, and is held to its bounds even after that.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import tarfile
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

import zstandard

from shadowai.errors import SignatureError, UsageError
from shadowai.signatures.load import read_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

NAME = "signatures.tar.zst"
SIGNATURE_SUFFIX = ".minisig"
MANIFEST = "manifest.json"
MAX_PACKED = 16 << 20  # bytes
MAX_SIZE = 64 << 20  # bytes, unpacked
MAX_FILES = 20_000

_WINDOW = 27  # log2 of the largest window (bytes) that is unpacked; Zstandard's own bound
_LEVEL = 19
_FILE = re.compile(r"[a-z0-9-]+(/[a-z0-9-]+)?\.yaml", re.ASCII)
_VERSION = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9}){0,3}", re.ASCII)


class Contents(NamedTuple):
    """What a release holds: its version, date and digest (see `load_database`), and its files by name."""

    version: str
    date: str
    digest: str
    files: Mapping[str, bytes]


def ordered(version: str) -> tuple[int, ...]:
    """Give a version as numbers, to tell which of two is newer; UsageError for anything else."""
    if not _VERSION.fullmatch(version):
        raise UsageError(f"{version!r} is no version such as 2026.11.21 or 2026.11.21.2")
    numbers = [int(part) for part in version.split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


def pack(folder: Path | None, version: str | None, day: date | None) -> tuple[Contents, bytes]:
    """Make a release of a database; version and date are those of its latest `verified` where none are given.

    Raises SignatureError where the database is not whole, or a file's name would not be taken back.
    """
    files = read_files(folder)
    if not files.services:
        raise SignatureError("has no services", where=folder)
    day = day or max(service.file.verified for service in files.services.values())
    version = version or f"{day:%Y}.{day.month}.{day.day}"
    ordered(version)
    base = next(iter(files.services.values())).path.parent.parent
    content = {path.relative_to(base).as_posix(): path.read_bytes() for path in sorted(base.rglob("*.yaml"))}
    for name in content:
        if not _FILE.fullmatch(name):
            raise SignatureError("has a name that no release can hold", where=base / name)
    contents = Contents(version, day.isoformat(), files.digest, content)
    return contents, zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compress(_tar(contents))


def unpack(packed: bytes) -> Contents:
    """Read a release and hold it against its manifest; SignatureError for whatever does not fit."""
    members = dict(_members(_unpacked(packed)))
    try:
        manifest = json.loads(members.pop(MANIFEST))
        listed = {name: (entry["size"], entry["sha256"]) for name, entry in manifest["files"].items()}
        contents = Contents(manifest["version"], manifest["date"], manifest["digest"], members)
        date.fromisoformat(contents.date)
        ordered(contents.version)
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError, UsageError) as error:
        raise SignatureError(f"the release's manifest is missing or damaged: {error}") from error
    found = {name: _entry(content) for name, content in members.items()}
    if wrong := sorted(name for name in found.keys() | listed.keys() if found.get(name) != listed.get(name)):
        raise SignatureError(f"the release's files are not those of its manifest: {', '.join(wrong[:5])}")
    if not isinstance(contents.digest, str) or not re.fullmatch("[0-9a-f]{16}", contents.digest):
        raise SignatureError("the release's manifest has no digest")
    return contents


def _entry(content: bytes) -> tuple[int, str]:
    return len(content), hashlib.sha256(content).hexdigest()


def _tar(contents: Contents) -> bytes:
    entries = {name: dict(zip(("size", "sha256"), _entry(text), strict=True)) for name, text in contents.files.items()}
    manifest = {"schema": 1, **contents._asdict(), "files": entries}
    written = json.dumps(manifest, indent=1, sort_keys=True).encode() + b"\n"
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, text in {MANIFEST: written, **contents.files}.items():
            member = tarfile.TarInfo(name)  # of nobody, at the beginning of time: the same bytes each time
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text))
    return packed.getvalue()


def _unpacked(packed: bytes) -> bytes:
    try:
        with zstandard.ZstdDecompressor(max_window_size=1 << _WINDOW).stream_reader(packed) as stream:
            content = stream.read(MAX_SIZE + 1)
    except zstandard.ZstdError as error:
        raise SignatureError(f"the release cannot be unpacked: {error}") from error
    if len(content) > MAX_SIZE:
        raise SignatureError(f"the release is larger than {MAX_SIZE >> 20} MiB unpacked")
    return content


def _members(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Give the files of an archive; a link, a folder, a strange name or one that stands twice ends it."""
    seen: set[str] = set()
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as tar:
            for member in tar:
                if member.name != MANIFEST and not _FILE.fullmatch(member.name):
                    raise SignatureError(f"the release has a file that none may have: {member.name!r}")
                plain = member.type in (tarfile.REGTYPE, tarfile.AREGTYPE) and not member.issparse()
                file = tar.extractfile(member) if plain else None
                if file is None or member.name in seen or len(seen) >= MAX_FILES:
                    raise SignatureError(f"the release has too many files, or no plain one, at {member.name!r}")
                seen.add(member.name)
                yield member.name, file.read()
    except (tarfile.TarError, ValueError, OverflowError) as error:
        raise SignatureError(f"the release is no whole archive: {error}") from error
