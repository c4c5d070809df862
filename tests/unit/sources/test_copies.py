"""Files that hold what other files hold: found whatever they are called and however they are packed."""

from __future__ import annotations

import gzip
import lzma
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from shadowai.inputs import ReadOptions
from shadowai.scan import ScanOptions, scan
from shadowai.sources import Source, copies

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

LOG = b"".join(
    b"%d.576    111 10.1.2.3 TCP_TUNNEL/200 1000 CONNECT chatgpt.com:443 alice HIER_DIRECT/192.0.2.7 -\n"
    % (1768471200 + i)
    for i in range(200)
)


def found(folder: Path, **contents: bytes) -> list[tuple[str, str, bool, str | None]]:
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    sources = [Source(name, folder / name) for name in contents]
    return [(sources[one.place].name, sources[one.of].name, one.whole, one.error) for one in copies(sources)]


def test_a_file_and_its_packed_copies_are_one(tmp_path: Path) -> None:
    assert found(tmp_path, c=lzma.compress(LOG), b=gzip.compress(LOG), a=LOG, d=LOG[::-1]) == [
        ("c", "a", True, None),
        ("b", "a", True, None),
    ]


def test_small_files_are_copies_only_where_they_are_the_same(tmp_path: Path) -> None:
    assert found(tmp_path, a=LOG[:300], b=LOG[:300], c=LOG[:200]) == [("b", "a", True, None)]


def test_an_earlier_state_of_a_log_is_a_copy_of_the_later(tmp_path: Path) -> None:
    assert found(tmp_path, a=LOG[:9000], b=gzip.compress(LOG), c=LOG[:12000]) == [
        ("a", "b", False, None),
        ("c", "b", False, None),
    ]


def test_logs_that_part_after_a_while_are_two(tmp_path: Path) -> None:
    assert found(tmp_path, a=LOG + b"one\n", b=LOG + b"two\n") == []


def test_a_damaged_copy_is_told_as_such(tmp_path: Path) -> None:
    packed = gzip.compress(LOG * 30 + LOG[::-1], compresslevel=0)
    ((copy, of, whole, error),) = found(tmp_path, a=LOG * 30 + LOG[::-1], b=packed[:-5000])
    assert (copy, of, whole) == ("b", "a", False)
    assert error is not None
    assert "truncated" in error


def test_empty_files_and_those_that_have_gone_are_left_to_who_reads_them(tmp_path: Path) -> None:
    assert found(tmp_path, a=b"", b=b"") == []
    assert copies([Source("x", tmp_path / "x"), Source("x", tmp_path / "x")]) == []


@settings(deadline=None, max_examples=30)
@given(data=st.data())
def test_nothing_is_lost_with_a_copy(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Whatever is set aside stands whole in a file that is not."""
    folder = tmp_path_factory.mktemp("copies")
    ends = st.integers(0, len(LOG)).map(lambda end: LOG[:end])
    contents = data.draw(st.lists(ends | ends.map(lambda log: log + b"x"), min_size=2, max_size=6))
    paths = []
    for number, content in enumerate(contents):
        paths.append(folder / f"{number}")
        paths[-1].write_bytes(gzip.compress(content) if data.draw(st.booleans()) else content)
    aside = copies([Source(path.name, path) for path in paths])
    kept = set(range(len(paths))) - {one.place for one in aside}
    for one in aside:
        assert any(contents[other].startswith(contents[one.place]) for other in kept)


def test_a_log_beside_its_packed_copy_counts_once(tmp_path: Path) -> None:
    """It counted twice, without a word: twice the bytes, twice the contacts."""
    (tmp_path / "access.log").write_bytes(LOG)
    alone = scan(ScanOptions(read=ReadOptions([str(tmp_path)])))
    (tmp_path / "access.log.gz").write_bytes(gzip.compress(LOG))
    (tmp_path / "early.log").write_bytes(LOG[:10_000])
    both = scan(ScanOptions(read=ReadOptions([str(tmp_path)])))
    assert both.departments == alone.departments
    assert [one.warnings for one in both.sources[1:]] == [
        (f"has the same content as {tmp_path}/access.log and was read once",),
        (f"is the beginning of {tmp_path}/access.log and was read once",),
    ]
