"""Gzip files (RFC 1952), decompressed by Intel's ISA-L where it is installed: four times as fast as zlib."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, cast

from shadowai.sources.compressed import Compression, open_compressed

try:
    from isal import isal_zlib as zlib
except ImportError:  # there is no wheel for every processor
    import zlib  # type: ignore[no-redef]  # stands in for isal's

if TYPE_CHECKING:
    from pathlib import Path

MAGIC = b"\x1f\x8b"
_INPUT = 128 << 10  # bytes read at once
_OUTPUT = 256 << 10  # bytes decompressed at once
_DAMAGE = cast("type[Exception]", zlib.error)
_GZIP = 31  # window bits: the largest window, and a gzip header


def open_gzip(path: Path) -> BinaryIO:
    """Open the decompressed bytes of all members; reading raises EOFError for a truncated file, OSError for damage."""
    return open_compressed(path, Compression(_Member, (_DAMAGE,), _INPUT, _OUTPUT))


class _Member:
    """Decompresses one member; unlike zlib's own object it keeps the input that it has no room for yet."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(_GZIP)

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def needs_input(self) -> bool:
        return not self._zlib.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)
