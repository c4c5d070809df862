"""Logs that were exported so that they overlap: told, for their records count twice."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from shadowai import inputs
from shadowai.inputs import ReadOptions
from shadowai.scan import ScanOptions, scan
from shadowai.sources import Source, begins_inside

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

ROWS = [
    b"%d.576    111 10.1.2.%d TCP_TUNNEL/200 1000 CONNECT chatgpt.com:443 alice HIER_DIRECT/192.0.2.7 -\n"
    % (1768471200 + 7 * i, i % 250)
    for i in range(400)
]


def written(path: Path, rows: list[bytes]) -> Source:
    path.write_bytes(gzip.compress(b"".join(rows)) if path.suffix == ".gz" else b"".join(rows))
    return Source(path.name, path)


@settings(deadline=None, max_examples=30)
@given(start=st.integers(0, 399), end=st.integers(1, 400), name=st.sampled_from(["a.log", "a.log.gz"]))
def test_a_log_that_begins_inside_another_is_found(
    tmp_path_factory: pytest.TempPathFactory, start: int, end: int, name: str
) -> None:
    folder = tmp_path_factory.mktemp("logs")
    other, source = written(folder / name, ROWS[:end]), written(folder / "b.log", ROWS[start:])
    assert begins_inside(source, other) is (end >= start + 12 and start + 12 <= 400)


def test_lines_that_are_alike_are_no_overlap(tmp_path: Path) -> None:
    same = [b"Jan 15 10:00:00 gw dnsmasq[1]: query[A] chatgpt.com from 10.1.2.3\n"] * 40
    assert not begins_inside(written(tmp_path / "a", same), written(tmp_path / "b", same))
    gone = Source("gone", tmp_path / "gone")
    assert not begins_inside(gone, written(tmp_path / "b", ROWS))
    assert not begins_inside(written(tmp_path / "b", ROWS), gone)


def warnings(folder: Path) -> list[tuple[str, ...]]:
    return [one.warnings for one in scan(ScanOptions(read=ReadOptions([str(folder)]))).sources]


def test_overlapping_exports_are_told(tmp_path: Path) -> None:
    """Bytes and contacts of what both hold were counted twice, without a word."""
    written(tmp_path / "a.log", ROWS[:300])
    written(tmp_path / "b.log.gz", ROWS[200:])
    assert warnings(tmp_path) == [(), (f"holds records that are in {tmp_path}/a.log too, and count twice",)]


def test_two_days_and_two_proxies_are_not_complained_about(tmp_path: Path) -> None:
    written(tmp_path / "a.log", ROWS[:200])
    written(tmp_path / "b.log", ROWS[200:])
    written(tmp_path / "c.log", [row.replace(b"10.1.2", b"10.9.9") for row in ROWS])
    assert warnings(tmp_path) == [(), (), ()]


def test_the_search_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path / "a.log", ROWS[:300])
    written(tmp_path / "b.log", ROWS[200:])
    for most in (100, 0):
        monkeypatch.setattr(inputs, "MOST_SEARCHED", most)
        assert warnings(tmp_path) == [(), ()]
