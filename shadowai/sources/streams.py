"""Reading a source's bytes, compressed or not; compression is told from the content, never from the name."""

from __future__ import annotations

import errno
import hashlib
import lzma
import tempfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO, cast

import zstandard

from shadowai.errors import EmptyError, SourceError
from shadowai.sources.bz2xz import BZIP2, XZ, open_bzip2, open_xz
from shadowai.sources.gzipfiles import MAGIC as GZIP
from shadowai.sources.gzipfiles import open_gzip
from shadowai.sources.lz4frames import MAGIC as LZ4
from shadowai.sources.lz4frames import open_lz4
from shadowai.sources.tar import is_tar
from shadowai.sources.zstd import MAGIC as ZSTANDARD
from shadowai.sources.zstd import open_zstandard

if TYPE_CHECKING:
    import io
    from collections.abc import Callable, Iterator

    from shadowai.sources.find import Source

HEAD_SIZE = 1 << 16  # bytes that are enough to tell a format
HASHED = 1 << 18  # bytes hashed at once
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)  # of what is written on the way: standard input, archives, compressed captures
_ARCHIVES = {b"PK\x03\x04": "a zip archive", b"7z\xbc\xaf": "a 7z archive"}

READ_ERRORS = (OSError, EOFError, zlib.error, lzma.LZMAError, zstandard.ZstdError)


_OPENERS: dict[bytes, Callable[[Path], object]] = {
    GZIP: open_gzip,
    BZIP2: open_bzip2,
    XZ: open_xz,
    ZSTANDARD: open_zstandard,
    LZ4: open_lz4,
}


class ChunkReader:
    """Reads a stream chunk by chunk and holds an error back until all that came before it has been given.

    A plain `read` of a truncated gzip file raises and forgets what it had already decompressed.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = cast("io.BufferedReader", stream)
        self._error: Exception | None = None

    def read(self, size: int) -> bytes:
        """Read `size` bytes, fewer at the end or before an error; the error is raised by the next call."""
        if self._error:
            raise self._error
        pieces = []
        try:
            while size > 0 and (piece := self._stream.read1(size)):
                pieces.append(piece)
                size -= len(piece)
        except READ_ERRORS as error:
            self._error = error
            if not pieces:
                raise
        return b"".join(pieces)


@contextmanager
def chunks(stream: BinaryIO, size: int, *, ahead: bool) -> Iterator[Iterator[bytes]]:
    """Read a stream in chunks, as ChunkReader does; `ahead` reads the next one in a thread while one is in use.

    Decompressors and Hyperscan both let go of the interpreter, so that the slower of them sets the pace.
    """
    reader = ChunkReader(stream)
    if not ahead:
        yield iter(lambda: reader.read(size), b"")
        return
    with ThreadPoolExecutor(1) as pool:
        yield _read_ahead(pool, reader, size)


def _read_ahead(pool: ThreadPoolExecutor, reader: ChunkReader, size: int) -> Iterator[bytes]:
    coming = pool.submit(reader.read, size)
    while chunk := coming.result():
        coming = pool.submit(reader.read, size)
        yield chunk


def is_compressed(source: Source) -> bool:
    """Say whether the file's first bytes are those of gzip, bzip2, xz, Zstandard or LZ4."""
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
            head = ChunkReader(stream).read(HEAD_SIZE)
        except READ_ERRORS as error:
            raise read_error(source, error) from error
    if not head:
        raise EmptyError("is empty", where=source.name)
    for magic, what in _ARCHIVES.items():
        if head.startswith(magic):
            raise SourceError(f"is {what}; unpack it and name the files inside", where=source.name)
    if is_tar(head):
        raise SourceError("is a tar archive; unpack it and name the files inside", where=source.name)
    return head


@contextmanager
def as_local_file(source: Source) -> Iterator[Path]:
    """Give a plain file with the decompressed content, for readers that map it into memory.

    Raises SourceError at the end, after what could be decompressed has been used, where the compressed data is damaged.
    """
    if not is_compressed(source):
        yield source.path
        return
    with tempfile.NamedTemporaryFile(prefix="shadowai-") as file:
        error = _unpack(source, file.file)
        file.flush()
        yield Path(file.name)
    if error:
        raise read_error(source, error) from error


def _unpack(source: Source, target: IO[bytes]) -> Exception | None:
    """Write the decompressed content to a file; give the error that ended it too early."""
    with open_stream(source) as stream:
        reader = ChunkReader(stream)
        try:
            while piece := reader.read(1 << 20):
                target.write(piece)
        except READ_ERRORS as error:
            return error
    return None


def fingerprint(source: Source, is_stopped: Callable[[], bool] = lambda: False) -> tuple[int, str]:
    """Size in bytes and SHA-256 (hex) of the file as it lies on disk; of no use where it is stopped on the way."""
    digest, buffer = hashlib.sha256(), bytearray(HASHED)
    try:
        with source.path.open("rb", buffering=0) as file:
            while (count := file.readinto(buffer)) and not is_stopped():
                digest.update(memoryview(buffer)[:count])
            return source.path.stat().st_size, digest.hexdigest()
    except OSError as error:
        raise read_error(source, error) from error


def modified(source: Source) -> int:
    """Give the time of the file's last change, in ns since the epoch."""
    try:
        return source.path.stat().st_mtime_ns
    except OSError as error:
        raise read_error(source, error) from error


def size(source: Source) -> int:
    """Give the file's size on disk in bytes."""
    try:
        return source.path.stat().st_size
    except OSError as error:
        raise read_error(source, error) from error


def read_error(source: Source, error: Exception) -> SourceError:
    """Say what went wrong while reading, in the user's words."""
    if isinstance(error, EOFError):
        reason = "the compressed data ends too early; the file is truncated"
    elif isinstance(error, OSError) and error.errno in _NO_ROOM:
        reason = f"does not fit into {tempfile.gettempdir()}; name a folder with more room in TMPDIR"
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
