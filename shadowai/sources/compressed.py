"""Files of one compressed stream or several, of which all that follows is looked at.

Python's own file objects lose what they had decompressed when they meet the end of a truncated file, and pass over
whatever comes behind a whole stream and is not the beginning of another: where the second of two streams is damaged in
its first bytes, it would be missing without a word. Zeros may follow a stream: xz pads with them, and tapes do. A
decompressor that meets damage keeps what it had made of the same input: that input is given to another one byte by
byte, so that a short file with a wrong checksum is not lost as a whole.
"""

from __future__ import annotations

import io
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from _typeshed import WriteableBuffer


class Decompressor(Protocol):
    """What decompresses one stream, as the standard library's `bz2.BZ2Decompressor` does."""

    @property
    def eof(self) -> bool:
        """Whether the stream has ended."""

    @property
    def needs_input(self) -> bool:
        """Whether more input is wanted before more comes out."""

    @property
    def unused_data(self) -> bytes | None:
        """What was given of that which follows the stream."""

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Give the next bytes, as many as asked for at most."""


class Compression(NamedTuple):
    """A kind of compression: how a stream is begun, what damage raises, and bytes read and decompressed at once."""

    begin: Callable[[], Decompressor]
    damage: tuple[type[Exception], ...]
    input_size: int
    output_size: int


def open_compressed(path: Path, compression: Compression) -> BinaryIO:
    """Open the decompressed bytes of all streams; reading raises EOFError for a truncated file, OSError for damage."""
    return cast("BinaryIO", io.BufferedReader(_Streams(path, compression), compression.output_size))


class _Streams(io.RawIOBase):
    """The decompressed bytes of all streams in a file, or in its first bytes up to `end`."""

    def __init__(self, path: Path, compression: Compression, end: int | None = None) -> None:
        super().__init__()
        self._path = path
        self._end = end
        self._file = path.open("rb", buffering=0)
        self._compression = compression
        self._stream = compression.begin()
        self._input = b""
        self._input_at = 0  # where in the file lies what was read last
        self._given = 0  # decompressed bytes
        self._damage: OSError | None = None

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
        self._given += len(piece)
        return len(piece)

    def close(self) -> None:
        self._file.close()
        super().close()

    def _next(self) -> bool:
        """Go to the next stream; False where the file ends."""
        self._input = (self._stream.unused_data or b"").lstrip(b"\0")
        while not self._input:
            piece = self._read()
            if not piece:
                return False
            self._input = piece.lstrip(b"\0")
        self._stream = self._compression.begin()
        return True

    def _read(self) -> bytes:
        self._input_at = self._file.tell()
        size = self._compression.input_size
        return self._file.read(size if self._end is None else min(size, self._end - self._input_at))

    def _decompressed(self, size: int) -> bytes:
        """Decompress more of a stream; EOFError where the file ends inside it, OSError where it is damaged."""
        if self._damage:
            raise self._damage
        is_end = False
        if self._stream.needs_input and not self._input:
            self._input = self._read()
            is_end = not self._input
        given, self._input = self._input, b""
        try:
            piece = self._stream.decompress(given, size)
        except self._compression.damage as error:
            self._damage = OSError(f"the compressed data is damaged, or asks for too much memory ({error})")
            piece = b"" if self._end is not None else self._rescued()[:size]
            if not piece:
                raise self._damage from error
        if is_end and not piece and not self._stream.eof:
            raise EOFError
        return piece

    def _rescued(self) -> bytes:
        """Give what the input that was read last holds before the damage, and was not given yet."""
        with _Streams(self._path, self._compression, self._input_at) as again:
            return again.behind(self._given, self._compression.input_size)

    def behind(self, given: int, more: int) -> bytes:
        """Read to the end, and `more` of the file byte by byte; give what comes behind `given` decompressed bytes."""
        for _ in self._pieces():
            pass
        self._end = self._file.tell() + more
        self._compression = self._compression._replace(input_size=1)
        kept, at = bytearray(), self._given
        for piece in self._pieces():
            kept += piece[max(given - at, 0) :]
            at += len(piece)
        return bytes(kept)

    def _pieces(self) -> Iterator[bytes]:
        buffer = bytearray(self._compression.output_size)
        with suppress(EOFError, OSError):
            while count := self.readinto(buffer):
                yield bytes(buffer[:count])
