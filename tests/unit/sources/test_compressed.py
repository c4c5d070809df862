"""What a damaged file holds before its damage is given, however little of it the file had made before."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
from typing import TYPE_CHECKING

import lz4.frame
import pytest

from shadowai.sources.bz2xz import open_bzip2, open_xz
from shadowai.sources.gzipfiles import open_gzip
from shadowai.sources.lz4frames import open_lz4

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import BinaryIO

KINDS: dict[str, tuple[Callable[[Path], BinaryIO], Callable[[bytes], bytes], int]] = {
    "gzip": (open_gzip, gzip.compress, -8),  # RFC 1952: CRC32 and size come last
    "bzip2": (open_bzip2, bz2.compress, -3),  # the CRC of the whole ends in the last bytes, at no byte's beginning
    "xz": (
        open_xz,
        lambda data: lzma.compress(data, preset=0),
        -13,
    ),  # of the index, before the footer of twelve bytes
    "lz4": (open_lz4, lambda data: lz4.frame.compress(data, content_checksum=True), -4),
}


def had(opened: BinaryIO, size: int) -> bytes:
    """Read until the file ends or breaks off."""
    got = io.BytesIO()
    with opened:
        while True:
            try:
                piece = opened.read1(size)  # type: ignore[attr-defined]  # it is buffered
            except (OSError, EOFError):
                return got.getvalue()
            if not piece:
                return got.getvalue()
            got.write(piece)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lines", [1, 5_000, 40_000])
@pytest.mark.parametrize("size", [1 << 12, 1 << 20])
def test_a_wrong_checksum_costs_nothing_of_what_came_before_it(
    tmp_path: Path, kind: str, lines: int, size: int
) -> None:
    opener, compress, at = KINDS[kind]
    noise = random.Random(lines)
    content = b"".join(f"{number} {noise.random()}\n".encode() for number in range(lines))
    damaged = bytearray(compress(content))
    damaged[at] ^= 0x55
    (tmp_path / "x").write_bytes(damaged)
    got = had(opener(tmp_path / "x"), size)
    assert content.startswith(got)
    assert got == content


@pytest.mark.parametrize("kind", KINDS)
def test_damage_is_told_once_all_before_it_was_given(tmp_path: Path, kind: str) -> None:
    opener, compress, at = KINDS[kind]
    damaged = bytearray(compress(b"one\n") + compress(b"two\n"))
    damaged[at] ^= 0x55
    (tmp_path / "x").write_bytes(damaged)
    with opener(tmp_path / "x") as opened:
        assert opened.read(8) == b"one\ntwo\n"
        for _ in range(2):
            with pytest.raises(OSError, match="the compressed data is damaged"):
                opened.read(1)
