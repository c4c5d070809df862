"""Columns as bytes: whatever is written is read again, and damage is told."""

from __future__ import annotations

import json
import struct
from contextlib import suppress

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from shadowai.activity.columns import SUMS, activity_rows, columns_of, joined, merged
from shadowai.activity.rollup import Activity, Key, Subject, Sums
from shadowai.history.codec import MAGIC, decode, encode
from shadowai.history.errors import HistoryError
from shadowai.model import Account, Action, Client, Evidence, Kind, Role

TEXT = st.none() | st.text(max_size=8)
NUMBER = st.integers(0, 1 << 50)
TIME = st.integers(-(1 << 60), 1 << 60)
KEYS = st.builds(
    Key,
    minute=st.integers(0, 1 << 30),
    source_ip=TEXT,
    user=TEXT,
    device=TEXT,
    subject=st.sampled_from(Subject),
    name=st.sampled_from(["chatgpt", "claude", "x.example"]),
    role=st.none() | st.sampled_from(Role),
    evidence=st.sampled_from(Evidence),
    action=st.none() | st.sampled_from(Action),
    kind=st.sampled_from(Kind),
    account=st.none() | st.sampled_from(Account),
    client=st.none() | st.sampled_from(Client),
    file=st.sampled_from(["proxy", "dns"]),
)
ROWS = st.builds(
    Sums, NUMBER, NUMBER, NUMBER, NUMBER, NUMBER, st.integers(0, 100), first=TIME, last=TIME, request_up=NUMBER
)
ACTIVITIES = st.dictionaries(KEYS, ROWS, max_size=8).map(Activity)
_WHAT = (Subject.SERVICE, "chatgpt", None, Evidence.DNS, None, Kind.DNS, None, None, "f")
TIMELESS = Key(None, "10.0.0.1", None, None, *_WHAT)


def as_activity(columns: object) -> dict[Key, Sums]:
    return dict(activity_rows(columns))


@given(ACTIVITIES)
def test_what_is_written_is_read_again(activity: Activity) -> None:
    assert as_activity(decode(encode(columns_of(activity)))) == activity.rows


def test_a_row_without_a_time_stays_one() -> None:
    activity = Activity({TIMELESS: Sums(1, 2, 1)})
    read = decode(encode(columns_of(activity)))
    assert as_activity(read) == activity.rows
    assert next(iter(as_activity(read))).minute is None


@given(st.lists(ACTIVITIES, max_size=4))
def test_columns_are_added_up_as_activity_is(some: list[Activity]) -> None:
    whole = Activity()
    for one in some:
        whole.merge(one)
    columns = merged(joined([columns_of(one) for one in some]))
    assert as_activity(columns) == whole.rows
    assert encode(columns) == encode(merged(joined([columns_of(one) for one in reversed(some)])))


def test_bytes_that_belong_to_an_earlier_row_find_it() -> None:
    key = TIMELESS._replace(minute=5)
    rows = [Activity({key: Sums(1, first=7, last=9)}), Activity({key: Sums(bytes_up=5, bytes_up_known=1)})]
    assert as_activity(merged(joined(list(map(columns_of, rows))))) == {key: Sums(1, 5, 1, first=7, last=9)}


@given(st.binary(max_size=200))
def test_any_bytes_are_columns_or_an_error(data: bytes) -> None:
    for blob in (data, MAGIC + data, MAGIC + b"\x01" + data):
        with pytest.raises(HistoryError):
            decode(blob)


@given(ACTIVITIES, st.data())
def test_a_changed_byte_is_told(activity: Activity, data: st.DataObject) -> None:
    blob = bytearray(encode(columns_of(activity)))
    place = data.draw(st.integers(9, len(blob) - 1))
    blob[place] ^= 1 << data.draw(st.integers(0, 7))
    with suppress(HistoryError):
        assert as_activity(decode(bytes(blob))) == activity.rows


def test_a_newer_version_is_told() -> None:
    blob = bytearray(encode(columns_of(Activity())))
    blob[4] = 2
    with pytest.raises(HistoryError, match="newer shadowai"):
        decode(bytes(blob))


def test_the_bytes_of_version_one_stay_readable() -> None:
    """Written by hand from the description in `codec`: histories outlive versions."""
    known = {"subject": "service", "name": "chatgpt", "evidence": "dns", "kind": "dns", "file": "f"}
    texts = [
        {"name": name, "texts": [known[name]] if name in known else [], "width": 1}
        for name in Key._fields
        if name != "minute"
    ]
    numbers = [{"name": name, "least": 5 if name == "minute" else 1, "width": 1} for name in ("minute", *SUMS)]
    head = json.dumps({"rows": 1, "columns": [*texts, *numbers]}).encode()
    content = bytes(int(column["name"] in known) for column in texts) + bytes([2]) + bytes(len(SUMS))
    blob = MAGIC + b"\x01" + zstandard.compress(struct.pack("<I", len(head)) + head + content)
    key = TIMELESS._replace(minute=7, source_ip=None)
    assert as_activity(decode(blob)) == {key: Sums(1, 1, 1, 1, 1, 1, 1, 1, 1)}
