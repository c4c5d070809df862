"""Captures that were put one behind the other with `cat`, as people do with logs."""

from __future__ import annotations

import struct
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from shadowai import captures, resources
from shadowai.captures.pcap import JOINED
from shadowai.model import Observation, Tally

if TYPE_CHECKING:
    from pathlib import Path

BRANCH = (resources.samples() / "branch.pcap").read_bytes()
HEADER = BRANCH[:24]


def places() -> list[int]:
    """Give where each packet record begins."""
    found, at = [], 24
    while at < len(BRANCH):
        found.append(at)
        at += 16 + struct.unpack_from("<I", BRANCH, at + 8)[0]
    return found


def read(path: Path, content: bytes) -> tuple[list[Observation], Tally]:
    path.write_bytes(content)
    tally = Tally()
    return list(captures.read(path, name="a.pcap", tally=tally)), tally


@pytest.mark.parametrize("cuts", [[0], [1], [400], [947], [10, 20, 500]])
def test_a_capture_in_pieces_is_read_as_the_whole(tmp_path: Path, cuts: list[int]) -> None:
    """All that came behind the first file was lost as one damaged record."""
    whole, once = read(tmp_path / "a", BRANCH)
    starts = places()
    ends = [24, *(starts[cut] for cut in cuts), len(BRANCH)]
    joined = b"".join(HEADER + BRANCH[start:end] for start, end in pairwise(ends))
    found, tally = read(tmp_path / "b", joined)
    assert sorted(map(repr, found)) == sorted(map(repr, whole))
    assert (tally.records, tally.parsed, tally.broken) == (once.records, once.parsed, 0)
    assert (once.notes, tally.notes) == (set(), {JOINED})


def test_a_file_header_of_another_layout_is_damage(tmp_path: Path) -> None:
    other_link = HEADER[:20] + struct.pack("<I", 113)
    _, tally = read(tmp_path / "a", BRANCH + other_link + BRANCH[24:])
    assert tally.broken >= 1
    assert JOINED not in tally.notes


def test_a_packet_of_2055_is_a_packet(tmp_path: Path) -> None:
    late = struct.pack("<4I", 0xA1B2C3D4, 5, 20, 20) + bytes(20)
    _, tally = read(tmp_path / "a", HEADER + late * 3)
    assert (tally.records, tally.notes) == (3, set())
