"""Rows that become columns on the way, and parts in which columns are worked on, give the same report."""

from __future__ import annotations

import ctypes
import random
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.activity_world import CATALOGUE, ROSTER, Everybody, Seen, report, rolled_up, sizes

from shadowai.activity import frame, memory, rollup
from shadowai.activity.columns import activity_rows, columns_of, merged
from shadowai.activity.digest import digest_of
from shadowai.activity.flows import Notes, Total, add_totals
from shadowai.activity.rollup import Activity, Finding, Key, Subject, Sums
from shadowai.activity.sessions import those
from shadowai.activity.sightings import sightings
from shadowai.activity.usage import usage
from shadowai.directory import Directory
from shadowai.model import MINUTE, Evidence, Kind, Observation, Role, Who

NUMBERS = st.integers(0, 1 << 40)
KEYS = st.builds(
    Key,
    st.none() | st.integers(0, 1 << 30),
    st.none() | st.sampled_from(["10.0.0.1", "10.0.0.2"]),
    *[st.none()] * 2,
    st.sampled_from(Subject),
    st.sampled_from(["claude", "chatgpt"]),
    *[st.none()],
    st.sampled_from(Evidence),
    *[st.none()],
    st.just(Kind.PROXY),
    *[st.none()] * 2,
    st.just("f"),
)
SUMS = st.builds(Sums, *[NUMBERS] * 6, st.none() | NUMBERS, st.none() | NUMBERS, NUMBERS)
FINDING = Finding(Subject.SERVICE, "chatgpt", Role.DEDICATED, 90)
SEEN = st.builds(
    Seen,
    at=st.none() | st.integers(0, 200).map(float),
    who=st.sampled_from(["ann", "bob", "eve", "10.0.0.9", "192.0.2.1", "?"]),
    service=st.sampled_from(["chatgpt", "claude", "copilot"]),
    evidence=st.sampled_from(Evidence),
    role=st.sampled_from(Role),
    down=st.none() | st.integers(0, 5),
    denied=st.booleans(),
)


@given(st.lists(st.dictionaries(KEYS, SUMS, max_size=4), max_size=6), st.integers(1, 5))
@settings(max_examples=100)
def test_packed_rows_are_the_same_rows(shards: list[dict[Key, Sums]], most: int) -> None:
    plain, packed = Activity(), Activity()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rollup, "MOST_OBJECTS", most)
        for rows in shards:
            plain.merge(Activity(rows))
            packed.merge(Activity(rows))
            packed.pack()
            assert len(packed.rows) < most
    assert dict(activity_rows(columns_of(packed))) == plain.rows
    order = [key.minute for key, _ in activity_rows(merged(columns_of(plain)))]
    assert order == sorted(order, key=lambda minute: -1 if minute is None else minute)


def test_small_numbers_that_add_up_to_large_ones_keep_their_sums() -> None:
    key = Key(1, None, None, None, Subject.SERVICE, "claude", None, Evidence.DNS, None, Kind.DNS, None, None, "f")
    activity = Activity()
    for _ in range(300):
        activity.take(columns_of(Activity({key: Sums(100, 1, 1, 1, 1, 90, None, None, 7)})))
    ((_, sums),) = activity_rows(columns_of(activity))
    assert sums == Sums(30_000, 300, 300, 300, 300, 90, None, None, 7)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 2), st.none() | st.integers(0, 9)), max_size=12), st.booleans())
def test_packed_rows_get_the_bytes_of_their_flows(contacts: list[tuple[bool, int, int | None]], is_whole: bool) -> None:  # noqa: FBT001  # hypothesis
    plain, packed, notes = Activity(), Activity(), Notes()
    for by_address, number, size in contacts:
        seen = Observation(
            Evidence.ADDRESS if by_address else Evidence.TLS,
            Kind.SENSOR,
            "zeek-ssl",
            "f",
            time=number * MINUTE,
            bytes_up=size,
            flow=f"zeek:{number}",
        )
        notes.take(seen, plain.add(seen, FINDING))
        packed.add(seen, FINDING)
    packed.take(columns_of(Activity(packed.rows)))
    packed.rows = {}
    totals = {flow: Total(100, 200 if is_whole else None) for flow in notes.wanted()}
    add_totals(plain, notes, totals)
    add_totals(packed, notes, totals)
    assert dict(activity_rows(columns_of(packed))) == plain.rows


@given(st.lists(SEEN, max_size=25), st.integers(1, 12))
@settings(max_examples=30)
def test_parts_of_any_size_give_the_same_report(seen: list[Seen], size: int) -> None:
    activity = rolled_up(seen)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frame, "PART", size)
        parts = list(frame.attributed_parts(columns_of(activity), Everybody()))
    pairs = [set(zip(part["department"], part["name"], strict=True)) for part in parts]
    assert sum(map(len, pairs)) == len(set().union(*pairs))
    assert all(len(part) <= size or len(mine) == 1 for part, mine in zip(parts, pairs, strict=True))
    digest = digest_of(parts, CATALOGUE.code, CATALOGUE.limits)
    assert usage(digest, CATALOGUE, ROSTER, sizes(ROSTER)) == report(activity)


def test_each_row_gets_the_answer_of_its_own_time() -> None:
    dice = random.Random(7)  # a generator of cases
    activity = Activity()
    for _ in range(400):
        minute, user = dice.randrange(3000), dice.choice(["ann", "bob", None, None])
        time = None if dice.random() < 0.05 else minute * MINUTE + dice.randrange(MINUTE)
        address = f"10.0.0.{dice.randrange(3)}"
        seen = Observation(Evidence.PROXY, Kind.PROXY, "test", "f", time=time, source_ip=address, user=user)
        activity.add(seen, FINDING)
    columns = columns_of(activity)
    directory = Directory.empty().learn(sightings(columns))
    asked = [
        directory.resolve_span(Who(key.source_ip, key.user, key.device), sums.first, sums.last)
        for key, sums in activity_rows(columns)
    ]
    found = frame.attributed_frame(columns, directory)
    assert found["who"].tolist() == [one.key for one in asked]
    assert found["reason"].tolist() == [str(one.reason) for one in asked]
    assert found["reason"].nunique() > 2  # users, what sightings tell, and what they leave in doubt


def test_a_frame_that_passes_whole_is_not_copied() -> None:
    rows = pd.DataFrame({"a": [1, 2]})
    assert those(rows, rows["a"] > 0) is rows
    assert those(rows, rows["a"] > 1)["a"].tolist() == [2]


@pytest.mark.parametrize("library", [SimpleNamespace(), OSError(), TypeError()])
def test_another_c_library_keeps_its_memory(library: object, monkeypatch: pytest.MonkeyPatch) -> None:
    def loaded(_name: None) -> object:
        if isinstance(library, Exception):
            raise library
        return library

    monkeypatch.setattr(ctypes, "CDLL", loaded)
    memory._trimmer.cache_clear()  # what is loaded is kept
    memory.give_back()
    memory._trimmer.cache_clear()


def test_parts_take_no_memory_for_the_names_that_departments_do_not_have() -> None:
    sparse = np.array([5, 10**12, 5, 7, 10**12], dtype=np.int64)  # counting as many would take terabytes
    assert frame._dense(sparse).tolist() == [0, 2, 0, 1, 2]
    full = np.array([3, 0, 1], dtype=np.int64)
    assert frame._dense(full).tolist() == [3, 0, 1]
    assert frame._dense(full[:0]).tolist() == []
