"""Rows that came as columns count as rows that came one by one do, however they were merged or shipped."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shadowai.activity import rollup
from shadowai.activity.columns import activity_rows, columns_of, texts_by
from shadowai.activity.rollup import Activity, Key, Subject, Sums
from shadowai.model import Action, Client, Evidence, Kind, Role

NUMBERS = st.integers(0, 10**9)
KEYS = st.builds(
    Key,
    st.none() | st.integers(0, 3),
    st.none() | st.sampled_from(["10.0.0.1", "10.0.0.2"]),
    st.none() | st.sampled_from(["ann", "bob"]),
    st.none(),
    st.just(Subject.SERVICE),
    st.sampled_from(["claude", "chatgpt"]),
    st.none() | st.sampled_from(Role),
    st.just(Evidence.PROXY),
    st.none() | st.sampled_from(Action),
    st.just(Kind.PROXY),
    st.none(),
    st.none() | st.sampled_from(Client),
    st.just("f"),
)
SUMS = st.builds(Sums, *[NUMBERS] * 6, st.none() | NUMBERS, st.none() | NUMBERS, NUMBERS)
SHARDS = st.lists(st.tuples(st.dictionaries(KEYS, SUMS, max_size=6), st.booleans(), st.booleans()), max_size=8)


@given(SHARDS, st.integers(0, 8))
@settings(max_examples=150)
def test_columns_and_rows_are_added_up_alike(shards: list[tuple[dict[Key, Sums], bool, bool]], few: int) -> None:
    plain, mixed = Activity(), Activity()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rollup, "FEW", few)
        for rows, in_columns, shipped in shards:
            plain.merge(Activity(rows))
            part = Activity()
            if in_columns:
                part.take(columns_of(Activity(rows)))
            else:
                part.merge(Activity(rows))
            mixed.merge(pickle.loads(pickle.dumps(part)) if shipped else part)  # noqa: S301  # our own
        assert mixed.undated() == plain.undated()
        assert dict(activity_rows(columns_of(mixed))) == plain.rows
        assert mixed.undated() == plain.undated()


def test_parts_are_added_up_before_they_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollup, "FEW", 10)
    key = Key(
        1, "10.0.0.1", None, None, Subject.SERVICE, "claude", None, Evidence.PROXY, None, Kind.PROXY, None, None, "f"
    )
    activity = Activity()
    for _ in range(100):
        activity.take(columns_of(Activity({key: Sums(1)})))
    assert len(activity.parts) <= 12
    ((_, sums),) = activity_rows(columns_of(activity))
    assert sums.detections == 100


@given(st.lists(st.integers(0, 4), max_size=9))
def test_texts_by_number_leave_out_what_is_not_used_and_join_what_is_equal(codes: list[int]) -> None:
    values = [None, "b", "a", "b", "unused"]
    column = texts_by(np.array(codes, dtype=np.int32), values)
    assert [column.distinct[code] if code >= 0 else None for code in column.codes] == [values[code] for code in codes]
    assert list(column.distinct) == sorted({values[code] or "" for code in codes} - {""})
