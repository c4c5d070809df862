from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from shadowai.errors import SourceError
from shadowai.sources import (
    Shard,
    Source,
    cut,
    cut_further,
    header_at,
    last_line_end,
    pieces,
    read_at,
    read_first,
    readable_pieces,
)

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = b"#Fields: a\n" + b"row\n" * 100 + b"#Fields: b\n" + b"row\n" * 100
FIELDS = (b"#Fields:",)


def _source(folder: Path, content: bytes) -> Source:
    path = folder / "a.log"
    path.write_bytes(content)
    return Source("a.log", path)


def test_a_part_is_cut_at_the_places_of_the_whole(tmp_path: Path) -> None:
    source = _source(tmp_path, CONTENT)
    whole = cut(source, directives=FIELDS, size=100)
    part = cut_further(Shard(source, 150), directives=FIELDS, size=100)
    assert [(one.start, one.end, one.header) for one in part] == [
        (150, 200, (b"#Fields: a",)),
        *((one.start, one.end, one.header) for one in whole[2:]),
    ]
    packed = Shard(_source(tmp_path, gzip.compress(CONTENT)), 150)
    assert cut_further(packed, directives=FIELDS) == [packed]


def test_the_layout_at_a_place_is_that_of_the_last_line_before_it(tmp_path: Path) -> None:
    source = _source(tmp_path, CONTENT)
    assert header_at(source, 0, directives=FIELDS) == ()
    assert header_at(source, 100) == ()
    assert header_at(source, 100, directives=FIELDS) == (b"#Fields: a",)
    assert header_at(source, len(CONTENT), directives=FIELDS) == (b"#Fields: b",)
    assert header_at(source, 100, has_header_line=True) == (b"#Fields: a",)
    packed = _source(tmp_path, gzip.compress(CONTENT))
    assert header_at(packed, 100, directives=FIELDS) == (b"#Fields: a",)
    assert header_at(packed, len(CONTENT), directives=FIELDS, has_header_line=True) == (b"#Fields: a", b"#Fields: b")


def test_places_are_looked_at_and_what_is_damaged_as_far_as_it_goes(tmp_path: Path) -> None:
    source = _source(tmp_path, CONTENT)
    assert read_at(source, 11, 3) == b"row"
    assert last_line_end(source, 11, 18) == 15
    assert last_line_end(source, 11, 14) == 11
    packed = gzip.compress(CONTENT)
    source = _source(tmp_path, packed[:-6])
    assert read_first(source, 4) == b"#Fie"
    found: list[bytes] = []
    with pytest.raises(SourceError, match="truncated"):
        found.extend(readable_pieces(source, 100))
    assert b"".join(found) == CONTENT
    assert read_first(_source(tmp_path, packed[:10]), 4) == b""


def test_a_file_that_has_gone_is_told_by_whoever_looks(tmp_path: Path) -> None:
    gone = Source("a.log", tmp_path / "gone")
    for look in (
        lambda: read_at(gone, 0, 1),
        lambda: cut(gone),
        lambda: cut_further(Shard(gone, 5)),
        lambda: header_at(gone, 5, directives=FIELDS),
        lambda: pieces(gone),
    ):
        with pytest.raises(SourceError, match=r"a\.log: cannot be read: No such file"):
            look()
