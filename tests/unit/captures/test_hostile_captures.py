"""Captures cut at every byte and with bytes flipped: no crash, no hang, and every record counted once."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from support.capture_cases import Case, cases
from support.capture_files import files, pcap

from shadowai.captures import pcap as pcap_format
from shadowai.captures import pcapng, read, recognise
from shadowai.captures.container import Capture
from shadowai.errors import SourceError
from shadowai.model import Tally

if TYPE_CHECKING:
    from pathlib import Path

CASES = cases()
FILES = files()
REACH = 2_048  # bytes of a file that are cut one by one
COPIES = 60  # soiled copies of every frame
DAMAGE = {"truncated", "corrupt"}


def outcome(path: Path, content: bytes) -> Tally:
    """Read a file to the end, or until it is refused as a whole; every record must be counted once."""
    path.write_bytes(content)
    tally = Tally()
    try:
        for each in read(path, name="x", tally=tally):
            assert each.packet is None or 0 < each.packet <= tally.records
    except SourceError as error:
        return _refused(error, path, tally)
    assert tally.parsed + sum(tally.skipped.values()) == tally.records
    assert tally.broken >= sum(tally.skipped[reason] for reason in DAMAGE)
    return tally


def _refused(error: SourceError, path: Path, tally: Tally) -> Tally:
    assert error.where in ("x", str(path))
    return tally


def soiled(frame: bytes, dice: random.Random) -> bytes:
    """Change a few bytes of a frame, most of them where the headers are."""
    copy = bytearray(frame)
    for _ in range(dice.randrange(1, 6)):
        copy[dice.randrange(min(len(copy), dice.choice((60, 2_000))))] = dice.randrange(256)
    return bytes(copy[: dice.choice((len(copy), dice.randrange(1, len(copy) + 1)))])


@pytest.mark.parametrize("name", FILES)
def test_a_file_cut_anywhere_is_walked_as_far_as_it_goes(name: str, tmp_path: Path) -> None:
    content = FILES[name]
    walk = {"pcap": pcap_format.blocks, "pcapng": pcapng.blocks}
    whole = 3
    for cut in range(24, min(len(content), REACH)):
        part = content[:cut]
        kind = recognise(part[:12])
        assert kind is not None
        tally = Tally()
        packets = sum(len(block) for block in walk[kind](Capture(part), tally))
        # What is cut off is at most one record, and truncation rather than damage.
        assert packets + tally.broken == tally.records <= whole + 1
        assert set(tally.skipped) <= {"truncated"}
        assert outcome(tmp_path / "cut", part).records == tally.records


@pytest.mark.parametrize("name", FILES)
def test_a_file_with_bytes_flipped_is_read_or_refused(name: str, tmp_path: Path) -> None:
    dice = random.Random(name)
    for _ in range(40):
        outcome(tmp_path / "soiled", soiled(FILES[name], dice))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_frames_cut_anywhere_are_counted(case: Case, tmp_path: Path) -> None:
    cuts = [frame[:cut] for frame in case.frames for cut in range(min(len(frame), REACH))]
    tally = outcome(tmp_path / "cuts", pcap(cuts, case.link))
    assert tally.records == len(cuts)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_soiled_frames_are_counted(case: Case, tmp_path: Path) -> None:
    dice = random.Random(case.name)
    frames = [soiled(frame, dice) for frame in case.frames for _ in range(COPIES)]
    tally = outcome(tmp_path / "soiled", pcap(frames, case.link))
    assert tally.records == len(frames)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_file_of_a_case_cut_anywhere_is_read(case: Case, tmp_path: Path) -> None:
    content = pcap(case.frames, case.link)
    for cut in range(24, min(len(content), REACH)):
        assert outcome(tmp_path / "cut", content[:cut]).records <= len(case.frames)
