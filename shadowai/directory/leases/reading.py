"""The folder `leases/` of a directory: each file recognised by its content, read by the reader of its kind."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shadowai.directory.leases import dnsmasq, isc, kea, radius, sessions, windows, zeek
from shadowai.directory.leases.records import Records
from shadowai.directory.leases.sheet import Sheet, numbered, open_text
from shadowai.directory.leases.table import LeaseTable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from shadowai.directory.options import DirectoryOptions
    from shadowai.directory.tables import Findings

_HEAD_LINES = 200
_HEAD_SIZE = 1 << 18  # characters


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of lease file: its name, how it is recognised by its first lines, and how it is read."""

    name: str
    recognises: Callable[[list[str]], bool]
    read: Callable[[Iterable[tuple[int, str]], Sheet], None]


KINDS = tuple(Kind(one.NAME, one.recognises, one.read) for one in (isc, windows, kea, zeek, sessions, radius, dnsmasq))


def read_leases(folder: Path, options: DirectoryOptions, findings: Findings) -> LeaseTable:
    """Read every file of a folder and those below it; hidden files are passed over.

    `options` tell the zone of times that name none, and how long leases last. A file of no known kind, or that cannot
    be read at all, is a problem; a record that cannot be read, or a file that breaks off, is a warning.
    """
    records = Records()
    contents = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts):
            try:
                contents.append(_digest(path))
                _read_file(path, Sheet(path, records, findings, options), findings)
            except OSError as error:
                findings.problem(
                    path, 0, f"cannot be read ({error.strerror or error}); check the file and its permissions"
                )
    return LeaseTable(records, contents)


def _read_file(path: Path, sheet: Sheet, findings: Findings) -> None:
    head: list[str] = []
    kind: Kind | None = None
    try:
        head = _head(path)
        kind = next((kind for kind in KINDS if kind.recognises(head)), None)
        if kind is not None:
            with open_text(path) as text:
                kind.read(numbered(text, sheet), sheet)
    except (EOFError, zlib.error):
        sheet.warn("breaks off or is damaged; what came before is used")
    sheet.close()
    if kind is None and any(line.strip() and not line.startswith("#") for line in head):
        known = ", ".join(kind.name for kind in KINDS)
        findings.problem(
            path, 0, f"is no lease file of a known kind ({known}); take it out of the folder or convert it"
        )
    elif kind is None:
        sheet.warn("holds no lease")


def _head(path: Path) -> list[str]:
    with open_text(path) as text:
        return text.read(_HEAD_SIZE).split("\n")[:_HEAD_LINES]


def _digest(path: Path) -> str:
    with path.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()
