"""Gzip files against Python's own module: the same bytes, an error in the same cases, with ISA-L and with zlib."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shadowai.sources import Source, line_blocks
from shadowai.sources.gzipfiles import open_gzip
from shadowai.sources.shards import Shard

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MEMBERS = st.lists(
    st.tuples(st.binary(max_size=3000), st.integers(0, 9), st.sampled_from([0, 0, 1, 600])), min_size=1, max_size=4
)


@pytest.fixture(params=["as installed", "zlib"])
def _library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "zlib":
        monkeypatch.setattr("shadowai.sources.gzipfiles.zlib", zlib)
        monkeypatch.setattr("shadowai.sources.gzipfiles._DAMAGE", zlib.error)


def _read(path: Path, opened: Callable[[Path], object]) -> tuple[bytes, bool]:
    """Give what can be read in small pieces, and whether all went well."""
    found = b""
    with opened(path) as stream:
        try:
            while piece := stream.read1(512):
                found += piece
        except (OSError, EOFError, zlib.error):
            return found, False
    return found, True


@pytest.mark.usefixtures("_library")
@given(MEMBERS, st.integers(0, 2), st.integers(0, 2**32))
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_gives_what_python_gives(
    tmp_path: Path, members: list[tuple[bytes, int, int]], damage: int, seed: int
) -> None:
    content = bytearray(b"".join(gzip.compress(text, level) + b"\0" * zeros for text, level, zeros in members))
    if damage == 1:
        del content[10 + seed % (len(content) - 10) :]
    elif damage:
        content[2 + seed % (len(content) - 2)] ^= 1 + seed % 255
    path = tmp_path / "x.gz"
    path.write_bytes(content)
    expected, was_well = _read(path, gzip.open)
    found, is_well = _read(path, open_gzip)
    assert is_well == was_well
    if is_well:
        assert found == expected
    else:
        assert found.startswith(expected) or expected.startswith(found)


@pytest.mark.usefixtures("_library")
def test_much_is_read_in_order_and_ahead(tmp_path: Path) -> None:
    whole = b"".join(b"%d %d\n" % (number, number * 7919 % 10007) for number in range(300_000))
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(whole[:1_000_000], 1) + gzip.compress(whole[1_000_000:], 6))
    blocks = list(line_blocks(Shard(Source("x", path))))
    assert b"".join(block for _, block in blocks) == whole
    assert [offset for offset, _ in blocks] == [sum(len(b) for _, b in blocks[:at]) for at in range(len(blocks))]
    assert all(block.endswith(b"\n") for _, block in blocks)


@pytest.mark.usefixtures("_library")
def test_reading_can_be_left_early(tmp_path: Path) -> None:
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(b"line\n" * 1_000_000))
    blocks = line_blocks(Shard(Source("x", path)))
    assert next(blocks)[0] == 0
    blocks.close()
