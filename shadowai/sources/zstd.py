"""Zstandard files (RFC 8878) of which it is told when they end too early.

The library gives what a truncated file holds and then ends as if all were well; a log cut short would be a silent miss.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, BinaryIO, cast

import zstandard

if TYPE_CHECKING:
    from pathlib import Path

    from _typeshed import WriteableBuffer

MAGIC = b"\x28\xb5\x2f\xfd"
_SKIPPABLE = b"\x2a\x4d\x18"  # after a first byte of 0x50 to 0x5f (RFC 8878, 3.1.2)
_RLE = 1  # a block type whose content is one byte, whatever its size says (3.1.1.2.2)
_CHECKSUM = 4  # bytes after the last block, where the header announces them


def open_zstandard(path: Path) -> BinaryIO:
    """Open the decompressed bytes of all frames; reading past the end of a truncated file raises EOFError."""
    return cast("BinaryIO", io.BufferedReader(_Frames(path), zstandard.DECOMPRESSION_RECOMMENDED_OUTPUT_SIZE))


class _Frames(io.RawIOBase):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._stream = zstandard.open(path)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        count: int = self._stream.readinto(buffer)
        if count == 0:
            _check_end(self._path)
        return count

    def close(self) -> None:
        self._stream.close()
        super().close()


def _check_end(path: Path) -> None:
    """Walk the headers of frames and blocks, without their content; EOFError where the last does not end the file."""
    length = path.stat().st_size
    with path.open("rb") as file:
        while file.tell() < length:
            magic = file.read(4)
            if magic == MAGIC:
                _pass_frame(file)
            elif magic[1:] == _SKIPPABLE:
                file.seek(_number(file, 4), io.SEEK_CUR)
            else:
                raise EOFError
        if file.tell() > length:
            raise EOFError


def _pass_frame(file: BinaryIO) -> None:
    descriptor = _number(file, 1)
    single_segment = descriptor >> 5 & 1
    window = 1 - single_segment
    dictionary = (0, 1, 2, 4)[descriptor & 3]
    content_size = (single_segment, 2, 4, 8)[descriptor >> 6]
    file.seek(window + dictionary + content_size, io.SEEK_CUR)
    last = 0
    while not last:
        block = _number(file, 3)
        last = block & 1
        file.seek(1 if block >> 1 & 3 == _RLE else block >> 3, io.SEEK_CUR)
    if descriptor >> 2 & 1:
        file.seek(_CHECKSUM, io.SEEK_CUR)


def _number(file: BinaryIO, size: int) -> int:
    """Read a little-endian number; EOFError where the file ends before or inside it."""
    found = file.read(size)
    if len(found) < size:
        raise EOFError
    return int.from_bytes(found, "little")
