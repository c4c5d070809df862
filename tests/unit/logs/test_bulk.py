"""Reading many lines column by column gives what reading them one by one gives, whatever stands in them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from shadowai.logs import Batch, Needle, Prefilter, Reader, blocks, bulk, load_formats, open_reader, read_batches
from shadowai.logs.blocks import read_blocks
from shadowai.logs.bulk import NO_COUNT, NO_TIME, Codes, epochs, texts_of
from shadowai.logs.lines import decode
from shadowai.logs.times import epoch
from shadowai.model import SECOND, Observation, Tally

SAMPLES = {path.stem: path for path in sorted((Path(__file__).parent / "samples").glob("*.yaml"))}
PREFILTER = Prefilter([Needle("com"), Needle("net"), Needle("org"), Needle("example"), Needle("10.")])
REFERENCE = 1_769_904_000 * SECOND  # 2026-02-01T00:00:00Z
ODDITIES = ['"', "\0", "ü", "\u00a0", "\r", "\ufeff", "#", " ", ",", "\t", "-", "9" * 15, "\\", "%41", "{", "=", "|"]


@cache
def lines_of(name: str) -> list[str]:
    document = yaml.safe_load(SAMPLES[name].read_text(encoding="utf-8"))
    return [*document["lines"], *document.get("rejects", ())]


@st.composite
def damaged(draw: st.DrawFn, name: str) -> bytes:
    """A line of a format, as it is or with something odd in it; a few are of another encoding."""
    line = draw(st.sampled_from(lines_of(name)))
    at = draw(st.integers(0, len(line)))
    kind = draw(st.integers(0, 9))
    if kind == 0:
        line = line[:at]
    elif kind == 1:
        line = line[:at] + draw(st.sampled_from(ODDITIES)) + line[at:]
    elif kind == 2:
        line = line[:at] + draw(st.characters(exclude_categories=["Cs"])) + line[at + 1 :]
    elif kind == 3:
        line = draw(st.text(max_size=9)) + line
    return line.encode(draw(st.sampled_from(["utf-8"] * 8 + ["latin-1", "utf-16-le"])), "replace")


@st.composite
def files(draw: st.DrawFn) -> tuple[str, bytes]:
    """A log of some format: the sample first, as it holds the header, then lines that are damaged here and there."""
    name = draw(st.sampled_from(sorted(SAMPLES)))
    more = draw(st.lists(damaged(name), min_size=1, max_size=25))
    return name, b"\n".join([*(line.encode() for line in lines_of(name)), *more])


def both(name: str, data: bytes, zone: str = "UTC") -> None:
    """Read a file both ways and compare every value."""
    fmt = load_formats()[name]
    one, other = Tally(), Tally()
    parts = [(0, data)]
    alone = list(read_blocks(parts, open_reader(fmt, name="x", reference_time=REFERENCE, zone=zone), one, PREFILTER))
    together: list[Observation] = []
    reader = open_reader(fmt, name="x", reference_time=REFERENCE, zone=zone)
    for found in read_batches(parts, reader, other, PREFILTER):
        together += unpacked(found) if isinstance(found, Batch) else [found]
    assert other == one
    assert sorted(together, key=lambda seen: seen.offset or 0) == alone


def unpacked(batch: Batch) -> list[Observation]:
    """Give the observations of a batch, each held against its columns."""
    found = list(batch.observations(np.ones(len(batch), dtype=bool)))
    assert len(found) == len(batch) > 0
    columns = {name: [column.values[code] for code in column.codes] for name, column in batch.texts.items()}
    for row, seen in enumerate(found):
        assert (batch.evidence, batch.kind, batch.file, batch.action) == (
            seen.evidence, seen.kind, seen.file, seen.action
        )  # fmt: skip
        assert {name: getattr(seen, name) for name in columns} == {
            name: column[row] for name, column in columns.items()
        }
        numbers = [(batch.times, seen.time, NO_TIME), (batch.bytes_up, seen.bytes_up, NO_COUNT)]
        for column, value, unknown in [*numbers, (batch.bytes_down, seen.bytes_down, NO_COUNT)]:
            assert column[row] == (unknown if value is None else value)
        assert batch.paths[row] == seen.path
    return found


@pytest.fixture
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "FEW", 1)
    monkeypatch.setattr(blocks, "WINDOW", 2000)
    monkeypatch.setattr(blocks, "SAMPLE", 900)


@given(files())
@settings(max_examples=400)
def test_both_roads_lead_to_the_same(file: tuple[str, bytes]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "FEW", 1)
        patch.setattr(blocks, "WINDOW", 2000)
        patch.setattr(blocks, "SAMPLE", 900)
        both(*file)


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.usefixtures("_small")
def test_both_roads_read_each_sample(name: str) -> None:
    both(name, "\n".join(lines_of(name) * 3).encode(), zone="Europe/Berlin")


@pytest.mark.usefixtures("_small")
def test_what_is_kept_from_batch_to_batch_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "TOGETHER", 300)
    monkeypatch.setattr(bulk, "MEMO_ENTRIES", 5)
    line = "1768471200.5{0:02} 1 10.1.2.{0} TCP_TUNNEL/200 15 CONNECT h{0}.example.com:443 u{0} HIER_DIRECT/192.0.2.7 -"
    both("squid", "\n".join(line.format(number % 17) for number in range(60)).encode())


def test_most_lines_of_a_plain_log_come_in_batches() -> None:
    line = (
        b"1768471200.576    111 10.1.2.3 TCP_TUNNEL/200 15851 CONNECT chatgpt.com:443 alice HIER_DIRECT/192.0.2.7 -\n"
    )
    reader = Reader(load_formats()["squid"], name="x")
    found = list(read_batches([(0, line * 100 + b'odd "' + line)], reader, Tally(), PREFILTER))
    assert [len(one) if isinstance(one, Batch) else one.host for one in found] == [100]


DIGITS = st.text("0123456789", min_size=9, max_size=11)


@given(st.lists(st.one_of(st.from_regex(r"1[0-9]{9}\.[0-9]{3}", fullmatch=True), DIGITS, st.text(max_size=14))))
def test_epochs_are_those_of_the_parser_or_none(texts: list[str]) -> None:
    found = epochs(texts)
    if found is not None:
        assert found.tolist() == [epoch(text) for text in texts]


@given(st.integers(0, 10**10 - 1), st.integers(1, 9), st.data())
def test_epochs_of_one_width_are_read(second: int, digits: int, data: st.DataObject) -> None:
    fractions = data.draw(st.lists(st.integers(0, 10**digits - 1), min_size=1, max_size=5))
    texts = [f"{second:010}.{fraction:0{digits}}" for fraction in fractions]
    found = epochs(texts)
    expected = [epoch(text) for text in texts]
    assert (None if found is None else found.tolist()) == (None if None in expected else expected)


@given(
    st.lists(st.one_of(st.text(max_size=6), st.sampled_from(["\ufeffa\r", "\r", "ä\0"])).map(str.encode) | st.binary())
)
def test_lines_are_decoded_as_one_by_one(lines: list[bytes]) -> None:
    lines = [line.replace(b"\n", b"") for line in lines] or [b""]
    for text, line in zip(texts_of(lines), lines, strict=True):
        assert text == (None if b"\0" in line else decode(line, 0)[0])


def test_of_several_columns_the_first_with_a_value_counts() -> None:
    found = Codes(lambda text: text.strip() or None).read([["a", " ", ""], ["b", "b ", " "]], 3)
    assert [found.values[code] for code in found.codes] == ["a", "b", None]
