"""Activity that crosses to another process is the same there."""

from __future__ import annotations

import pickle

from hypothesis import given
from hypothesis import strategies as st

from shadowai.activity.rollup import Activity, Key, Subject, Sums
from shadowai.model import Account, Action, Client, Evidence, Kind, Role

NUMBERS = st.integers(0, 2**62)
KEYS = st.builds(
    Key,
    st.none() | st.integers(0, 10**8),
    st.none() | st.sampled_from(["10.0.0.1", "2001:db8::1"]),
    st.none() | st.text(max_size=5),
    st.none() | st.text(max_size=5),
    st.sampled_from(Subject),
    st.text(max_size=9),
    st.none() | st.sampled_from(Role),
    st.sampled_from(Evidence),
    st.none() | st.sampled_from(Action),
    st.sampled_from(Kind),
    st.none() | st.sampled_from(Account),
    st.none() | st.sampled_from(Client),
    st.text(max_size=3),
)
SUMS = st.builds(Sums, *[NUMBERS] * 6, st.none() | NUMBERS, st.none() | NUMBERS)


@given(st.dictionaries(KEYS, SUMS, max_size=20))
def test_it_comes_back_equal_and_of_the_same_types(rows: dict[Key, Sums]) -> None:
    back: Activity = pickle.loads(pickle.dumps(Activity(rows)))  # noqa: S301  # our own
    assert back.rows == rows
    assert list(back.rows) == list(rows)
    for key in back.rows:
        assert type(key) is Key
        assert [type(part) for part in key] == [type(part) for part in next(one for one in rows if one == key)]


@given(st.dictionaries(KEYS, SUMS, max_size=20))
def test_merging_takes_no_row_itself(rows: dict[Key, Sums]) -> None:
    merged, other = Activity(), Activity(rows)
    merged.merge(other)
    assert merged.rows == rows
    merged.merge(other)
    assert all(merged.rows[key].detections == 2 * sums.detections for key, sums in rows.items())
    assert all(merged.rows[key] is not sums for key, sums in rows.items())
