"""Inputs that can be read and yet say little: what an analyst must be told of them, in the report too."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from shadowai import resources
from shadowai.inputs import ReadOptions
from shadowai.scan import ScanOptions, scan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from shadowai.result import Result

CUT = "packets were cut off when captured, and names in them were lost; capture whole ones (tcpdump -s 0)"
LOST = "its times begin in 1970: the clock was not set, or the times were lost when the file was made"
BRANCH = (resources.samples() / "branch.pcap").read_bytes()
TABLE = (resources.samples() / "zscaler-web.csv").read_bytes()


def packets() -> Iterator[tuple[int, int, int, bytes]]:
    at = 24
    while at < len(BRANCH):
        seconds, micros, captured, original = struct.unpack_from("<4I", BRANCH, at)
        yield seconds, micros, original, BRANCH[at + 16 : at + 16 + captured]
        at += 16 + captured


def capture(snapped: int = 65535, *, timeless: bool = False) -> bytes:
    records = []
    for seconds, micros, original, data in packets():
        when = (0, 0) if timeless else (seconds, micros)
        kept = data[:snapped]
        records.append(struct.pack("<4I", *when, len(kept), original) + kept)
    return BRANCH[:24] + b"".join(records)


def told(tmp_path: Path, content: bytes) -> tuple[Result, list[str]]:
    (tmp_path / "input").write_bytes(content)
    result = scan(ScanOptions(read=ReadOptions([str(tmp_path / "input")])))
    (source,) = result.sources
    return result, [one for one in source.warnings if ": " not in one[:12]]


@pytest.mark.parametrize("snapped", [64, 96, 128])
def test_a_capture_of_beginnings_of_packets_is_no_all_clear(tmp_path: Path, snapped: int) -> None:
    """With 64 bytes of each packet nothing was found, and nothing was said."""
    result, warnings = told(tmp_path, capture(snapped))
    assert warnings == [CUT]
    if snapped == 64:
        assert result.departments == ()


def test_a_whole_capture_is_not_complained_about(tmp_path: Path) -> None:
    assert told(tmp_path, capture())[1] == []


def test_times_of_1970_are_told(tmp_path: Path) -> None:
    assert told(tmp_path, capture(timeless=True))[1] == [LOST]


def test_a_header_alone_is_told(tmp_path: Path) -> None:
    assert told(tmp_path, TABLE.partition(b"\n")[0] + b"\n")[1] == ["holds a header and no records"]


def test_records_whose_times_cannot_be_read_are_told(tmp_path: Path) -> None:
    numbered = b"\n".join(b"%d:%s" % pair for pair in enumerate(TABLE.splitlines(), 1))
    result, warnings = told(tmp_path, numbered)
    assert warnings == ["no record has a time that could be read, so that no day and no period has them"]
    assert result.sources[0].parsed == TABLE.count(b"\n") - 1
