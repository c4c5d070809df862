"""Reading a tar archive from its start to its end, as its bytes come (POSIX.1-2001 `pax`, and the dialect of GNU tar).

By hand and not with the standard library's tarfile, which reads a header's extension into memory whatever size it
claims and keeps what it knows of every member; a compressed archive of a few kilobytes can claim as much as it likes.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BLOCK = 512
_PIECE = 1 << 20
_LONGEST_HEADER = 1 << 20  # bytes of a header's extension: names have 4096 at most
_REGULAR, _PAX, _GLOBAL, _LONG_NAME, _LONG_LINK, _SPARSE = b"07\0", b"x", b"g", b"L", b"K", b"S"
_WITHOUT_DATA = b"123456"  # links, devices, folders, pipes
_MAGIC = b"ustar"
_POSIX = b"ustar\0"
_BINARY, _NEGATIVE = 0x80, 0xFF  # a number's first byte where it is base 256 and not octal


class TarError(ValueError):
    """The archive is damaged."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file of an archive: `size` in bytes, `modified` in seconds since the epoch; `is_sparse` cannot be read."""

    name: str
    size: int
    modified: int
    is_sparse: bool = False


def is_tar(head: bytes) -> bool:
    """Say whether content that begins like this is a tar archive; `head` has a block."""
    return head[257:262] == _MAGIC and _has_checksum(head[:BLOCK])


class TarReader:
    """Gives the members that are files, one after the other, and their content while they are the current one.

    `read` is that of a stream: it gives as many bytes as asked for, fewer only at the end. Links and devices hold no
    content and are passed over. Raises TarError for damage, EOFError where the archive ends before it says so.
    """

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read
        self._left = 0  # bytes of the current member
        self._padding = 0

    def __iter__(self) -> Iterator[Member]:
        """Go from member to member; what nobody read of one is passed over."""
        pax: dict[str, str] = {}
        for_all: dict[str, str] = {}
        long_name: str | None = None
        while (header := self._header()) is not None:
            kind, size = header[156:157], _number(header[124:136])
            if kind in _PAX + _GLOBAL:
                (pax if kind == _PAX else for_all).update(_records(self._extension(size)))
                continue
            if kind in _LONG_NAME + _LONG_LINK:
                text = _text(self._extension(size))
                long_name = text if kind == _LONG_NAME else long_name
                continue
            told = {**for_all, **pax}
            size = _decimal(told["size"]) if "size" in told else size
            if size < 0:
                raise TarError("a header of the tar archive holds no number where one belongs")
            self._begin(0 if kind in _WITHOUT_DATA else size)
            if kind in _REGULAR + _SPARSE:
                name = told.get("path") or long_name or _name(header)
                sparse = kind == _SPARSE or any(key.startswith("GNU.sparse") for key in told)
                yield Member(told.get("GNU.sparse.name", name), size, _number(header[136:148]), sparse)
            self._pass()
            pax, long_name = {}, None

    def content(self) -> Iterator[bytes]:
        """Give the content of the current member piece by piece."""
        while self._left:
            piece = self._read(min(self._left, _PIECE))
            if not piece:
                raise EOFError
            self._left -= len(piece)
            yield piece

    def _begin(self, size: int) -> None:
        self._left, self._padding = size, -size % BLOCK

    def _pass(self) -> None:
        for _ in self.content():
            pass
        self._exactly(self._padding)
        self._padding = 0

    def _header(self) -> bytes | None:
        """Read a header; None at the block of zeros that ends an archive."""
        header = self._exactly(BLOCK)
        if not header.strip(b"\0"):
            return None
        if not _has_checksum(header):
            raise TarError("a header of the tar archive is damaged")
        return header

    def _extension(self, size: int) -> bytes:
        if not 0 <= size <= _LONGEST_HEADER:
            raise TarError(f"a header of the tar archive claims {size:,} bytes")
        self._begin(size)
        data = b"".join(self.content())
        self._pass()
        return data

    def _exactly(self, size: int) -> bytes:
        data = self._read(size)
        if len(data) < size:
            raise EOFError
        return data


def _has_checksum(header: bytes) -> bool:
    """Check the sum of a header's bytes, in which the sum itself counts as spaces."""
    try:
        told = int(header[148:156].strip(b"\0 ") or b"-1", 8)
    except ValueError:
        return False
    return len(header) == BLOCK and told == sum(header) - sum(header[148:156]) + 8 * ord(" ")


def _number(field: bytes) -> int:
    """Read a number: octal text, or base 256 where the first bit is set, as GNU tar writes large ones."""
    if field[0] in (_BINARY, _NEGATIVE):
        return int.from_bytes(field[1:], "big", signed=field[0] == _NEGATIVE)
    text = field.partition(b"\0")[0].strip()
    if text and not (text.isdigit() and max(text) < ord("8")):
        raise TarError("a header of the tar archive holds no number where one belongs")
    return int(text or b"0", 8)


def _decimal(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 20):  # noqa: PLR2004  # digits of 64 bits
        raise TarError("a header of the tar archive holds no number where one belongs")
    return int(text)


def _name(header: bytes) -> str:
    name, prefix = _text(header[:100]), _text(header[345:500])
    return f"{prefix}/{name}" if prefix and header[257:263] == _POSIX else name


def _text(field: bytes) -> str:
    return os.fsdecode(field.partition(b"\0")[0])


def _records(data: bytes) -> dict[str, str]:
    """Read the records of a pax header, each `length key=value` and a newline; the length counts all of it."""
    found: dict[str, str] = {}
    at = 0
    while at < len(data):
        space = data.find(b" ", at, at + 20)
        digits = data[at : max(space, at)]
        if not digits.isdigit() or not space + 1 < at + int(digits) <= len(data):
            raise TarError("an extended header of the tar archive is damaged")
        key, equals, value = data[space + 1 : at + int(digits) - 1].partition(b"=")
        if not equals:
            raise TarError("an extended header of the tar archive is damaged")
        found[os.fsdecode(key)] = os.fsdecode(value)
        at += int(digits)
    return found
