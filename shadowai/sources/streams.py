"""Reading a source's bytes, compressed or not; compression is told from the content, never from the name."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
import shutil
import tempfile
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, cast

import zstandard

from shadowai.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from shadowai.sources.find import Source

HEAD_SIZE = 1 << 16  # bytes that are enough to tell a format
_ARCHIVES = {b"PK\x03\x04": "a zip archive", b"7z\xbc\xaf": "a 7z archive"}

READ_ERRORS = (OSError, EOFError, zlib.error, lzma.LZMAError, zstandard.ZstdError)


_OPENERS: dict[bytes, Callable[[Path], object]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
    b"\x28\xb5\x2f\xfd": zstandard.open,
}


def is_compressed(source: Source) -> bool:
    """Say whether the file's first bytes are those of gzip, bzip2, xz or Zstandard."""
    return _opener(source) is not None


def open_stream(source: Source) -> BinaryIO:
    """Open the decompressed bytes; SourceError names the file where it cannot be opened."""
    opener = _opener(source)
    try:
        return cast("BinaryIO", opener(source.path)) if opener else source.path.open("rb")
    except READ_ERRORS as error:
        raise read_error(source, error) from error


def read_head(source: Source) -> bytes:
    """Read the first bytes of the decompressed content, as many as tell a format.

    Raises SourceError for a file that is empty, not readable, or an archive of several files.
    """
    with open_stream(source) as stream:
        try:
            head = stream.read(HEAD_SIZE)
        except READ_ERRORS as error:
            raise read_error(source, error) from error
    if not head:
        raise SourceError("is empty", where=source.name)
    for magic, what in _ARCHIVES.items():
        if head.startswith(magic):
            raise SourceError(f"is {what}; unpack it and name the files inside", where=source.name)
    return head


@contextmanager
def as_local_file(source: Source) -> Iterator[Path]:
    """Give a plain file with the decompressed content, for readers that map it into memory."""
    if not is_compressed(source):
        yield source.path
        return
    with tempfile.NamedTemporaryFile(prefix="shadowai-") as file, open_stream(source) as stream:
        try:
            shutil.copyfileobj(stream, file, 1 << 20)
        except READ_ERRORS as error:
            if file.tell() == 0:
                raise read_error(source, error) from error
        file.flush()
        yield source.path.__class__(file.name)


def fingerprint(source: Source) -> tuple[int, str]:
    """Size in bytes and SHA-256 (hex) of the file as it lies on disk."""
    try:
        with source.path.open("rb") as file:
            return source.path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise read_error(source, error) from error


def read_error(source: Source, error: Exception) -> SourceError:
    """Say what went wrong while reading, in the user's words."""
    if isinstance(error, EOFError):
        reason = "the compressed data ends too early; the file is truncated"
    elif isinstance(error, OSError) and error.strerror:
        reason = f"cannot be read: {error.strerror}"
    else:
        reason = f"cannot be read: {error}"
    return SourceError(reason, where=source.name)


def _opener(source: Source) -> Callable[[Path], object] | None:
    try:
        with source.path.open("rb") as file:
            start = file.read(6)
    except OSError as error:
        raise read_error(source, error) from error
    return next((opener for magic, opener in _OPENERS.items() if start.startswith(magic)), None)
