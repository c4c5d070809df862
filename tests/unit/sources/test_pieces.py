"""Lines from further on in a file: where they lie, and where there are none."""

import gzip
from pathlib import Path

import pytest

from shadowai import sources
from shadowai.errors import SourceError
from shadowai.sources.streams import HEAD_SIZE


def source(path: Path, data: bytes) -> sources.Source:
    path.write_bytes(data)
    return sources.Source(str(path), path)


def test_pieces_are_whole_lines_at_their_offsets_and_reach_the_end(tmp_path: Path) -> None:
    data = b"".join(b"line %d\n" % number for number in range(60_000))
    pieces = sources.pieces(source(tmp_path / "a.log", data))
    assert len(pieces) == 4
    for offset, piece in pieces:
        assert data[offset : offset + len(piece)] == piece
        assert data[offset - 1 : offset] == b"\n"
        assert piece.endswith(b"\n")
    assert pieces[-1][0] + len(pieces[-1][1]) == len(data)
    assert [offset for offset, _ in pieces] == sorted(offset for offset, _ in pieces)


def test_small_and_compressed_files_have_none(tmp_path: Path) -> None:
    assert sources.pieces(source(tmp_path / "small.log", b"x\n" * (HEAD_SIZE // 2))) == []
    assert sources.pieces(source(tmp_path / "a.log.gz", gzip.compress(bytes(range(256)) * 4000, 0))) == []


def test_lines_that_are_too_long_for_a_piece_are_left_out(tmp_path: Path) -> None:
    assert sources.pieces(source(tmp_path / "a.log", b"x" * 1_000_000)) == []


def test_a_file_that_has_gone_says_so(tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        sources.pieces(sources.Source("gone", tmp_path / "gone"))
