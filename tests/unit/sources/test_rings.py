"""Rings of capture files: told by the names that writers give, the link types and the times."""

from __future__ import annotations

import pytest

from shadowai.model import MINUTE, SECOND
from shadowai.sources.rings import GAP, File, rings, stem

ETHERNET = frozenset({1})


def file(name: str, first: int | None, last: int | None, links: frozenset[int] = ETHERNET) -> File:
    return File(name, links, first, last)


@pytest.mark.parametrize(
    "names",
    [
        # dumpcap(1) -b: a number of at least five digits and the local time; with nametimenum the other way round
        [
            "out/x_00001_20260115100000.pcapng",
            "out/x_00002_20260115101500.pcapng",
            "out/x_100000_20260301000000.pcapng",
        ],
        ["x_20260115100000_00001.pcapng", "x_20260115101500_00002.pcapng"],
        # tcpdump(8) -C: numbers behind the name, the first file has none; -W: with leading zeros; no ending needed
        ["x.pcap", "x.pcap1", "x.pcap10"],
        ["x.pcap00", "x.pcap01", "x.pcap02"],
        ["trace", "trace1", "trace2"],
        # tcpdump(8) -G: the name is a strftime(3) format
        ["x-20260115-100000.pcap", "x-20260115-110000.pcap"],
        ["x-2026-01-15_10:00:00.pcap", "x-2026-01-15_11:00:00.pcap"],
        ["x_2026-01-15T10.00.pcap", "x_2026-01-15T11.00.pcap"],
        ["x.1768471200.pcap", "x.1768474800.pcap"],
        ["x-20260115-100000.pcap", "x-20260115-100000.pcap1"],
        # packed by -z
        ["x.pcap1.gz", "x.pcap2.zst"],
    ],
)
def test_files_of_one_writer_have_one_stem(names: list[str]) -> None:
    assert len({stem(name) for name in names}) == 1
    files = [file(name, at * MINUTE, at * MINUTE + 59 * SECOND) for at, name in enumerate(names)]
    assert rings(files) == [tuple(range(len(names)))]


@pytest.mark.parametrize(
    "names",
    [
        ["office.pcap", "branch.pcap"],
        ["a/x_00001_20260115100000.pcapng", "b/x_00002_20260115101500.pcapng"],
        ["x_00001_20260115100000.pcapng", "y_00002_20260115101500.pcapng"],
        ["x_00001_20260115100000.pcap", "x_00002_20260115101500.pcapng"],
        ["host7.pcap", "host8.pcap"],
        ["192.0.2.7.pcap", "192.0.2.8.pcap"],
        ["7", "8"],
    ],
)
def test_files_of_different_captures_have_not(names: list[str]) -> None:
    assert len({stem(name) for name in names}) == len(names)


def test_a_ring_that_wrapped_around_is_put_in_order_by_time() -> None:
    files = [
        file("x.pcap0", 30 * SECOND, 40 * SECOND),
        file("x.pcap1", 10 * SECOND, 20 * SECOND),
        file("x.pcap2", 20 * SECOND, 30 * SECOND),
    ]
    assert rings(files) == [(1, 2, 0)]


@pytest.mark.parametrize(
    ("first", "is_one"),
    [
        (100 * SECOND, True),
        (100 * SECOND + GAP, True),
        (101 * SECOND + GAP, False),
        (99 * SECOND, True),
        (50 * SECOND, False),
    ],
)
def test_times_adjoin(first: int, is_one: bool) -> None:  # noqa: FBT001  # a table of cases
    files = [file("x.pcap", 0, 100 * SECOND), file("x.pcap1", first, first + 9 * MINUTE)]
    assert bool(rings(files)) is is_one


def test_a_pause_parts_a_ring_in_two() -> None:
    starts = (0, 1, 30, 31, 60)
    files = [file(f"x.pcap{at}", start * MINUTE, start * MINUTE + SECOND) for at, start in enumerate(starts)]
    assert rings(files) == [(0, 1), (2, 3)]


@pytest.mark.parametrize(
    "second",
    [
        file("x.pcap1", SECOND, 2 * SECOND, frozenset({101})),
        file("x.pcap1", None, None),
        file("x.pcap1", SECOND, 2 * SECOND, frozenset()),
    ],
)
def test_another_link_type_or_no_time_is_no_ring(second: File) -> None:
    assert rings([file("x.pcap0", 0, SECOND), second]) == []


def test_an_end_that_is_unknown_is_followed_by_nothing() -> None:
    assert rings([file("x.pcap0", 0, None), file("x.pcap1", SECOND, 2 * SECOND)]) == []


def test_there_may_be_no_files() -> None:
    assert rings([]) == []
