from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
import struct
from typing import TYPE_CHECKING

import lz4.frame
import pytest
import zstandard

from shadowai.errors import SourceError
from shadowai.sources import Source, as_local_file, fingerprint, line_blocks, open_stream, read_head
from shadowai.sources.shards import Shard

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TEXT = b"one\ntwo\nthree\n" * 1000

COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstandard.compress,
    "lz4": lz4.frame.compress,
}


def _source(folder: Path, content: bytes) -> Source:
    path = folder / "input.bin"  # the name tells nothing
    path.write_bytes(content)
    return Source("input", path)


@pytest.mark.parametrize("kind", COMPRESSORS)
def test_compression_is_told_from_the_content(tmp_path: Path, kind: str) -> None:
    source = _source(tmp_path, COMPRESSORS[kind](TEXT))
    assert read_head(source) == TEXT
    with open_stream(source) as stream:
        assert stream.read() == TEXT
    with as_local_file(source) as path:
        assert path.read_bytes() == TEXT
    assert b"".join(block for _, block in line_blocks(Shard(source))) == TEXT


def test_gzip_of_several_members_is_one_stream(tmp_path: Path) -> None:
    source = _source(tmp_path, gzip.compress(b"a\n") + gzip.compress(b"b\n"))
    assert b"".join(block for _, block in line_blocks(Shard(source))) == b"a\nb\n"


def test_lz4_of_several_frames_is_one_stream(tmp_path: Path) -> None:
    skippable = struct.pack("<II", 0x184D2A50, 3) + b"any"
    source = _source(tmp_path, lz4.frame.compress(b"a\n") + skippable + lz4.frame.compress(b"b\n"))
    assert b"".join(block for _, block in line_blocks(Shard(source))) == b"a\nb\n"


@pytest.mark.parametrize("damage", [slice(5, 7), slice(300, 340), slice(-3, None)])
def test_damaged_lz4_is_an_error_of_that_file(tmp_path: Path, damage: slice) -> None:
    noise = b"".join(hashlib.sha256(bytes([number])).digest() for number in range(256))
    content = bytearray(lz4.frame.compress(noise, content_checksum=True))
    content[damage] = bytes(byte ^ 0x5A for byte in content[damage])
    with pytest.raises(SourceError, match="input: cannot be read: the compressed data is damaged"):
        list(line_blocks(Shard(_source(tmp_path, bytes(content)))))


def test_lz4_that_ends_inside_a_frame_is_truncated_at_every_place(tmp_path: Path) -> None:
    frames = (lz4.frame.compress(TEXT), lz4.frame.compress(b"more\n", content_checksum=True))
    content = b"".join(frames)
    for cut in range(6, len(content)):
        source = _source(tmp_path, content[:cut])
        if cut == len(frames[0]):
            assert b"".join(block for _, block in line_blocks(Shard(source))) == TEXT
            continue
        with pytest.raises(SourceError, match=r"input: .*truncated"):
            list(line_blocks(Shard(source)))


@pytest.mark.parametrize("kind", ["gzip", "xz", "lz4"])
def test_a_truncated_file_gives_what_it_has_and_an_error(tmp_path: Path, kind: str) -> None:
    whole = b"".join(hashlib.sha256(bytes([a, b])).digest() for a in range(100) for b in range(64)) + b"\nend\n"
    content = COMPRESSORS[kind](whole)
    source = _source(tmp_path, content[: len(content) // 2])
    blocks: list[bytes] = []
    with pytest.raises(SourceError, match=r"input: .*truncated"):
        blocks.extend(block for _, block in line_blocks(Shard(source), 4096))
    read = b"".join(blocks)
    assert len(read) > 1000
    assert whole.startswith(read)
    assert read_head(source) == whole[: len(read_head(source))]
    with pytest.raises(SourceError, match="truncated"), as_local_file(source) as path:
        assert path.read_bytes() == read


def test_zstandard_that_ends_inside_a_frame_is_truncated_at_every_place(tmp_path: Path) -> None:
    noise = b"".join(hashlib.sha256(bytes([number])).digest() for number in range(256)) * 40
    checked = zstandard.ZstdCompressor(write_checksum=True)
    unsized = checked.compressobj()
    frames = (checked.compress(noise), unsized.compress(TEXT) + unsized.flush(), b"\x51\x2a\x4d\x18\x02\0\0\0ab")
    content = b"".join(frames)
    whole = {sum(map(len, frames[:count])) for count in range(1, len(frames) + 1)}
    for cut in sorted({*range(18, len(content), 97), *whole, *range(len(content) - 12, len(content))}):
        source = _source(tmp_path, content[:cut])
        with open_stream(source) as stream:
            if cut in whole:
                assert (noise + TEXT).startswith(stream.read())
                continue
            with pytest.raises(EOFError):
                stream.read()
            with pytest.raises(SourceError, match="truncated"), as_local_file(source) as path:
                assert (noise + TEXT).startswith(path.read_bytes())


def test_what_a_truncated_zstandard_file_holds_is_read(tmp_path: Path) -> None:
    whole = b"".join(b"%d %d\n" % (number, number * 7919 % 10007) for number in range(60_000))
    content = zstandard.compress(whole)
    source = _source(tmp_path, content[: len(content) * 3 // 4])
    blocks: list[bytes] = []
    with pytest.raises(SourceError, match=r"input: .*truncated"):
        blocks.extend(block for _, block in line_blocks(Shard(source)))
    assert len(b"".join(blocks)) > 100_000
    assert whole.startswith(b"".join(blocks))


def test_corrupt_compression_is_an_error_of_that_file(tmp_path: Path) -> None:
    content = bytearray(gzip.compress(TEXT))
    content[20:40] = b"\xff" * 20
    source = _source(tmp_path, bytes(content))
    with pytest.raises(SourceError, match="input: cannot be read"):
        list(line_blocks(Shard(source)))


def test_an_empty_file_and_an_archive_are_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is empty"):
        read_head(_source(tmp_path, b""))
    with pytest.raises(SourceError, match="zip archive; unpack it"):
        read_head(_source(tmp_path, b"PK\x03\x04rest"))


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    gone = Source("gone", tmp_path / "gone")
    with pytest.raises(SourceError, match="gone: cannot be read: No such file"):
        read_head(gone)
    with pytest.raises(SourceError, match="gone: cannot be read: No such file"):
        fingerprint(gone)


def test_the_fingerprint_is_of_the_bytes_on_disk(tmp_path: Path) -> None:
    content = gzip.compress(TEXT)
    expected = (len(content), hashlib.sha256(content).hexdigest())
    assert fingerprint(_source(tmp_path, content)) == expected
