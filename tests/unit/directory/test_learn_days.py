"""Sightings that are whole for some days of an address alone: they answer for those days, and for no others."""

from __future__ import annotations

from itertools import chain

from hypothesis import given, settings
from hypothesis import strategies as st

from shadowai.activity.sightings import REACH, about
from shadowai.directory import Directory
from shadowai.directory.learnt import HELD, SEARCHED, UNSEARCHED, UNSEARCHED_HELD
from shadowai.model import DAY, HOUR, Who

PLACE = "10.1.0.9"
FIRST = 20_775  # 2026-11-18
START = FIRST * DAY

moments = st.integers(-40, 3 * 24 * 4).map(lambda quarter: START + quarter * HOUR // 4)
sightings = st.lists(st.tuples(st.just(PLACE), st.sampled_from(["anna", "bert"]), moments), max_size=12)
days = st.frozensets(st.tuples(st.just(PLACE), st.integers(FIRST, FIRST + 2)), min_size=1)


@settings(max_examples=150)
@given(sightings, sightings, days, st.lists(st.integers(0, 3 * 24 * 8), max_size=8))
def test_each_time_is_judged_by_what_is_known_of_its_day(
    known: list[tuple[str, str, int]],
    more: list[tuple[str, str, int]],
    whole: frozenset[tuple[str, int]],
    times: list[int],
) -> None:
    plain = Directory.empty().learn(known)
    full = Directory.empty().learn([*known, *more], {PLACE})
    both = plain.learn_days(about(more, whole).seen, whole)
    who = Who(PLACE, None, None)
    for number in times:
        time = START + number * HOUR // 8
        is_whole = (PLACE, time // DAY) in whole
        assert both.resolve(who, time) == (full if is_whole else plain).resolve(who, time)


def test_only_what_lies_about_a_day_is_kept_for_it() -> None:
    seen = [(PLACE, "anna", START + hours * HOUR) for hours in (-13, -12, 0, 23, 35, 36, 37)]
    whole = frozenset({(PLACE, FIRST)})
    kept = about([*seen, ("10.1.0.1", "anna", START)], whole).seen
    assert [(time - START) // HOUR for _, _, time in kept] == [-12, 0, 23, 35]


def test_no_sighting_tells_of_more_than_is_kept_about_a_day() -> None:
    assert max(chain(HELD, SEARCHED, UNSEARCHED, UNSEARCHED_HELD)) == REACH
