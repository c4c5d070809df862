"""Columns of activity as bytes: small, quick to read, and of a format that later versions can still read.

Version 1: the magic `SAIA`, one byte with the version, then a Zstandard frame (RFC 8878) with a checksum. In it: the
length of the heading (4 bytes, little-endian), the heading (JSON: `rows` and the `columns` in order), then the numbers
of each column (little-endian). A column of texts has `texts`, its distinct values, sorted; its numbers are places in
them, from 1, with 0 for unknown. A column of numbers has `least`, which is to be added to each. `width` is in bytes.
"""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import zstandard

from shadowai.activity.columns import SUMS, TEXTS, Columns, Texts
from shadowai.history.errors import HistoryError

if TYPE_CHECKING:
    import numpy.typing as npt

MAGIC = b"SAIA"
VERSION = 1
_LEVEL = 3
_LENGTH = struct.Struct("<I")
_NUMBERS = ("minute", *SUMS)
_WIDTHS: dict[int, np.dtype[Any]] = {1: np.dtype("<u1"), 2: np.dtype("<u2"), 4: np.dtype("<u4"), 8: np.dtype("<u8")}


def encode(columns: Columns) -> bytes:
    """Write columns as bytes: the same columns give the same bytes."""
    heading: list[dict[str, Any]] = []
    content: list[bytes] = []
    for name in TEXTS:
        texts = columns.texts[name]
        width = _width(len(texts.distinct))
        heading.append({"name": name, "texts": list(texts.distinct), "width": width})
        content.append((texts.codes + 1).astype(_WIDTHS[width]).tobytes())
    for name in _NUMBERS:
        numbers = columns.numbers[name]
        least = int(numbers.min()) if len(numbers) else 0
        # The difference of two 64-bit numbers may need the 64th bit, so it is taken without a sign.
        above = numbers.astype(np.uint64) - np.uint64(least & _ALL_BITS)
        width = _width(int(above.max()) if len(numbers) else 0)
        heading.append({"name": name, "least": least, "width": width})
        content.append(above.astype(_WIDTHS[width]).tobytes())
    head = json.dumps({"rows": len(columns), "columns": heading}).encode()
    packed = zstandard.ZstdCompressor(_LEVEL, write_checksum=True, write_content_size=True)
    return MAGIC + bytes([VERSION]) + packed.compress(b"".join((_LENGTH.pack(len(head)), head, *content)))


def decode(blob: bytes) -> Columns:
    """Read columns; HistoryError where the bytes are damaged or of another version."""
    if blob[:4] != MAGIC:
        raise HistoryError("is no activity as this program stores it")
    if blob[4:5] != bytes([VERSION]):
        raise HistoryError(f"activity of version {blob[4:5].hex() or '?'}, which needs a newer shadowai")
    try:
        data = _unpacked(blob[5:])
        (length,) = _LENGTH.unpack_from(data)
        heading = json.loads(data[4 : 4 + length])
        return _columns(heading["rows"], heading["columns"], memoryview(data)[4 + length :])
    except (zstandard.ZstdError, struct.error, ValueError, KeyError, TypeError) as error:
        raise HistoryError(f"stored activity is damaged ({error})") from error


_ALL_BITS = (1 << 64) - 1


def _unpacked(frame: bytes) -> bytes:
    """Unpack as it comes: a damaged frame may announce any size."""
    stream = zstandard.ZstdDecompressor().decompressobj()
    data = stream.decompress(frame)
    if not stream.eof or stream.unused_data:
        raise ValueError("it ends too early, or goes on behind its end")
    return data


def _columns(rows: int, heading: list[dict[str, Any]], content: memoryview) -> Columns:
    texts: dict[str, Texts] = {}
    numbers: dict[str, npt.NDArray[np.int64]] = {}
    at = 0
    for column in heading:
        dtype = _WIDTHS[column["width"]]
        plain = np.frombuffer(content, dtype, count=rows, offset=at)
        at += plain.nbytes
        if "texts" in column:
            codes = plain.astype(np.int32) - np.int32(1)
            if rows and int(codes.max()) >= len(column["texts"]):
                raise ValueError("a number points behind the texts")
            texts[column["name"]] = Texts(codes, tuple(column["texts"]))
        else:
            above = plain.astype(np.uint64) + np.uint64(column["least"] & _ALL_BITS)
            numbers[column["name"]] = above.astype(np.int64)
    if set(texts) != set(TEXTS) or set(numbers) != set(_NUMBERS):
        raise ValueError("columns are missing")
    return Columns(texts, numbers)


def _width(greatest: int) -> int:
    return next(width for width in _WIDTHS if greatest < 1 << (8 * width))
