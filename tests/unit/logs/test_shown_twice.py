"""Times of the hour that clocks show twice, in logs that name no zone: taken for the first of the two, and told."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowai.logs import open_reader, read_batches, read_blocks, recognise
from shadowai.logs.times import SHOWN_TWICE, Clock, parser_of, zone_of
from shadowai.model import SECOND, Tally

JANUARY = 1_767_225_600 * SECOND  # 2026-01-01


def notes_of(text: str, zone: str, pattern: str = "%Y-%m-%d %H:%M:%S", reference: int | None = None) -> set[str]:
    clock = Clock(zone=zone_of(zone), reference=reference)
    assert parser_of(pattern, clock)(text)
    return clock.notes


@pytest.mark.parametrize(
    ("text", "zone", "is_told"),
    [
        ("2025-10-26 01:59:59", "Europe/Berlin", False),
        ("2025-10-26 02:00:00", "Europe/Berlin", True),
        ("2025-10-26 02:59:59", "Europe/Berlin", True),
        ("2025-10-26 03:00:00", "Europe/Berlin", False),
        ("2025-10-26 02:30:00", "UTC", False),
        ("2025-03-30 02:30:00", "Europe/Berlin", False),
        ("2025-11-02 01:30:00", "America/New_York", True),
        ("2026-04-05 01:45:00", "Australia/Lord_Howe", True),
        ("2026-04-05 01:15:00", "Australia/Lord_Howe", False),
    ],
)
def test_which_times_are_told(text: str, zone: str, is_told: bool) -> None:  # noqa: FBT001  # a case
    assert notes_of(text, zone) == ({SHOWN_TWICE} if is_told else set())


def bare(year: int, month: int, day: int) -> datetime:
    """Give a time without a zone, as logs have them."""
    return datetime(year, month, day, tzinfo=UTC).replace(tzinfo=None)


@given(
    st.datetimes(bare(2010, 1, 1), bare(2035, 1, 1))
    | st.datetimes(bare(2025, 10, 26), bare(2025, 10, 27))
    | st.datetimes(bare(2018, 2, 17), bare(2018, 2, 19)),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kolkata", "America/Sao_Paulo"]),
)
def test_they_are_those_that_zoneinfo_knows_twice(moment: datetime, zone: str) -> None:
    moment = moment.replace(microsecond=0, fold=0)
    first = moment.replace(tzinfo=ZoneInfo(zone))
    is_twice = (first.utcoffset() or timedelta()) > (first.replace(fold=1).utcoffset() or timedelta())
    assert bool(notes_of(moment.strftime("%Y-%m-%d %H:%M:%S"), zone)) is is_twice


def test_a_zone_that_is_written_leaves_no_doubt() -> None:
    assert notes_of("2025-10-26T02:30:00+01:00", "Europe/Berlin", "iso") == set()
    assert notes_of("2025-10-26T02:30:00Z", "Europe/Berlin", "iso") == set()
    assert notes_of("2025-10-26T02:30:00", "Europe/Berlin", "iso") == {SHOWN_TWICE}


def test_only_the_year_that_is_taken_counts() -> None:
    # In 2026 clocks are put back on the 25th.
    assert notes_of("Oct 25 02:30:00", "Europe/Berlin", "%b %d %H:%M:%S", JANUARY) == set()
    assert notes_of("Oct 26 02:30:00", "Europe/Berlin", "%b %d %H:%M:%S", JANUARY) == {SHOWN_TWICE}


LINE = b"Oct 26 02:30:00 r1 dnsmasq[1]: query[A] chatgpt.com from 10.1.2.3\n"
OTHER = b"Oct 26 02:31:00 fw1 CEF:0|x|y|1|1|n|1|src=10.1.2.3 request=https://claude.ai/ act=allowed\n"


@pytest.mark.parametrize("read", [read_blocks, read_batches])
@pytest.mark.parametrize(
    ("data", "told"), [(LINE, True), (LINE * 3 + OTHER * 3, True), (LINE.replace(b"02:", b"05:"), False)]
)
def test_the_source_tells_it(read: object, data: bytes, told: bool) -> None:  # noqa: FBT001  # a case
    fmt = recognise(data)
    assert fmt is not None
    tally = Tally()
    reader = open_reader(fmt, name="x", reference_time=JANUARY, zone="Europe/Berlin")
    seen = list(read([(0, data)], reader, tally, None))  # type: ignore[operator]  # one of two functions
    first = datetime(2025, 10, 26, 0, 30, tzinfo=UTC)
    assert seen[0].time == int(first.timestamp()) * SECOND or not told
    assert tally.notes == ({SHOWN_TWICE} if told else set())
