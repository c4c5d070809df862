"""Notes of flows and their totals merge: any sharding in any order adds the same bytes to the same rows."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shadowai.activity.flows import Notes, Total, add_totals, merge_totals
from shadowai.activity.rollup import Activity, Finding, Subject
from shadowai.model import MINUTE, Action, Evidence, Kind, Observation, Role

if TYPE_CHECKING:
    from random import Random

COUNT = st.one_of(st.none(), st.integers(0, 1000))
SEEN = st.builds(
    Observation,
    evidence=st.sampled_from([Evidence.TLS, Evidence.HTTP, Evidence.ADDRESS, Evidence.DNS]),
    kind=st.just(Kind.SENSOR),
    dataset=st.just("zeek-ssl"),
    file=st.just("f"),
    time=st.one_of(st.none(), st.integers(0, 5).map(lambda minute: minute * MINUTE)),
    source_ip=st.sampled_from([None, "10.0.0.1", "10.0.0.2"]),
    action=st.sampled_from([None, Action.DENIED]),
    bytes_up=COUNT,
    bytes_down=COUNT,
    flow=st.sampled_from([None, *(f"zeek:flow{number}" for number in range(12))]),
)
TOTALS = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 11), st.builds(Total, COUNT, COUNT)),
    max_size=20,
)


def _shard(seen: list[Observation], folder: int) -> tuple[Activity, Notes]:
    activity, notes = Activity(), Notes(folder)
    for one in seen:
        notes.take(one, activity.add(one, Finding(Subject.SERVICE, "chatgpt", Role.DEDICATED, 90)))
    return activity, pickle.loads(pickle.dumps(notes))  # noqa: S301  # our own


def _joined(
    shards: list[tuple[Activity, Notes]], totals: list[tuple[int, int, Total]]
) -> tuple[Activity, Notes, dict[str, str | None]]:
    activity, notes = Activity(), Notes()
    for rows, noted in shards:
        activity.merge(rows)
        notes.merge(noted)
    wanted = notes.wanted()
    merged: dict[str, Total] = {}
    for folder, number, total in totals:
        flow = f"{folder}:zeek:flow{number}"
        if flow in wanted:
            merge_totals(merged, {flow: total})
    add_totals(activity, notes, merged)
    return activity, notes, wanted


@settings(max_examples=150)
@given(
    st.lists(st.tuples(SEEN, st.integers(0, 1)), max_size=40),
    TOTALS,
    st.sampled_from([2, 5, 500]),
    st.integers(1, 5),
    st.randoms(use_true_random=False),
)
def test_any_sharding_in_any_order_joins_the_same(
    seen: list[tuple[Observation, int]],
    totals: list[tuple[int, int, Total]],
    limit: int,
    count: int,
    random: Random,
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("shadowai.activity.flows.LIMIT", limit)
        whole, notes, wanted = _joined(
            [_shard([one for one, at in seen if at == place], place) for place in (0, 1)], totals
        )
        shards: list[list[tuple[Observation, int]]] = [[] for _ in range(count)]
        for one in seen:
            random.choice(shards).append(one)
        parts = [_shard([one for one, at in part if at == place], place) for part in shards for place in (0, 1)]
        random.shuffle(parts)
        random.shuffle(totals)
        again, noted, sought = _joined(parts, totals)
    assert again.rows == whole.rows
    assert sought == wanted
    assert len(wanted) <= limit
    assert noted.warning() == notes.warning()
    noting = sum(one.flow is not None and one.evidence is not Evidence.DNS for one, _ in seen)
    assert notes.left_out + sum(note.count for note in notes.flows.values()) == noting


@settings(max_examples=150)
@given(st.lists(SEEN, max_size=20), TOTALS)
def test_a_flow_never_counts_more_than_its_total(seen: list[Observation], totals: list[tuple[int, int, Total]]) -> None:
    alone = Activity()
    for one in seen:
        if one.flow is None or one.evidence is Evidence.DNS:
            alone.add(one, Finding(Subject.SERVICE, "chatgpt", Role.DEDICATED, 90))
    joined, notes, wanted = _joined([_shard(seen, 0)], totals)
    greatest: dict[str, int] = {}
    for folder, number, total in totals:
        flow = f"{folder}:zeek:flow{number}"
        if flow in wanted:
            greatest[flow] = max(greatest.get(flow, 0), total.up or 0)
    expected = sum(sums.bytes_up for sums in alone.rows.values())
    for flow, note in notes.flows.items():
        told = sum(one.bytes_up or 0 for one in seen if f"0:{one.flow}" == flow and one.evidence is Evidence.HTTP)
        told += sum(one.bytes_up or 0 for one in seen if f"0:{one.flow}" == flow and one.evidence is Evidence.TLS)
        address = sum(sums.bytes_up for sums in (note.by_address or {}).values())
        expected += max(told, greatest[flow]) if flow in greatest else told + address
    assert sum(sums.bytes_up for sums in joined.rows.values()) == expected
    assert all(min(value or 0 for value in sums.values()) >= 0 for sums in joined.rows.values())


def test_what_was_let_through_comes_before_what_was_not() -> None:
    blocked = Observation(
        Evidence.TLS, Kind.SENSOR, "suricata", "f", time=0, action=Action.DENIED, flow="suricata:12345678"
    )
    passed = Observation(Evidence.TLS, Kind.SENSOR, "suricata", "f", time=MINUTE, flow="suricata:12345678")
    joined, _, _ = _joined([_shard([blocked, passed], 0)], [])
    assert sorted(key.action is None for key in joined.rows) == [False, True]
    activity, notes = _shard([blocked, passed], 0)
    notes.wanted()
    add_totals(activity, notes, {"0:suricata:12345678": Total(70, 80)})
    assert {key.action: sums.bytes_up for key, sums in activity.rows.items()} == {None: 70, Action.DENIED: 0}
