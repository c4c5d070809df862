"""The merge law: any sharding, any order, any grouping gives the same activity and the same report."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st
from support.activity_world import Seen, report, rolled_up

from shadowai.activity.rollup import Activity
from shadowai.model import Evidence, Kind, Role

if TYPE_CHECKING:
    from random import Random

SEEN = st.builds(
    Seen,
    at=st.one_of(st.none(), st.integers(0, 100).map(float)),
    who=st.sampled_from(["ann", "bob", "eve", "10.0.0.9", "192.0.2.1", "?"]),
    service=st.sampled_from(["chatgpt", "claude", "copilot"]),
    evidence=st.sampled_from(list(Evidence)),
    kind=st.sampled_from(list(Kind)),
    role=st.sampled_from(list(Role)),
    up=st.one_of(st.none(), st.integers(0, 1000)),
    down=st.one_of(st.none(), st.integers(0, 1000)),
    denied=st.booleans(),
    confidence=st.integers(0, 100),
)


def _merged(one: Activity, other: Activity) -> Activity:
    one.merge(other)
    return one


@settings(max_examples=40)
@given(st.lists(SEEN, max_size=25), st.integers(1, 6), st.randoms(use_true_random=False))
def test_any_sharding_in_any_order_gives_the_same_report(seen: list[Seen], shards: int, random: Random) -> None:
    whole = rolled_up(seen)
    parts: list[list[Seen]] = [[] for _ in range(shards)]
    for one in seen:
        random.choice(parts).append(one)
    random.shuffle(parts)
    merged = reduce(_merged, map(rolled_up, parts), Activity())
    assert merged.rows == whole.rows
    assert report(merged) == report(whole)


@settings(max_examples=40)
@given(st.lists(SEEN, max_size=30))
def test_no_report_contradicts_itself(seen: list[Seen]) -> None:
    made = report(rolled_up(seen))
    for department in made.departments:
        for use in department.services:
            assert use.people <= use.sessions
            assert use.sessions_with_bytes_up <= use.sessions
            assert (use.bytes_up is None) == (use.sessions_with_bytes_up == 0)
            assert department.totals.people >= (use.people if use.proven else 0)
            assert sum(day.sessions for day in use.days) <= use.sessions
    blocked = sum(use.blocked for department in made.departments for use in department.services)
    assert made.totals.blocked == blocked == sum(one.denied for one in seen)
    assert made.totals.people_unsanctioned <= made.totals.people
