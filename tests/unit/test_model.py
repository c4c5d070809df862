from __future__ import annotations

import pickle
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowai.errors import ShadowaiError, SignatureError, SourceError
from shadowai.model import ECS_FIELDS, Action, Evidence, Kind, Observation, Skip, Status, Tally, iso_time

EVIDENCE_FIELD = {
    Evidence.DNS: ("dns", "question", "name"),
    Evidence.TLS: ("tls", "client", "server_name"),
    Evidence.QUIC: ("tls", "client", "server_name"),
    Evidence.HTTP: ("url", "domain"),
    Evidence.PROXY: ("url", "domain"),
    Evidence.FIREWALL: ("url", "domain"),
}


@pytest.mark.parametrize(("evidence", "path"), EVIDENCE_FIELD.items())
def test_the_host_stands_where_ecs_wants_it(evidence: Evidence, path: tuple[str, ...]) -> None:
    place: object = Observation(evidence, Kind.PROXY, "x", "f", "a.example").to_ecs()
    for step in path:
        assert isinstance(place, dict)
        place = place[step]
    assert place == "a.example"


def test_unknown_values_are_absent() -> None:
    seen = Observation(Evidence.DNS, Kind.DNS, "bind", "q.log")
    assert seen.to_ecs() == {
        "event": {"dataset": "bind"},
        "log": {"file": {"path": "q.log"}},
        "shadowai": {"evidence": "dns"},
    }


def test_zero_is_not_unknown() -> None:
    seen = Observation(
        Evidence.PROXY, Kind.PROXY, "squid", "a.log", bytes_up=0, offset=0, action=Action.DENIED, time=1_500_000_000
    )
    document = seen.to_ecs()
    assert document["source"] == {"bytes": 0}
    assert document["log"]["offset"] == 0
    assert document["event"]["type"] == "denied"
    assert document["@timestamp"] == "1970-01-01T00:00:01.500000Z"


def test_every_field_is_listed_once() -> None:
    names = {name for evidence in Evidence for name, _ in Observation(evidence, Kind.DNS, "d", "f").ecs_fields()}
    assert names == set(ECS_FIELDS)
    assert len(ECS_FIELDS) == len(set(ECS_FIELDS))


def test_time_is_rfc_3339() -> None:
    assert iso_time(1_784_545_200_123_456_789) == "2026-07-20T11:00:00.123456Z"
    assert iso_time(None) is None


def test_statuses_are_ordered_by_gravity() -> None:
    assert sorted(Status, key=lambda status: status.gravity) == [
        Status.SANCTIONED,
        Status.TOLERATED,
        Status.UNDER_REVIEW,
        Status.UNSANCTIONED,
        Status.PROHIBITED,
    ]


def _tally(events: list[tuple[int, bool]]) -> Tally:
    tally = Tally()
    for time, broken in events:
        tally.records += 1
        if broken:
            tally.skip(Skip("bad-time", offset=time, broken=True))
        else:
            tally.see(time)
    return tally


@given(st.lists(st.lists(st.tuples(st.integers(0, 99), st.booleans()), max_size=5), max_size=4))
def test_tallies_merge_in_any_order(parts: list[list[tuple[int, bool]]]) -> None:
    whole = _tally([event for part in parts for event in part])
    for order in permutations(parts):
        merged = Tally()
        for part in order:
            merged.merge(_tally(part))
        assert merged == whole


def test_a_packet_defect_is_placed_by_its_packet() -> None:
    tally = Tally()
    tally.skip(Skip("truncated", packet=7, broken=True))
    tally.skip(Skip("arp", packet=3), count=4)
    assert tally.broken == 1
    assert tally.skipped == {"truncated": 1, "arp": 4}
    assert tally.defects["truncated"].place == 7
    assert tally.defects["truncated"].is_packet


@pytest.mark.parametrize("kind", [ShadowaiError, SourceError, SignatureError])
def test_errors_name_their_place_and_cross_processes(kind: type[ShadowaiError]) -> None:
    error = pickle.loads(pickle.dumps(kind("is empty", where="a.log", record=3)))  # noqa: S301  # our own bytes
    assert type(error) is kind
    assert str(error) == "a.log:3: is empty"
    assert str(kind("alone")) == "alone"
