"""Bzip2 and xz files (sourceware.org/bzip2; tukaani.org/xz/xz-file-format.txt).

What an xz file's header asks for is not believed: memory is bounded.
"""

from __future__ import annotations

import bz2
import lzma
from typing import TYPE_CHECKING, BinaryIO

from shadowai.sources.compressed import Compression, open_compressed

if TYPE_CHECKING:
    from pathlib import Path

BZIP2 = b"BZh"
XZ = b"\xfd7zXZ\x00"
MOST_MEMORY = 256 << 20  # bytes; `xz -9` takes 65 MiB to unpack
_INPUT = 16 << 10  # bytes read at once; what is left of them is copied at the end of each stream, however short
_OUTPUT = 128 << 10  # bytes decompressed at once
_DAMAGE = (OSError, lzma.LZMAError)


def open_bzip2(path: Path) -> BinaryIO:
    """Open the decompressed bytes of all streams; reading raises EOFError for a truncated file, OSError for damage."""
    return open_compressed(path, Compression(bz2.BZ2Decompressor, _DAMAGE, _INPUT, _OUTPUT))


def open_xz(path: Path) -> BinaryIO:
    """Open the decompressed bytes of all streams; reading raises EOFError or OSError as of `open_bzip2`."""
    return open_compressed(path, Compression(_begin_xz, _DAMAGE, _INPUT, _OUTPUT))


def _begin_xz() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, MOST_MEMORY)
