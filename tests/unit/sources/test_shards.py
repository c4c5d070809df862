from __future__ import annotations

import gzip
import tempfile
from itertools import accumulate
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowai.errors import SourceError
from shadowai.sources import Shard, Source, cut, line_blocks, line_number
from shadowai.sources import shards as shards_module

LINES = st.lists(st.binary(max_size=40).filter(lambda line: b"\n" not in line), max_size=40)


def _source(content: bytes, folder: str) -> Source:
    path = Path(folder) / "a.log"
    path.write_bytes(content)
    return Source("a.log", path)


def _split(block: bytes) -> list[bytes]:
    pieces = block.split(b"\n")
    lines = [piece + b"\n" for piece in pieces[:-1]]
    return lines + ([pieces[-1]] if pieces[-1] else [])


@given(LINES, st.booleans(), st.integers(1, 60), st.integers(48, 200))
def test_any_cut_gives_every_line_once_at_its_offset(lines: list[bytes], ends: bool, size: int, block: int) -> None:  # noqa: FBT001  # hypothesis hands it over
    content = b"#\n" + b"\n".join(lines) + (b"\n" if ends and lines else b"")  # "#": never the magic of a compression
    with tempfile.TemporaryDirectory() as folder:
        source = _source(content, folder)
        found = [line for shard in cut(source, size=size) for line in _lines_of(shard, block)]
    place, expected = 0, []
    for line in _split(content):
        expected.append((place, line))
        place += len(line)
    assert found == expected


def _lines_of(shard: Shard, block: int) -> list[tuple[int, bytes]]:
    found = []
    for offset, data in line_blocks(shard, block):
        place = offset
        for line in _split(data):
            found.append((place, line))
            place += len(line)
    return found


def test_a_line_longer_than_a_block_comes_in_bounded_pieces(tmp_path: Path) -> None:
    source = _source(b"x" * 1000 + b"\nshort\n", str(tmp_path))
    blocks = [block for _, block in line_blocks(Shard(source), 64, 100)]
    assert b"".join(blocks) == b"x" * 1000 + b"\nshort\n"
    assert max(map(len, blocks)) <= 164


def test_the_layout_in_force_goes_with_each_shard(tmp_path: Path) -> None:
    content = b"#Version: 1\n#Fields: a b\n" + b"row 1\n" * 20 + b"#Fields: b a\n" + b"row 2\n" * 20
    shards = cut(_source(content, str(tmp_path)), directives=(b"#Fields:", b"#Version:"), size=50)
    headers = [shard.header for shard in shards]
    assert headers[0] == ()
    assert headers[1] == (b"#Version: 1", b"#Fields: a b")
    assert headers[-1] == (b"#Version: 1", b"#Fields: b a")


@given(
    st.lists(st.sampled_from([b"#A: ", b"#AB: ", b"x #A: ", b"#", b""]), max_size=60),
    st.integers(8, 60),
    st.integers(12, 40),
)
def test_the_last_line_of_each_kind_before_a_shard_is_in_force(kinds: list[bytes], size: int, block: int) -> None:
    lines = [kind + b"%d" % number for number, kind in enumerate(kinds)]
    content = b"#\n" + b"\n".join(lines)
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr("shadowai.sources.shards.BLOCK_SIZE", block)  # so that directives lie over the edges of blocks
        shards = cut(_source(content, folder), directives=(b"#A", b"#AB"), size=size)
    for shard in shards[1:]:
        before = [line for place, line in _places(content) if place < shard.start]
        last = {prefix: line for line in before for prefix in (b"#A", b"#AB") if line.startswith(prefix)}
        in_order = [line for line in dict.fromkeys(before) if line in last.values()]
        assert list(dict.fromkeys(shard.header)) == in_order


def _places(content: bytes) -> list[tuple[int, bytes]]:
    lines = content.split(b"\n")
    return list(zip(accumulate((len(line) + 1 for line in lines), initial=0), lines, strict=False))


def test_a_log_that_is_cut_short_meanwhile_ends_in_an_error_and_not_the_process(tmp_path: Path) -> None:
    content = b"#Fields: a\n" + b"row\n" * 200_000
    source = _source(content, str(tmp_path))
    shards = cut(source, directives=(b"#Fields:",), size=300_000)
    source.path.write_bytes(content[:400_000])  # as logrotate's copytruncate does, under a reader's hands
    assert b"".join(block for _, block in line_blocks(shards[0])).endswith(b"row\n")
    with pytest.raises(SourceError, match=r"a\.log: has changed while it was read: it became shorter"):
        list(line_blocks(shards[1]))
    with pytest.raises(SourceError, match="it became shorter"):
        list(line_blocks(shards[2]))
    assert "mmap" not in shards_module.__dict__, "reading what is mapped and gone raises SIGBUS"


def test_the_header_line_goes_with_each_shard(tmp_path: Path) -> None:
    shards = cut(_source(b"time,host\n" + b"1,a\n" * 50, str(tmp_path)), has_header_line=True, size=64)
    assert [shard.header for shard in shards] == [(), *[(b"time,host",)] * (len(shards) - 1)]


def test_compressed_logs_stay_whole(tmp_path: Path) -> None:
    source = _source(gzip.compress(b"line\n" * 10_000, 0), str(tmp_path))
    assert cut(source, size=100) == [Shard(source)]


@pytest.mark.parametrize(("offset", "number"), [(0, 1), (2, 2), (3, 3), (5, 4)])
def test_an_offset_has_a_line_number(tmp_path: Path, offset: int, number: int) -> None:
    assert line_number(_source(b"a\n\nb\nc", str(tmp_path)), offset) == number


def test_a_line_of_a_file_that_was_damaged_meanwhile_has_no_number(tmp_path: Path) -> None:
    source = _source(gzip.compress(b"line\n" * 10_000)[:-30], str(tmp_path))
    with pytest.raises(SourceError, match=r"a\.log: "):
        line_number(source, 50_000)
