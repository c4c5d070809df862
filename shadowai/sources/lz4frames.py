"""LZ4 files (the frame format, github.com/lz4/lz4, lz4_Frame_format.md) whose damage is an error like any other.

The library reads frame after frame, passes over skippable ones, and raises EOFError for a file that ends too early.
Damage it reports as RuntimeError. It is imported on first use: few sources are LZ4.
"""

from __future__ import annotations

import importlib
import io
from typing import TYPE_CHECKING, BinaryIO, cast

if TYPE_CHECKING:
    from pathlib import Path

    from _typeshed import WriteableBuffer

MAGIC = b"\x04\x22\x4d\x18"
_BUFFER = 1 << 17  # bytes decompressed at once


def open_lz4(path: Path) -> BinaryIO:
    """Open the decompressed bytes of all frames; reading raises EOFError for a truncated file, OSError for damage."""
    return cast("BinaryIO", io.BufferedReader(_Frames(path), _BUFFER))


class _Frames(io.RawIOBase):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._stream = importlib.import_module("lz4.frame").open(path)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        try:
            # `readinto` of the library would lose what it has when it meets the end of a truncated file.
            piece: bytes = self._stream.read1(len(view))
        except RuntimeError as error:
            raise OSError(f"the LZ4 data is damaged ({error})") from error
        view[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        self._stream.close()
        super().close()
