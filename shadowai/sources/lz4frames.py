"""LZ4 files (the frame format, github.com/lz4/lz4, lz4_Frame_format.md) whose damage is an error like any other.

Damage is a RuntimeError of the library, which is imported on first use: few sources are LZ4.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, BinaryIO, cast

from shadowai.sources.compressed import Compression, Decompressor, open_compressed

if TYPE_CHECKING:
    from pathlib import Path

MAGIC = b"\x04\x22\x4d\x18"
_INPUT = 64 << 10  # bytes read at once
_OUTPUT = 128 << 10  # bytes decompressed at once


def open_lz4(path: Path) -> BinaryIO:
    """Open the decompressed bytes of all frames; reading raises EOFError for a truncated file, OSError for damage."""
    return open_compressed(path, Compression(_begin, (RuntimeError,), _INPUT, _OUTPUT))


def _begin() -> Decompressor:
    return cast("Decompressor", importlib.import_module("lz4.frame").LZ4FrameDecompressor())
