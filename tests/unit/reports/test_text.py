import re
import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowai.reports import text


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, "0 B"),
        (1, "1 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (1234, "1.2 kB"),
        (9949, "9.9 kB"),
        (9950, "10 kB"),  # never 9.95 beside 10
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),  # never 1,000 kB
        (1_200_000, "1.2 MB"),
        (31_400_000_000, "31 GB"),
        (5 * 10**15, "5.0 PB"),
        (7 * 10**21, "7,000 EB"),
        (10**400, f"{10**382:,} EB"),  # beyond any float
        (None, "not measured"),
    ],
)
def test_size(count: int | None, expected: str) -> None:
    assert text.size(count) == expected


@given(st.integers(0, 10**18 - 1))
def test_size_is_off_by_at_most_half_of_its_last_digit(count: int) -> None:
    value, unit = text.size(count).split()
    scale = 1000 ** ("B", "kB", "MB", "GB", "TB", "PB", "EB").index(unit)
    digit = scale / 10 if "." in value else scale
    assert abs(float(value) * scale - count) <= digit / 2 * 1.0001
    assert len(value.replace(".", "")) <= 3


def test_partly_measured_data_is_at_least_that_much() -> None:
    assert text.data(1_200_000, 3, 3) == "1.2 MB"
    assert text.data(1_200_000, 2, 3) == "at least 1.2 MB"
    assert text.data(None, 0, 3) == "not measured"
    assert text.data(0, 3, 3) == "0 B"


@pytest.mark.parametrize(
    ("count", "expected"), [(0, "0 people"), (1, "1 person"), (2, "2 people"), (1200, "1,200 people")]
)
def test_people(count: int, expected: str) -> None:
    assert text.people(count) == expected


def test_people_of_a_headcount_that_can_be_true() -> None:
    assert text.people_of(3, 12) == "3 of 12 people"
    assert text.people_of(1, 1) == "1 of 1 person"
    assert text.people_of(3, None) == "3 people"
    assert text.people_of(13, 12) == "13 people"


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [(1, 3, "33%"), (2, 3, "67%"), (0, 5, "0%"), (1, 1000, "under 1%"), (5, 5, "100%"), (1, 0, None), (1, None, None)],
)
def test_share(part: int, whole: int | None, expected: str | None) -> None:
    assert text.share(part, whole) == expected


def test_share_of_more_than_everyone_is_unknown() -> None:
    assert text.share(6, 5) is None


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], ""),
        (["A"], "A"),
        (["A", "B"], "A and B"),
        (["A", "B", "C"], "A, B and C"),
        (["A", "B", "C", "D", "E"], "A, B, C and 2 more"),
    ],
)
def test_listing(names: list[str], expected: str) -> None:
    assert text.listing(names) == expected


@pytest.mark.parametrize(
    ("first", "last", "span", "during"),
    [
        ("2026-11-03T08:00:00.000000Z", "2026-11-03T23:59:59Z", "3 November 2026", "on 3 November 2026"),
        ("2026-11-03T08:00:00Z", "2026-11-09", "3\u20139 November 2026", "from 3 to 9 November 2026"),
        ("2026-10-28", "2026-11-03", "28 October \u2013 3 November 2026", "from 28 October to 3 November 2026"),
        (
            "2025-12-28",
            "2026-01-03",
            "28 December 2025 \u2013 3 January 2026",
            "from 28 December 2025 to 3 January 2026",
        ),
        (None, None, "unknown", "in the records that were read"),
        (None, "2026-11-03", "3 November 2026", "in the records that were read"),
        ("2026-13-77", None, "2026-13-77", "in the records that were read"),
    ],
)
def test_period(first: str | None, last: str | None, span: str, during: str) -> None:
    assert text.span(first, last) == span
    assert text.during(first, last) == during


@given(st.dates())
def test_a_date_survives_its_iso_form(moment: date) -> None:
    assert text.parse_day(f"{moment.isoformat()}T12:00:00Z") == moment


@pytest.mark.parametrize("raw", ["", "soon", "2026-02-30", "2026-1-1", "0000-01-01", "\u0662026-11-03", "2026-11-03x"])
def test_what_is_no_date_is_none(raw: str) -> None:
    assert text.parse_day(raw) is None


def test_clean_takes_the_sting_out_of_terminal_codes() -> None:
    assert text.clean("\x1b[31mred\x1b[0m") == "\ufffd[31mred\ufffd[0m"
    assert text.clean("\x9b31mred") == "\ufffd31mred"
    assert text.clean("a\r\nb\u2028c") == "a b c"
    assert text.clean("user\u202egnp.exe") == "user\ufffdgnp.exe"
    assert text.clean("\u0646\u0645\u06cc\u200c\u062e") == "\u0646\u0645\u06cc\u200c\u062e"


def test_clean_leaves_no_character_that_unicode_calls_a_control_or_a_separator_of_lines() -> None:
    unsafe = ("Cc", "Cs", "Zl", "Zp")
    every = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) in unsafe]
    assert not [char for char in every if char in text.clean(char)]
    bidi = [
        chr(code) for code in range(0x110000) if unicodedata.bidirectional(chr(code))[:2] in ("LR", "RL", "PD", "FS")
    ]
    assert len([char for char in bidi if unicodedata.category(char) == "Cf"]) >= 9
    assert not [char for char in bidi if unicodedata.category(char) == "Cf" and char in text.clean(char)]


def test_clean_leaves_nothing_that_xml_cannot_hold() -> None:
    """XML 1.0 section 2.2; a name with U+FFFF in it ended a mail's chart, and made a workbook that no program opens."""
    every = "".join(map(chr, range(0x110000)))
    outside = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
    assert outside.search(every)
    assert not outside.search(text.clean(every))


@given(st.text())
def test_cleaning_twice_changes_nothing_more(raw: str) -> None:
    once = text.clean(raw)
    assert text.clean(once) == once
    assert once.encode().decode() == once


@given(st.text(max_size=400), st.integers(3, 200))
def test_shortened_text_keeps_both_ends_and_the_limit(raw: str, limit: int) -> None:
    short = text.shorten(raw, limit)
    assert len(short) <= limit
    if len(raw) > limit:
        assert short[0] == raw[0]
        assert short[-1] == raw[-1]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "' =1"),
        ("\r=1", "' =1"),
        ("\x00=1", "'\ufffd=1"),
        (" =1", "' =1"),
        ("\uff1d1", "'\uff1d1"),
        ("a=b", "a=b"),
        ("2001:db8::1", "2001:db8::1"),
        (-1, "-1"),
        (0, "0"),
        (None, ""),
    ],
)
def test_csv_cell(raw: str | int | None, expected: str) -> None:
    assert text.csv_cell(raw) == expected


@given(st.text())
def test_no_text_cell_begins_a_formula(raw: str) -> None:
    assert not text.csv_cell(raw).lstrip(" \ufffd").startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


def test_unknown_is_not_added_up_as_zero() -> None:
    assert text.add_known([None, None]) is None
    assert text.add_known([]) is None
    assert text.add_known([None, 0]) == 0
    assert text.add_known([3, None, 4]) == 7
