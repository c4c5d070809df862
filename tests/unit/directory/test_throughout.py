"""Many spans of learnt identities, answered together, get what each of their moments gets by itself."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from shadowai.directory import Directory
from shadowai.directory.learnt import DISTANCES, SEARCHED, UNSEARCHED
from shadowai.model import MINUTE, Who
from shadowai.verdicts import Attribution

ADDRESSES = ("10.0.0.1", "10.0.0.2")
USERS = ("ann", "bob")
START = 1_760_000_000 * 10**9
# Times at and beside every distance that matters, from a few moments.
TIMES = st.builds(
    lambda slot, reach, beside: START + slot * 7 * MINUTE + reach + beside,
    st.integers(0, 12),
    st.sampled_from([*DISTANCES, *SEARCHED, *UNSEARCHED]),
    st.integers(-1, 1),
)
SIGHTINGS = st.lists(st.tuples(st.sampled_from(ADDRESSES), st.sampled_from(USERS), TIMES), max_size=8)
SPANS = st.lists(st.tuples(st.sampled_from(ADDRESSES), TIMES, st.integers(0, 70 * MINUTE)), min_size=1, max_size=8)


def _moment_by_moment(directory: Directory, who: Who, first: int, last: int, seen: list[int]) -> Attribution:
    """Ask about every moment at which anything may change, one by one."""
    edges = {*DISTANCES, *SEARCHED, *UNSEARCHED}
    near = {time + sign * edge + step for time in seen for edge in edges for sign in (-1, 1) for step in (-1, 0, 1)}
    answers = {directory.resolve(who, time) for time in {first, last, *near} if first <= time <= last}
    if len(answers) == 1:
        return answers.pop()
    return Attribution(f"address:{who.source_ip}", None, individual=False, reason="conflicting-identity")


@given(SIGHTINGS, SPANS, st.sets(st.sampled_from(ADDRESSES)))
@settings(max_examples=200)
def test_spans_together_get_what_their_moments_get(
    sightings: list[tuple[str, str, int]], asked: list[tuple[str, int, int]], searched: set[str]
) -> None:
    directory = Directory.empty().learn(sightings, searched)
    people = [Who(address, None, None) for address in ADDRESSES]
    learnt = [who for who in people if directory.is_learnt(who)]
    assert {who.source_ip for who in learnt} == {address for address, _, _ in sightings}
    spans = [(address, first, first + length) for address, first, length in asked]
    mine = [one for one in spans if Who(one[0], None, None) in learnt]
    expected = [
        _moment_by_moment(directory, Who(at, None, None), first, last, [time for ip, _, time in sightings if ip == at])
        for at, first, last in mine
    ]
    assert [directory.resolve_span(Who(at, None, None), first, last) for at, first, last in mine] == expected
    if mine:
        at = np.array([learnt.index(Who(one[0], None, None)) for one in mine])
        times = (np.array([one[place] for one in mine], dtype=np.int64) for place in (1, 2))
        numbers, answers = directory.resolve_learnt(learnt, (at, *times))
        assert [answers[number] for number in numbers.tolist()] == expected


def test_a_span_of_which_a_part_is_in_doubt_is_in_doubt() -> None:
    addresses = [f"10.0.0.{number}" for number in range(30)]  # so many, since sets have no order
    seen = [(one, user, START + at * MINUTE) for one in addresses for user, at in (("ann", 0), ("bob", 63))]
    directory = Directory.empty().learn(seen, addresses)
    for who in (Who(one, None, None) for one in addresses):
        moments = [directory.resolve(who, START + at * MINUTE) for at in (2, 20, 31, 50)]
        parts = [(one.individual, one.reason) for one in moments]
        assert (False, "conflicting-identity") in parts
        assert (True, "unknown-network") in parts
        found = directory.resolve_span(who, START + 20 * MINUTE, START + 50 * MINUTE)
        assert (found.individual, found.reason) == (False, "conflicting-identity")


def test_a_span_that_ends_before_it_begins_is_one_of_the_time_between() -> None:
    directory = Directory.empty().learn([("10.0.0.1", "ann", START), ("10.0.0.1", "bob", START + MINUTE)])
    who = Who("10.0.0.1", None, None)
    backwards = np.array([START + MINUTE]), np.array([START])
    numbers, answers = directory.resolve_learnt([who], (np.array([0]), *backwards))
    assert answers[numbers[0]] == directory.resolve_span(who, START, START + MINUTE)
    assert answers[numbers[0]].reason == "conflicting-identity"


def test_days_of_their_own_are_not_told_by_stretches_alone() -> None:
    seen = [(address, user, START + at * MINUTE) for address in ADDRESSES for at, user in enumerate(USERS)]
    plain = Directory.empty().learn(seen)
    searched = plain.learn_days([], {("10.0.0.2", START // (24 * 60 * MINUTE))})
    people = [Who(address, None, None) for address in ADDRESSES]
    assert [searched.is_learnt(who) for who in people] == [True, False]
    times = [(START + at * MINUTE // 2, START + (at + 1) * MINUTE // 2) for at in range(-20, 20)]
    numbers = np.zeros(len(times), dtype=np.int64)
    first, last = (np.array([one[place] for one in times]) for place in (0, 1))
    places, answers = searched.resolve_learnt(people[:1], (numbers, first, last))
    assert [answers[place] for place in places.tolist()] == [plain.resolve_span(people[0], *one) for one in times]
    assert [searched.resolve_span(people[0], *one) for one in times] == [answers[place] for place in places.tolist()]
