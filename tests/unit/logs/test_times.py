"""Times in every spelling; expected values from Python's own datetime or from the calendar."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowai.errors import UsageError
from shadowai.logs.times import (
    AMBIGUOUS,
    EARLIEST,
    LATEST,
    NO_YEAR,
    Clock,
    compile_pattern,
    epoch,
    order_of,
    parser_of,
    zone_of,
)
from shadowai.model import SECOND

MOMENTS = st.datetimes(datetime(1990, 1, 2), datetime(2099, 12, 30))  # noqa: DTZ001  # taken as UTC below


def ns(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp()) * SECOND  # year to second


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1570784654.576", 1570784654576000000),
        ("1570784654", 1570784654 * SECOND),
        ("1570784654576", 1570784654576000000),
        ("1570784654576123", 1570784654576123000),
        ("1570784654576123456", 1570784654576123456),
        ("1570784654.5761234567", 1570784654576123456),
        ("0", None),
        ("0000000000.000000", None),
        ("15707846545", None),
        ("-12345.5", None),
        ("1e9", None),
        ("1570784654.", None),
        ("1570784654.x", None),
        ("77777777777777777777", None),
        ("99999999999.5", None),
        ("²570784654", None),
        ("", None),
    ],
)
def test_epoch(text: str, expected: object) -> None:
    assert epoch(text) == expected


@given(MOMENTS)
def test_iso_agrees_with_datetime(moment: datetime) -> None:
    expected = (moment.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000
    parse = parser_of("iso", Clock())
    assert parse(moment.isoformat(timespec="microseconds") + "Z") == expected
    assert parse(moment.isoformat(" ", timespec="microseconds")) == expected


@given(MOMENTS, st.integers(-14 * 60, 14 * 60))
def test_offsets_are_applied(moment: datetime, minutes: int) -> None:
    sign = "-" if minutes < 0 else "+"
    hours, rest = divmod(abs(minutes), 60)
    text = f"{moment:%d/%b/%Y:%H:%M:%S} {sign}{hours:02d}{rest:02d}"
    expected = int((moment.replace(tzinfo=UTC) - timedelta(minutes=minutes)).timestamp()) * SECOND
    parsed = parser_of("%d/%b/%Y:%H:%M:%S %z", Clock())(text)
    assert parsed == (expected if EARLIEST <= expected < LATEST else None)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("%a %b %d %H:%M:%S %Y", "Thu Jan 15 10:00:00 2026", ns(2026, 1, 15, 10)),
        ("%d-%b-%Y %H:%M:%S", "05-jan-2026 10:00:00.250", ns(2026, 1, 5, 10) + SECOND // 4),
        ("%Y/%m/%d %H:%M:%S", "2026/01/15 10:00:00", ns(2026, 1, 15, 10)),
        ("%Y-%m-%d %H:%M:%S.%f", "2026-01-15 10:00:00.5", ns(2026, 1, 15, 10) + SECOND // 2),
        ("%y%m%d %H:%M:%S", "260115 10:00:00", ns(2026, 1, 15, 10)),
        ("%m/%d/%Y %I:%M:%S %p", "1/15/2026 12:30:00 am", ns(2026, 1, 15, 0, 30)),
        ("%m/%d/%Y %I:%M:%S %p", "1/15/2026 12:30:00 PM", ns(2026, 1, 15, 12, 30)),
        ("%m/%d/%Y %I:%M:%S %p", "1/15/2026 1:30:00\u202fPM", ns(2026, 1, 15, 13, 30)),
        ("%m/%d/%Y %I:%M:%S %p", "1/15/2026 13:30:00 PM", None),
        ("%Y-%m-%d", "2026-02-30", None),
        ("%Y-%m-%d %H:%M:%S", "2026-02-03 24:00:00", None),
        ("%Y-%m-%d %H:%M:%S", "2016-12-31 23:59:60", ns(2017, 1, 1)),
        ("%Y%%%m", "2026%02", ns(2026, 2, 1)),
        ("%d %b %Y", "05 Foo 2026", None),
    ],
)
def test_patterns(pattern: str, text: str, expected: object) -> None:
    assert parser_of(pattern, Clock())(text) == expected


@pytest.mark.parametrize(
    ("text", "day_first", "expected"),
    [
        ("6/5/2013 10:00:32 AM", None, AMBIGUOUS),
        ("6/5/2013 10:00:32 AM", False, ns(2013, 6, 5, 10, 0, 32)),
        ("6/5/2013 10:00:32 AM", True, ns(2013, 5, 6, 10, 0, 32)),
        ("22/12/2021 09:46:04 AM", None, ns(2021, 12, 22, 9, 46, 4)),
        ("4/21/2017 7:52:03 AM", True, ns(2017, 4, 21, 7, 52, 3)),
        ("13/13/2021 7:52:03 AM", None, None),
    ],
)
def test_order_of_day_and_month_with_a_twelve_hour_clock(
    *, text: str, day_first: bool | None, expected: object
) -> None:
    assert parser_of("%x %I:%M:%S %p", Clock(day_first=day_first))(text) == expected


@pytest.mark.parametrize(
    ("text", "day_first", "expected"),
    [
        ("05/06/2021 21:46:04", None, AMBIGUOUS),
        ("05/06/2021 21:46:04", True, ns(2021, 6, 5, 21, 46, 4)),
        ("05/06/2021 21:46:04", False, ns(2021, 5, 6, 21, 46, 4)),
        ("12/22/2021 21:46:04", None, ns(2021, 12, 22, 21, 46, 4)),
        ("05.06.2021 21:46:04", None, ns(2021, 6, 5, 21, 46, 4)),
        ("2021-06-05 21:46:04", None, ns(2021, 6, 5, 21, 46, 4)),
        ("9/16/19 21:46:04", None, ns(2019, 9, 16, 21, 46, 4)),
        ("5/6/19 21:46:04", True, ns(2019, 6, 5, 21, 46, 4)),
    ],
)
def test_order_of_day_and_month_with_a_24_hour_clock(*, text: str, day_first: bool | None, expected: object) -> None:
    assert parser_of("%x %H:%M:%S", Clock(day_first=day_first))(text) == expected


def test_a_date_of_one_order_only() -> None:
    assert (order_of(13, 1), order_of(1, 13), order_of(5, 6)) == (True, False, None)


def test_a_missing_year_is_the_latest_that_fits() -> None:
    parse = parser_of("%b %d %H:%M:%S", Clock(reference=ns(2026, 1, 10)))
    assert parse("Jan 10 23:00:00") == ns(2026, 1, 10, 23)
    assert parse("Jan 12 00:00:00") == ns(2025, 1, 12)
    assert parse("Dec 31 23:59:59") == ns(2025, 12, 31, 23, 59, 59)
    assert parse("Jan  1 00:00:00") == ns(2026, 1, 1)
    assert parse("Feb 29 12:00:00") == ns(2024, 2, 29, 12)
    assert parse("Feb 30 12:00:00") is None


def test_a_log_read_on_new_years_eve_may_hold_the_first_records_of_the_year() -> None:
    parse = parser_of("%b %d %H:%M:%S", Clock(reference=ns(2025, 12, 31, 23, 30)))
    assert parse("Jan  1 00:10:00") == ns(2026, 1, 1, 0, 10)


def test_without_a_reference_the_year_stays_unknown() -> None:
    assert parser_of("%b %d %H:%M:%S", Clock())("Jan 10 23:00:00") == NO_YEAR


@given(MOMENTS, MOMENTS)
def test_a_missing_year_never_leaves_more_than_a_year(moment: datetime, reference: datetime) -> None:
    at = int(reference.replace(tzinfo=UTC).timestamp()) * SECOND
    parsed = parser_of("%b %d %H:%M:%S", Clock(reference=at))(f"{moment:%b %d %H:%M:%S}")
    if parsed is not None:
        day = 86_400 * SECOND
        assert parsed <= at + day
        assert parsed > at - 8 * 366 * day if (moment.month, moment.day) == (2, 29) else parsed > at - 366 * day


def test_zone_of_times_that_name_none() -> None:
    parse = parser_of("%Y-%m-%d %H:%M:%S", Clock(zone=zone_of("Europe/Berlin")))
    assert parse("2026-01-15 11:00:00") == ns(2026, 1, 15, 10)
    assert parse("2026-07-15 12:00:00") == ns(2026, 7, 15, 10)
    assert parser_of("iso", Clock(zone=zone_of("Europe/Berlin")))("2026-07-15T12:00:00Z") == ns(2026, 7, 15, 12)


@pytest.mark.parametrize("name", ["Mars/Olympus", "../../etc/passwd", "", "\0"])
def test_unknown_zones_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match="time zone"):
        zone_of(name)


def test_utc_is_known_without_a_database() -> None:
    assert zone_of("utc") is UTC


@pytest.mark.parametrize("pattern", ["%Q", "%Y %Y", "%H:%I", "100%"])
def test_unusable_patterns_are_refused(pattern: str) -> None:
    with pytest.raises(UsageError):
        compile_pattern(pattern)


@given(st.text())
def test_no_text_raises(text: str) -> None:
    clock = Clock(reference=ns(2026, 1, 10))
    for pattern in ("epoch", "iso", "%x %I:%M:%S %p", "%b %d %H:%M:%S", "%d/%b/%Y:%H:%M:%S %z"):
        parser_of(pattern, clock)(text)


@pytest.mark.parametrize(
    ("zone", "hours"), [("EST", 5), ("EDT", 4), ("CDT", 5), ("MST", 7), ("PDT", 7), ("UTC", 0), ("+0530", -5.5)]
)
def test_zones_that_have_one_meaning_are_known_by_name(zone: str, hours: float) -> None:
    parse = parser_of("%Y-%m-%d %H:%M:%S %z", Clock())
    noon = parser_of("%Y-%m-%d %H:%M:%S", Clock())("2026-01-15 12:00:00")
    assert noon is not None
    assert parse(f"2026-01-15 12:00:00 {zone}") == noon + round(hours * 3600) * SECOND
    assert parse("2026-01-15 12:00:00 CST") is None
