"""Bzip2 and xz files (sourceware.org/bzip2; tukaani.org/xz/xz-file-format.txt), of which all that follows is looked at.

Python's own file objects pass over whatever comes behind a whole stream and is not the beginning of another: where the
second of two streams is damaged in its first bytes, it would be missing without a word. Zeros may follow a stream: xz
pads with them, and tapes do. What an xz file's header asks for is not believed: memory is bounded.
"""

from __future__ import annotations

import bz2
import io
import lzma
from typing import TYPE_CHECKING, BinaryIO, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from _typeshed import WriteableBuffer

BZIP2 = b"BZh"
XZ = b"\xfd7zXZ\x00"
MOST_MEMORY = 256 << 20  # bytes; `xz -9` takes 65 MiB to unpack
_INPUT = 16 << 10  # bytes read at once; what is left of them is copied at the end of each stream, however short
_OUTPUT = 128 << 10  # bytes decompressed at once


class _Decompressor(Protocol):
    """What the two of the standard library have in common."""

    @property
    def eof(self) -> bool:
        """Whether the stream has ended."""

    @property
    def needs_input(self) -> bool:
        """Whether nothing more can be had without more input."""

    @property
    def unused_data(self) -> bytes:
        """What was given of that which follows the stream."""

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Give the next bytes, as many as asked for at most."""


def open_bzip2(path: Path) -> BinaryIO:
    """Open the decompressed bytes of all streams; reading raises EOFError for a truncated file, OSError for damage."""
    return _opened(path, bz2.BZ2Decompressor)


def open_xz(path: Path) -> BinaryIO:
    """Open the decompressed bytes of all streams; reading raises EOFError or OSError as of `open_bzip2`."""
    return _opened(path, lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, MOST_MEMORY))


def _opened(path: Path, begin: Callable[[], _Decompressor]) -> BinaryIO:
    return cast("BinaryIO", io.BufferedReader(_Streams(path, begin), _OUTPUT))


class _Streams(io.RawIOBase):
    def __init__(self, path: Path, begin: Callable[[], _Decompressor]) -> None:
        super().__init__()
        self._file = path.open("rb", buffering=0)
        self._begin = begin
        self._stream = begin()
        self._input = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        piece = b""
        while not piece:
            if self._stream.eof and not self._next():
                return 0
            piece = self._decompressed(len(view))
        view[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        self._file.close()
        super().close()

    def _next(self) -> bool:
        """Go to the next stream; False where the file ends."""
        self._input = self._stream.unused_data.lstrip(b"\0")
        while not self._input:
            piece = self._file.read(_INPUT)
            if not piece:
                return False
            self._input = piece.lstrip(b"\0")
        self._stream = self._begin()
        return True

    def _decompressed(self, size: int) -> bytes:
        """Decompress more of a stream; EOFError where the file ends inside it."""
        if self._stream.needs_input and not self._input:
            self._input = self._file.read(_INPUT)
            if not self._input:
                raise EOFError
        given, self._input = self._input, b""
        try:
            return self._stream.decompress(given, size)
        except (OSError, lzma.LZMAError) as error:
            raise OSError(f"the compressed data is damaged, or asks for too much memory ({error})") from error
