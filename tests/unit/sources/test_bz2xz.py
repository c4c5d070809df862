from __future__ import annotations

import bz2
import hashlib
import lzma
import struct
import zlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowai.errors import SourceError
from shadowai.sources import Source, line_blocks, read_head
from shadowai.sources.bz2xz import open_bzip2, open_xz
from shadowai.sources.shards import Shard

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import BinaryIO

    Kind = tuple[Callable[[bytes], bytes], Callable[[Path], BinaryIO]]

TEXT = b"one\ntwo\nthree\n" * 1000
KINDS: dict[str, Kind] = {"bzip2": (bz2.compress, open_bzip2), "xz": (lzma.compress, open_xz)}
_DICTIONARY = 40  # the property byte of LZMA2 that asks for 4 GiB (xz-file-format.txt 5.3.1)


def _lines(folder: Path, content: bytes) -> bytes:
    path = folder / "input"
    path.write_bytes(content)
    return b"".join(block for _, block in line_blocks(Shard(Source("input", path))))


@pytest.mark.parametrize("kind", KINDS)
def test_streams_one_after_the_other_are_one(tmp_path: Path, kind: str) -> None:
    pack, _ = KINDS[kind]
    content = pack(b"") + pack(b"a\n") + bytes(8) + pack(b"") + pack(TEXT) + bytes(40_000)
    assert _lines(tmp_path, content) == b"a\n" + TEXT


@pytest.mark.parametrize("kind", KINDS)
def test_what_follows_a_stream_and_is_none_is_not_passed_over(tmp_path: Path, kind: str) -> None:
    pack, _ = KINDS[kind]
    second = bytearray(pack(b"lost\n"))
    second[0] ^= 1  # the file objects of the standard library give the first stream, and end as if all were well
    for behind in (bytes(second), b"trailing garbage"):
        with pytest.raises(SourceError, match="input: cannot be read: the compressed data is damaged"):
            _lines(tmp_path, pack(TEXT) + behind)
        assert read_head(Source("input", tmp_path / "input")) == TEXT


@pytest.mark.parametrize("kind", KINDS)
def test_an_end_inside_a_stream_is_told_from_damage_at_every_place(tmp_path: Path, kind: str) -> None:
    pack, opened = KINDS[kind]
    first = pack(TEXT)
    content = first + pack(b"more\n")
    for cut in range(6, len(content)):
        (tmp_path / "input").write_bytes(content[:cut])
        with opened(tmp_path / "input") as stream:
            if cut == len(first):
                assert stream.read() == TEXT
                continue
            with pytest.raises(EOFError):
                stream.read()


def test_an_xz_header_that_asks_for_gigabytes_is_not_believed(tmp_path: Path) -> None:
    content = bytearray(lzma.compress(TEXT))
    at = content.index(b"\x21\x01", 12)  # the filter LZMA2 with one byte of properties (5.3.1)
    content[at + 2] = _DICTIONARY
    end = 12 + (content[12] + 1) * 4  # of the block header, whose last four bytes are its CRC32 (3.1)
    content[end - 4 : end] = struct.pack("<I", zlib.crc32(content[12 : end - 4]))
    with pytest.raises(SourceError, match="asks for too much memory"):
        _lines(tmp_path, bytes(content))


@given(st.sampled_from(sorted(KINDS)), st.integers(0, 4000), st.binary(min_size=1, max_size=4))
def test_damage_anywhere_is_an_error_or_harmless(
    tmp_path_factory: pytest.TempPathFactory, kind: str, place: int, noise: bytes
) -> None:
    folder = tmp_path_factory.mktemp("damage")
    text = b"".join(hashlib.sha256(bytes([number])).digest() for number in range(100))
    content = bytearray(KINDS[kind][0](text) + KINDS[kind][0](b"more"))
    at = 6 + place % (len(content) - 6)
    content[at : at + len(noise)] = noise
    (folder / "input").write_bytes(content)
    try:
        with KINDS[kind][1](folder / "input") as stream:
            read = stream.read()
    except (OSError, EOFError):
        return
    assert read == text + b"more"
