"""Candidates, blind spots, risk and slugs."""

from __future__ import annotations

from dataclasses import replace
from time import process_time

import pytest
from support.activity_world import NINE, Everybody, Seen, rolled_up

from shadowai.activity.blind_spots import _DETAILS, _HIDDEN, HidingPlace, blind_spots
from shadowai.activity.candidates import candidates
from shadowai.activity.frame import attributed_frame, sightings
from shadowai.activity.risk import Exposure, assess, reasons
from shadowai.activity.rollup import Activity, Finding, Subject
from shadowai.activity.slugs import slugs
from shadowai.model import MINUTE, Action, Evidence, Hidden, Kind, Observation, Role, Status, Who
from shadowai.provenance import SourceReport
from shadowai.reports.words import BLIND
from shadowai.verdicts import Attribution

EVERYBODY = Everybody()
PLACES = {"doh": HidingPlace("encrypted-dns", "Some DoH")}


def _observation(user: str | None = "ann", *, ip: str | None = None, denied: bool = False, at: int = 0) -> Observation:
    action = Action.DENIED if denied else None
    time = NINE + at * MINUTE
    return Observation(Evidence.TLS, Kind.CAPTURE, "pcap", "f", time=time, user=user, source_ip=ip, action=action)


def _source(**changes: object) -> SourceReport:
    values: dict[str, object] = {
        "path": "a.log",
        "format": "squid",
        "records": 10,
        "parsed": 8,
        "skipped": {},
        "first": None,
        "last": None,
    }
    return SourceReport.model_validate(values | changes)


def test_candidates_are_ranked_by_people() -> None:
    activity = Activity()
    for user, host in (("ann", "one.ai"), ("ann", "two.ai"), ("eve", "two.ai"), ("ann", "one.ai")):
        activity.add(_observation(user), Finding(Subject.CANDIDATE, host, None, 0))
    (two, one), notes = candidates(attributed_frame(activity, EVERYBODY), lambda host: f"because {host}")
    assert notes == ()
    assert (two.host, two.people, two.detections, two.departments) == ("two.ai", 2, 2, ("Legal", "Sales"))
    assert (one.host, one.people, one.detections, one.reason) == ("one.ai", 1, 2, "because one.ai")
    assert one.first_seen == "2025-11-20T09:00:00.000000Z"


def test_a_candidate_sums_up_all_that_was_seen_of_it_and_nothing_that_was_denied() -> None:
    activity = Activity()
    finding = Finding(Subject.CANDIDATE, "api.one.ai", None, 0)
    day = 24 * 60  # minutes
    for user, at, up in (("ann", 0, 600_000), ("eve", 2 * day, 400_000), ("bob", day, None), ("ann", day, 0)):
        activity.add(replace(_observation(user, at=at), bytes_up=up), finding)
    activity.add(replace(_observation("ann"), time=None), finding)
    activity.add(replace(_observation("ann"), time=None), Finding(Subject.CANDIDATE, "two.ai", None, 0))
    activity.add(_observation("zoe", denied=True, at=9 * day), finding)
    activity.add(_observation("zoe", denied=True), Finding(Subject.CANDIDATE, "denied.ai", None, 0))
    (one, two), _ = candidates(attributed_frame(activity, EVERYBODY), lambda _: "ends as AI services do")
    assert (one.host, one.people, one.detections) == ("api.one.ai", 3, 5)
    assert (one.first_seen, one.last_seen) == ("2025-11-20T09:00:00.000000Z", "2025-11-22T09:00:00.000000Z")
    assert one.reasons == (
        "ends as AI services do",
        "its name begins with api",
        "used by 3 people or more",
        "1 MB or more was sent there",
        "seen on 3 days",
    )
    assert one.score == 25 + 10 + 15 + 15 + 10
    assert (two.people, two.first_seen, two.last_seen, two.score) == (1, None, None, 25)


@pytest.mark.parametrize(("people", "points"), [(2, 25), (3, 40), (9, 40), (10, 50)])
def test_a_candidate_of_many_people_is_a_likelier_one(people: int, points: int) -> None:
    activity = Activity()
    for number in range(people):
        activity.add(_observation(None, ip=f"192.0.2.{number}"), Finding(Subject.CANDIDATE, "one.ai", None, 0))
    (one,), _ = candidates(attributed_frame(activity, EVERYBODY), lambda _: "ends as AI services do")
    assert (one.people, one.score) == (people, points)


def test_a_million_names_in_a_zone_of_ones_own_are_not_looked_at_one_by_one() -> None:
    activity = Activity()
    for number in range(3000):
        activity.add(_observation(), Finding(Subject.CANDIDATE, f"{number}.chatgpt.example", None, 0))
    frame = attributed_frame(activity, EVERYBODY)
    begin = process_time()
    assert len(candidates(frame, lambda _: "has the word chatgpt").listed) == 3000
    assert process_time() - begin < 1, "three seconds where pandas is asked about each, a tenth where once for all"


def test_of_more_candidates_than_anybody_reads_the_likeliest_are_listed_and_the_others_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    activity = Activity()
    for number in range(30):
        activity.add(_observation(), Finding(Subject.CANDIDATE, f"{number:02}.ai", None, 0))
    for user in ("bob", "eve"):
        activity.add(_observation(user), Finding(Subject.CANDIDATE, "17.ai", None, 0))
    monkeypatch.setattr("shadowai.activity.candidates.MAX_LISTED", 3)
    listed, notes = candidates(attributed_frame(activity, EVERYBODY), lambda _: "ends as AI services do")
    assert [one.host for one in listed] == ["17.ai", "00.ai", "01.ai"]
    assert notes == ("hosts that look like AI, beyond the likeliest, which alone are listed: 27",)


def test_hiding_places_are_blind_spots_unless_denied() -> None:
    activity = Activity()
    activity.add(_observation("ann"), Finding(Subject.BLIND_SPOT, "doh", None, 0))
    activity.add(_observation("eve", denied=True), Finding(Subject.BLIND_SPOT, "doh", None, 0))
    (spot,) = blind_spots(attributed_frame(activity, EVERYBODY), PLACES, ())
    assert (spot.kind, spot.name, spot.count, spot.people) == ("encrypted-dns", "Some DoH", 1, 1)
    assert spot.departments == ("Sales",)


def test_flows_that_hide_are_blind_spots_with_servers_and_bytes() -> None:
    activity = Activity()
    for user, server, up in (("ann", "192.0.2.1", 10), ("ann", "192.0.2.2", 500), ("eve", "192.0.2.1", 20)):
        seen = replace(_observation(user), bytes_up=up, bytes_down=2 * up)
        activity.add(seen, Finding(Subject.BLIND_SPOT, f"no-name {server}", None, 0))
    activity.add(_observation("eve"), Finding(Subject.BLIND_SPOT, "wireguard 192.0.2.9", None, 0))
    unnamed, vpn = blind_spots(attributed_frame(activity, EVERYBODY), PLACES, ())
    assert (unnamed.kind, unnamed.count, unnamed.unit, unnamed.people) == ("no-name", 3, "connections", 2)
    assert (unnamed.servers, unnamed.bytes_up, unnamed.bytes_down) == (("192.0.2.2", "192.0.2.1"), 530, 1060)
    assert (vpn.kind, vpn.name, vpn.servers, vpn.bytes_up) == ("vpn", "WireGuard", ("192.0.2.9",), None)


def test_every_way_to_hide_has_a_kind_that_reports_know() -> None:
    assert set(_HIDDEN) == set(Hidden)
    assert {kind for kind, _ in _HIDDEN.values()} <= set(BLIND) & set(_DETAILS)


def test_use_that_nobody_can_be_named_for_is_a_blind_spot() -> None:
    seen = [Seen(0, "?"), Seen(0, "10.0.0.9"), Seen(0, "192.0.2.1"), Seen(0, "192.0.2.1", role=Role.CDN)]
    spots = blind_spots(attributed_frame(rolled_up(seen), EVERYBODY), PLACES, ())
    assert [(spot.kind, spot.count) for spot in spots] == [
        ("no-client-identity", 1),
        ("shared-address", 1),
        ("unknown-department", 1),
    ]


def test_names_that_several_people_bear_are_told_apart_from_addresses_in_doubt() -> None:
    class Doubtful(Everybody):
        def timeless(self, who: Who) -> Attribution:
            reason = "ambiguous-user" if who.user else "conflicting-identity"
            return Attribution(f"user:{who.user}", "Sales", individual=True, reason=reason)

    spots = blind_spots(attributed_frame(rolled_up([Seen(0, "ann"), Seen(0, "10.0.0.1")]), Doubtful()), PLACES, ())
    assert [(spot.kind, spot.name, spot.count) for spot in spots] == [
        ("conflicting-identity", "Ambiguous names", 1),
        ("conflicting-identity", "Conflicting identities", 1),
    ]


def test_conflicting_identities_are_a_blind_spot() -> None:
    class Torn(Everybody):
        def timeless(self, who: Who) -> Attribution:
            return Attribution(f"address:{who.source_ip}", "Sales", individual=True, reason="conflicting-identity")

    spots = blind_spots(attributed_frame(rolled_up([Seen(0, "10.0.0.1")]), Torn()), PLACES, ())
    assert [spot.kind for spot in spots] == ["conflicting-identity"]


def test_addresses_that_nobody_is_known_behind_are_told_where_others_are_known() -> None:
    class Nameless(Everybody):
        def timeless(self, who: Who) -> Attribution:
            key, reason = (f"user:{who.user}", "unknown-user") if who.user else (f"address:{who.source_ip}", "network")
            return Attribution(key, "Sales", individual=True, reason=reason)

    alone = [Seen(0, "10.0.0.1"), Seen(9, "10.0.0.1"), Seen(0, "10.0.0.2")]
    assert blind_spots(attributed_frame(rolled_up(alone), Nameless()), PLACES, ()) == ()
    (spot,) = blind_spots(attributed_frame(rolled_up([*alone, Seen(0, "ann")]), Nameless()), PLACES, ())
    assert (spot.kind, spot.count, spot.people) == ("unnamed-address", 3, 2)
    assert "unnamed-address" in BLIND


def test_sources_that_were_not_read_are_blind_spots() -> None:
    sources = (_source(), _source(broken=3, path="b.log"), _source(error="is empty", path="c.log"))
    spots = blind_spots(attributed_frame(Activity(), EVERYBODY), PLACES, sources)
    assert [(spot.kind, spot.name, spot.count) for spot in spots] == [
        ("unparsed-records", "b.log", 3),
        ("unparsed-records", "c.log", 0),
    ]
    assert spots[1].detail == "is empty"


def test_packets_for_which_there_was_no_room_are_a_blind_spot() -> None:
    sources = (_source(skipped={"reassembly-dropped": 7, "not-ip": 2}, broken=1, path="a.pcap"),)
    spots = blind_spots(attributed_frame(Activity(), EVERYBODY), PLACES, sources)
    assert [(spot.kind, spot.name, spot.count) for spot in spots] == [
        ("unparsed-records", "a.pcap", 1),
        ("unparsed-records", "a.pcap", 7),
    ]
    assert "no room in memory" in spots[1].detail


def test_sightings_are_pairs_that_a_source_named_together() -> None:
    activity = Activity()
    for one in (_observation("ann", ip="10.0.0.1", at=3), _observation("ann"), _observation(None, ip="10.0.0.2")):
        activity.add(one, Finding(Subject.SERVICE, "chatgpt", Role.API, 1))
    assert list(sightings(activity)) == [("10.0.0.1", "ann", NINE + 3 * MINUTE)]


@pytest.mark.parametrize(
    ("status", "proven", "people", "up", "level"),
    [
        (Status.SANCTIONED, True, 50, 90_000_000, "low"),
        (Status.TOLERATED, True, 1, 0, "low"),
        (Status.UNDER_REVIEW, True, 1, 0, "medium"),
        (Status.UNSANCTIONED, True, 1, 0, "medium"),
        (Status.UNSANCTIONED, True, 10, 0, "high"),
        (Status.UNSANCTIONED, True, 1, 5_000_000, "high"),
        (Status.UNSANCTIONED, True, 10, 50_000_000, "critical"),
        (Status.PROHIBITED, True, 1, None, "high"),
        (Status.PROHIBITED, True, 10, 0, "critical"),
        (Status.PROHIBITED, False, 10, 50_000_000, "low"),
    ],
)
def test_risk_grows_with_status_people_and_data(
    status: Status,
    proven: bool,  # noqa: FBT001  # a table's column
    people: int,
    up: int | None,
    level: str,
) -> None:
    exposure = Exposure(status, proven, people, up)
    found, score = assess(exposure)
    assert found == level
    assert score.of == 100
    assert sum(part.points for part in score.parts) == pytest.approx(score.points)
    assert ("not measured" in " ".join(reasons(exposure, score))) == (up is None and proven)


def test_slugs_are_plain_and_never_two_alike() -> None:
    names = [
        "Sales & Marketing",
        "sales-marketing",
        "Über uns",
        "../../etc",
        "日本",
        "中国",
        "a" * 200,
        "Sales  Marketing",
    ]
    found = slugs(names)
    assert found["Über uns"] == "uber-uns"
    assert found["../../etc"] == "etc"
    assert found["Sales & Marketing"] == "sales-marketing"
    assert len(set(found.values())) == len(names)
    assert all(set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789-") and len(slug) < 70 for slug in found.values())
