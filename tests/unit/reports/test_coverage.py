from hypothesis import given
from hypothesis import strategies as st
from support.report_world import SQUID, world
from support.results import EXAMPLES

from shadowai.provenance import DayCount, Period, SourceReport
from shadowai.reports.coverage import MAX_ROWS, Coverage, CoverageRow, coverage
from shadowai.result import Result

WORLD = world()


def built(document: Result) -> Coverage:
    found = coverage(document)
    assert found is not None
    return found


def rows() -> dict[str, CoverageRow]:
    return {row.path: row for row in built(world()).rows}


def only(source: SourceReport, start: str | None = "2026-11-02T00:00:00Z", end: str | None = "2026-11-11T23:00:00Z"
         ) -> CoverageRow:  # fmt: skip
    document = WORLD.model_copy(update={"sources": (source,), "period": Period(start=start, end=end)})
    return built(document).rows[0]


def test_a_gap_is_drawn_where_it_is_and_said() -> None:
    row = rows()[SQUID]
    gap = next(span for span in row.spans if span.level == "gap")
    assert (gap.left, gap.width) == (35.71, 7.14)  # days 11 and 12 of 28
    assert row.gaps == "No records: 12 November 2026, 00:00 \u2013 14 November 2026, 00:00"
    assert row.sentence == "Records on 26 of 28 days"
    assert row.limits == ("3 damaged records",)
    drawn = [(span.left, span.width, span.level) for span in row.spans if span.level != "gap"]
    assert drawn == [(0.0, 35.71, "4"), (42.86, 57.14, "4")]


def test_what_is_missing_comes_first() -> None:
    found = built(world())
    assert [row.failed for row in found.rows] == [True, False, False, False]
    assert found.rows[0].sentence == "Could not be read: ends inside the gzip stream after 4,096 bytes"
    assert found.rows[1].path == SQUID
    assert [label.label for label in found.labels] == ["2 Nov", "8 Nov", "14 Nov", "20 Nov", "26 Nov"]


def test_blind_spots_stand_with_their_input() -> None:
    assert rows()["logs/dns/queries.log"].limits == ("Records that do not say who: 1,880 records",)
    assert rows()["captures/branch-office.pcapng"].warnings == ("The capture starts in the middle of 14 connections.",)


def plain(**changes: object) -> SourceReport:
    base = SourceReport(path="a.log", format="squid", records=1, parsed=1, skipped={}, first=None, last=None)
    return base.model_copy(update=changes)


def test_hours_become_height_and_neighbours_join() -> None:
    hours = (1, 1, 7, 13, 24, 24, 0)
    days = tuple(DayCount(day=f"2026-11-{at + 2:02d}", parsed=hour, hours=hour) for at, hour in enumerate(hours))
    row = only(plain(days=days))
    assert [(span.left, span.width, span.level) for span in row.spans] == [
        (0.0, 20.0, "1"), (20.0, 10.0, "2"), (30.0, 10.0, "3"), (40.0, 20.0, "4"),
    ]  # fmt: skip
    assert row.sentence == "Records on 6 of 10 days"


def test_a_short_gap_stays_visible_and_a_broken_one_is_only_said() -> None:
    gaps = (
        Period(start="2026-11-11T23:59:00Z", end="2026-11-12T01:00:00Z"),
        Period(start="soon", end="2026-11-12T01:00:00Z"),
        Period(start="2026-11-05T00:00:00Z", end="2026-11-04T00:00:00Z"),
        Period(start="0001-01-01T00:00:00+14:00", end="2026-11-04T00:00:00"),
    )
    row = only(plain(silent=gaps))
    assert [(span.left, span.width) for span in row.spans] == [(99.5, 0.5)]
    assert row.gaps.startswith("No records: ")


def test_a_time_without_a_zone_is_utc() -> None:
    row = only(plain(silent=(Period(start="2026-11-02T00:00:00", end="2026-11-02T12:00:00+00:00"),)))
    assert [(span.left, span.width) for span in row.spans] == [(0.0, 5.0)]


def test_days_outside_of_the_period_are_not_drawn() -> None:
    days = (DayCount(day="2020-01-01", parsed=5, hours=3), DayCount(day="never", parsed=5, hours=3))
    assert only(plain(days=days)).spans == ()


def test_without_days_nothing_is_claimed() -> None:
    assert only(plain()).sentence == "The days of its records are not known."
    row = only(plain(days=(DayCount(day="2026-11-02", parsed=5, hours=3),)), None, None)
    assert (row.spans, row.sentence) == ((), "The days of its records are not known.")
    assert built(world().model_copy(update={"period": Period(start=None, end=None)})).labels == ()
    assert coverage(EXAMPLES["empty"]()) is None


def test_many_inputs_are_counted() -> None:
    document = world()
    found = built(document.model_copy(update={"sources": document.sources * 30}))
    assert (len(found.rows), found.more) == (MAX_ROWS, 120 - MAX_ROWS)


moments = st.one_of(st.text(max_size=30), st.datetimes().map(lambda one: one.isoformat()), st.none())


Gaps = list[tuple[str | None, str | None]]
Days = list[tuple[str | None, int]]


@given(st.lists(st.tuples(moments, moments), max_size=5), st.lists(st.tuples(moments, st.integers(0, 99))))
def test_hostile_times_stay_inside_the_strip(gaps: Gaps, days: Days) -> None:
    silent = tuple(Period(start=start, end=end) for start, end in gaps)
    counts = tuple(DayCount(day=day or "", parsed=hours, hours=hours) for day, hours in days)
    for span in only(plain(silent=silent, days=counts)).spans:
        assert 0 <= span.left <= span.left + span.width <= 100.01
