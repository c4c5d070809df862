"""The counting rules of DESIGN section 5, each with numbers worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from support.activity_world import CATALOGUE, Seen, report, rolled_up

from shadowai.model import Evidence, Kind, Role, Status
from shadowai.reports.sections import worst_first
from shadowai.result import DayUse, DepartmentUse, EvidenceCounts, HourUse, Score, ServiceUse, StatusCounts

DNS = {"evidence": Evidence.DNS, "kind": Kind.DNS}
TLS = {"evidence": Evidence.TLS, "kind": Kind.CAPTURE}


def _department(seen: list[Seen], name: str = "Sales") -> DepartmentUse:
    return next(one for one in report(rolled_up(seen)).departments if one.name == name)


def _use(seen: list[Seen], name: str = "Sales") -> ServiceUse:
    (only,) = _department(seen, name).services
    return only


def test_one_visit_seen_three_ways_is_one_session_and_its_bytes_count_once() -> None:
    use = _use(
        [
            Seen(0, "ann", **DNS),
            Seen(0.1, "ann", up=900, down=5000, **TLS),
            Seen(0.2, "ann", up=1000, down=4000),
            Seen(5, "ann", up=200, down=100),
        ]
    )
    assert (use.people, use.people_dns_only, use.sessions) == (1, 0, 1)
    assert (use.bytes_up, use.bytes_down) == (1200, 5000)
    assert use.evidence == EvidenceCounts(dns=1, tls=1, proxy=2)
    assert use.first_seen == "2025-11-20T09:00:00.000000Z"
    assert use.last_seen == "2025-11-20T09:05:00.000000Z"
    assert use.proven


@pytest.mark.parametrize(
    ("first", "second", "sessions"),
    [(0, 29, 1), (0, 30, 2), (0, 31, 2), (0.98, 30, 1), (0.98, 30.97, 1), (0.5, 30.5, 2), (0, 29.99, 1)],
)
def test_a_gap_of_thirty_minutes_parts_sessions(first: float, second: float, sessions: int) -> None:
    assert _use([Seen(first, "ann"), Seen(second, "ann")]).sessions == sessions


def test_a_gap_begins_where_the_last_detection_of_the_minute_before_it_ended() -> None:
    seen = [Seen(0.1, "ann"), Seen(0.9, "ann"), Seen(30.5, "ann"), Seen(30.2, "ann", **DNS)]
    assert _use(seen).sessions == 1


def test_many_short_steps_are_one_session() -> None:
    assert _use([Seen(minute, "ann") for minute in range(0, 200, 20)]).sessions == 1


def test_two_people_are_two_sessions() -> None:
    use = _use([Seen(0, "ann", up=1), Seen(0, "bob", up=2)])
    assert (use.people, use.sessions, use.bytes_up) == (2, 2, 3)


def test_look_ups_alone_are_no_use() -> None:
    department = _department([Seen(0, "ann", **DNS), Seen(40, "ann", **DNS), Seen(0, "bob")])
    (use,) = department.services
    assert (use.people, use.people_dns_only, use.sessions) == (1, 1, 1)
    assert department.totals.people == 1
    assert department.totals.people_dns_only == 1
    only = _use([Seen(0, "ann", **DNS)])
    assert (only.proven, only.people, only.sessions, only.people_dns_only) == (False, 0, 0, 1)
    assert only.bytes_up is None


@pytest.mark.parametrize("role", [Role.TELEMETRY, Role.CDN])
def test_noise_is_never_use_and_bridges_nothing(role: Role) -> None:
    assert _department([Seen(0, "ann", role=role)]).services == ()
    noise = [Seen(minute, "ann", role=role, up=10) for minute in range(5, 60, 5)]
    use = _use([Seen(0, "ann", up=1), *noise, Seen(60, "ann", up=1)])
    assert (use.sessions, use.bytes_up) == (2, 2)
    assert use.evidence == EvidenceCounts(proxy=2)


@pytest.mark.parametrize("role", [Role.SHARED, Role.EMBEDDED, Role.DOCS])
def test_shared_hosts_alone_prove_nothing(role: Role) -> None:
    department = _department([Seen(0, "ann", "bing", role=role)])
    (use,) = department.services
    assert (use.proven, use.people, use.sessions, use.risk) == (False, 1, 1, "low")
    assert (department.people, department.totals.services, department.totals.sessions) == (0, 0, 0)


def test_shared_hosts_beside_proof_count_only_where_there_is_proof() -> None:
    use = _use([Seen(0, "ann", "bing"), Seen(0, "bob", "bing", role=Role.SHARED)])
    assert (use.proven, use.people, use.sessions) == (True, 1, 1)


def test_denied_requests_are_blocked_and_nothing_else() -> None:
    department = _department([Seen(0, "ann", denied=True, up=500), Seen(10, "ann", denied=True), Seen(0, "ann", **DNS)])
    (use,) = department.services
    assert (use.blocked, use.people, use.people_dns_only, use.sessions) == (2, 0, 0, 0)
    assert use.bytes_up is None
    assert use.evidence == EvidenceCounts(dns=1)
    assert department.totals.blocked == 2


def test_blocked_requests_do_not_join_sessions() -> None:
    use = _use([Seen(0, "ann"), Seen(20, "ann", denied=True), Seen(40, "ann")])
    assert (use.sessions, use.blocked) == (2, 1)


@pytest.mark.parametrize(
    ("hello", "people"),
    [
        ({"down": 0}, 0),  # the firewall cut it off, and the sensor saw it begin
        ({"down": 0, "at": 6}, 0),
        ({"down": 0, "at": 9}, 1),  # another time
        ({"down": 7}, 1),  # it was answered
        ({"down": None}, 1),  # nobody knows
        ({"down": 0, "who": "bob"}, 1),  # another person's
        ({"down": 0, "service": "claude"}, 1),
    ],
)
def test_a_contact_without_an_answer_beside_a_denial_is_no_use(hello: dict[str, Any], people: int) -> None:
    values = {"at": 5, "who": "ann", "evidence": Evidence.TLS, "kind": Kind.SENSOR} | hello
    department = _department([Seen(5, "ann", denied=True), Seen(**values)])
    assert (department.people, department.totals.blocked) == (people, 1)


def test_unknown_bytes_are_unknown_not_zero() -> None:
    use = _use([Seen(0, "ann", down=10), Seen(60, "ann", up=0, down=5)])
    assert (use.bytes_up, use.sessions_with_bytes_up, use.bytes_down) == (0, 1, 15)
    assert _use([Seen(0, "ann")]).bytes_up is None


def test_a_shared_address_has_sessions_but_is_nobody() -> None:
    department = _department([Seen(0, "10.0.0.9", up=7)])
    (use,) = department.services
    assert (use.people, use.sessions, use.bytes_up) == (0, 1, 7)
    assert department.people == 0
    assert department.totals.sessions == 1


def test_an_address_without_department_is_in_the_unknown_one() -> None:
    report_ = report(rolled_up([Seen(0, "192.0.2.7")]))
    assert [one.name for one in report_.departments] == ["Legal", "Quiet", "Sales", "Unknown department"]
    assert report_.departments[-1].people == 1


def test_every_department_of_the_directory_is_listed() -> None:
    quiet = _department([], "Quiet")
    assert (quiet.headcount, quiet.people, quiet.services) == (10, 0, ())


def test_the_gravest_status_of_the_sessions_stands() -> None:
    early, late = Seen(0, "ann", "copilot"), Seen(24 * 60, "ann", "copilot")
    assert _use([early]).status is Status.SANCTIONED
    assert _use([late]).status is Status.UNSANCTIONED
    assert _use([early, late]).status is Status.UNSANCTIONED
    assert _use([early]).status_until == "2025-11-20"


def test_policy_is_by_department() -> None:
    seen = [Seen(0, "ann", "claude"), Seen(0, "eve", "claude")]
    assert _use(seen).status is Status.UNSANCTIONED
    legal = _use(seen, "Legal")
    assert (legal.status, legal.status_owner, legal.risk) == (Status.PROHIBITED, "ciso@example.com", "high")
    assert legal.alternative == "Copilot"


@pytest.mark.parametrize(
    ("seen", "alternative"),
    [
        (Seen(0, "ann", "copilot"), None),  # sanctioned
        (Seen(24 * 60, "ann", "copilot"), "Claude"),
        (Seen(0, "ann", "claude"), None),  # it is what should be used instead
    ],
)
def test_something_else_is_named_only_for_what_is_not_approved(seen: Seen, alternative: str | None) -> None:
    catalogue = replace(CATALOGUE, alternative=lambda _service, _category: "claude")
    services = next(one for one in report(rolled_up([seen]), catalogue).departments if one.name == "Sales").services
    assert [use.alternative for use in services] == [alternative]


def test_worst_comes_first() -> None:
    seen = [
        Seen(0, "eve", "claude"),
        Seen(0, "eve", "copilot"),
        Seen(0, "eve", "chatgpt", up=60_000_000),
        Seen(0, "eve", "bing", role=Role.EMBEDDED),
    ]
    assert [use.id for use in _department(seen, "Legal").services] == ["chatgpt", "claude", "copilot", "bing"]


def test_the_order_is_that_of_the_pages() -> None:
    risky = Score(points=9.0, of=10.0)
    catalogue = replace(CATALOGUE, risk=lambda service: risky if service.id == "chatgpt" else Score(points=0, of=10.0))
    seen = [
        Seen(0, "eve", "claude"),
        Seen(0, "eve", "chatgpt", up=5_000_000),
        Seen(0, "eve", "bing", role=Role.EMBEDDED),
    ]
    services = next(one for one in report(rolled_up(seen), catalogue).departments if one.name == "Legal").services
    assert [(use.id, use.risk, use.score and use.score.points) for use in services[:2]] == [
        ("chatgpt", "high", 53.5),
        ("claude", "high", 47.0),
    ]
    assert list(services) == sorted(services, key=lambda use: (not use.proven, worst_first(use)))


def test_totals_count_a_person_once() -> None:
    totals = report(
        rolled_up(
            [Seen(0, "ann", up=1), Seen(0, "ann", "copilot", up=2), Seen(0, "eve", "copilot"), Seen(0, "?", up=4)]
        )
    ).totals
    assert (totals.people, totals.services, totals.sessions, totals.bytes_up) == (2, 2, 4, 7)
    assert (totals.people_unsanctioned, totals.services_unsanctioned) == (1, 1)
    assert (totals.sessions_unsanctioned, totals.bytes_up_unsanctioned) == (2, 5)


def test_days_are_of_session_starts() -> None:
    use = _use([Seen(0, "ann", up=1), Seen(60, "bob", up=2), Seen(24 * 60, "ann", up=4)])
    assert use.days == (
        DayUse(day="2025-11-20", people=2, sessions=2, bytes_up=3, statuses=StatusCounts(unsanctioned=2)),
        DayUse(day="2025-11-21", people=1, sessions=1, bytes_up=4, statuses=StatusCounts(unsanctioned=1)),
    )


def test_two_days_are_told_by_the_hour_too() -> None:
    use = _use([Seen(0, "ann"), Seen(59, "bob"), Seen(60, "ann"), Seen(39 * 60 - 1, "ann"), Seen(None, "ann")])
    assert use.hours == (
        HourUse(hour="2025-11-20T09", sessions=2, statuses=StatusCounts(unsanctioned=2)),
        HourUse(hour="2025-11-20T10", sessions=1, statuses=StatusCounts(unsanctioned=1)),
        HourUse(hour="2025-11-21T23", sessions=1, statuses=StatusCounts(unsanctioned=1)),
    )


def test_more_days_are_not_told_by_the_hour() -> None:
    seen = [Seen(0, "ann"), Seen(0, "ann", "copilot"), Seen(39 * 60, "ann", "copilot")]
    assert all(use.hours == () for use in _department(seen).services)


def test_records_without_time_still_count() -> None:
    use = _use([Seen(None, "ann", up=1), Seen(None, "ann", up=2), Seen(0, "ann", up=4)])
    assert (use.people, use.sessions, use.bytes_up) == (1, 2, 7)
    (day,) = use.days
    assert (day.day, day.people, day.sessions, day.bytes_up) == ("2025-11-20", 1, 1, 4)


def test_an_empty_scan_is_an_empty_report() -> None:
    empty = report(rolled_up([]))
    assert empty.totals.people == 0
    assert empty.totals.bytes_up is None
    assert [one.services for one in empty.departments] == [(), (), ()]
