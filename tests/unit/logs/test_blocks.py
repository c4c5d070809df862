"""Blocks: any cutting gives the same, sampling, blank lines, over-long lines."""

import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shadowai.logs import Needle, Prefilter, Reader, blocks, load_formats, read_blocks
from shadowai.logs.blocks import count_records
from shadowai.logs.lines import MAX_LINE, is_blank
from shadowai.model import Observation, Tally

HIT = b"1768471200.576    111 10.1.2.3 TCP_TUNNEL/200 15851 CONNECT chatgpt.com:443 alice HIER_DIRECT/104.18.32.47 -"
MISS = b"1768471300.576    111 10.1.2.3 TCP_TUNNEL/200 15851 CONNECT a.example:443 alice HIER_DIRECT/192.0.2.1 -"
BROKEN = b"1768471300.576 garbage"
CHALLENGE = b"1768471202.0      0 10.1.2.3 TCP_DENIED/407 3920 CONNECT claude.ai:443 - HIER_NONE/- text/html"
WIDE = HIT.decode().encode("utf-16-be")
LINES = st.sampled_from([HIT, MISS, BROKEN, CHALLENGE, b"", b"\r", b" ", HIT + b"\r", WIDE, b"\0\r", b"x" * 90])
NEEDLES = [Needle("chatgpt.com"), Needle("claude.ai")]
PREFILTER = Prefilter(NEEDLES)


def run(
    parts: list[tuple[int, bytes]],
    prefilter: Prefilter | None,
    name: str = "squid",
    header: tuple[bytes, ...] = (),
) -> tuple[list[Observation], Tally]:
    tally = Tally()
    reader = Reader(load_formats()[name], name="x", header=header)
    return list(read_blocks(parts, reader, tally, prefilter)), tally


def cut(data: bytes, places: list[int]) -> list[tuple[int, bytes]]:
    """Cut a file at the ends of some lines."""
    ends = [0, *(at + 1 for at in range(len(data)) if data[at : at + 1] == b"\n")]
    chosen = sorted({0, *(ends[place % len(ends)] for place in places), len(data)})
    return [(begin, data[begin:end]) for begin, end in pairwise(chosen)]


@given(lines=st.lists(LINES, max_size=40), places=st.lists(st.integers(0, 1000), max_size=6), ends=st.booleans())
@settings(max_examples=200)
def test_any_cutting_gives_the_same(*, lines: list[bytes], places: list[int], ends: bool) -> None:
    data = b"\n".join(lines) + (b"\n" if ends else b"")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "WINDOW", 500)
        patch.setattr(blocks, "SAMPLE", 120)
        patch.setattr(blocks, "STRETCH", 64)
        whole = run([(0, data)], PREFILTER)
        assert run(cut(data, places), PREFILTER) == whole
        parts = Tally()
        for part in cut(data, places):
            parts.merge(run([part], PREFILTER)[1])
        assert parts == whole[1]
        everything, full = run([(0, data)], None)
        assert run(cut(data, places), None) == (everything, full)
    assert whole[1].records == full.records
    assert [one for one in everything if one.host == "chatgpt.com"] == whole[0]
    assert whole[1].parsed + sum(whole[1].skipped.values()) <= full.records
    assert full.parsed + sum(full.skipped.values()) == full.records


@given(st.lists(st.sampled_from([b"", b"\r", b"\0", b"\0\r\0", b"a", b"\r\r", b"\n", b"\0a", b"\0" * 9]), max_size=60))
@settings(max_examples=300)
def test_counts_what_is_not_blank(pieces: list[bytes]) -> None:
    data = b"\n".join(pieces)
    assert count_records(data) == sum(not is_blank(line) for line in data.split(b"\n"))


@given(st.binary(max_size=400), st.integers(2, 9))
def test_counts_what_is_not_blank_over_stretches(data: bytes, stretch: int) -> None:
    data = data.replace(b"a", b"\n").replace(b"b", b"\r\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "STRETCH", stretch)
        assert count_records(data) == sum(not is_blank(line) for line in data.split(b"\n"))


def test_the_first_window_is_sampled_whole_and_later_ones_at_their_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "WINDOW", 1000)
    monkeypatch.setattr(blocks, "SAMPLE", 200)
    line = MISS + b"\n"
    data = line * 100
    begins = [at for at in range(0, len(data), len(line)) if at < 1000 or at % 1000 < 200]
    seen, tally = run([(0, data)], PREFILTER)
    assert seen == []
    assert (tally.records, tally.parsed) == (100, len(begins))


def test_a_broken_line_in_the_sample_is_counted_and_located() -> None:
    data = HIT + b"\n" + BROKEN + b"\n"
    _, tally = run([(0, data)], PREFILTER)
    assert tally.broken == 1
    assert tally.defects["bad-record"].place == len(HIT) + 1


def test_hits_are_read_wherever_they_lie(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "WINDOW", 1000)
    monkeypatch.setattr(blocks, "SAMPLE", 1)
    data = (MISS + b"\n") * 50 + HIT + b"\n" + (MISS + b"\n") * 50 + HIT
    seen, tally = run([(0, data)], PREFILTER)
    assert [one.offset for one in seen] == [50 * (len(MISS) + 1), len(data) - len(HIT)]
    assert tally.records == 102


def test_a_layout_that_changes_is_seen_between_the_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "WINDOW", 1000)
    monkeypatch.setattr(blocks, "SAMPLE", 1)
    filler = b"10.0.0.9 a.example\n" * 100
    data = b"#Fields: c-ip cs-host\n" + filler + b"#Fields: cs-host c-ip\n" + filler + b"chatgpt.com 10.1.2.3\n"
    seen, _ = run([(0, data)], PREFILTER, "w3c")
    assert [(one.host, one.source_ip) for one in seen] == [("chatgpt.com", "10.1.2.3")]
    start = data.index(b"chatgpt")
    assert run([(start, data[start:])], PREFILTER, "w3c", (b"#Fields: cs-host c-ip",))[0] == seen


@pytest.mark.parametrize("prefilter", [None, PREFILTER])
def test_over_long_lines_are_counted_broken_and_not_read(prefilter: Prefilter | None) -> None:
    fits = HIT + b" " + b"x" * (MAX_LINE - len(HIT) - 1)
    data = HIT + b"\n" + fits + b"x\n" + fits + b"\n" + b"chatgpt.com" * 200_000
    seen, tally = run([(0, data)], prefilter)
    assert len(seen) == 2
    assert tally.skipped == {"over-long": 2}
    assert (tally.broken, tally.records) == (2, 4)
    assert tally.defects["over-long"].place == len(HIT) + 1


@pytest.mark.parametrize("prefilter", [None, PREFILTER])
@pytest.mark.parametrize("data", [b"x" * (24 << 20), b"\0" * (8 << 20), b"\n" * (2 << 20), b"\0\n" * (1 << 19)])
def test_hostile_blocks_take_linear_time(data: bytes, prefilter: Prefilter | None) -> None:
    begin = time.process_time()
    seen, _ = run([(0, data)], prefilter)
    assert seen == []
    assert time.process_time() - begin < 10


def test_empty_blocks() -> None:
    for prefilter in (None, PREFILTER):
        assert run([], prefilter) == ([], Tally())
        assert run([(0, b"")], prefilter) == ([], Tally())
