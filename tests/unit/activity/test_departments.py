"""Divisions, people under labels, hidden shares, scores and origins: the parts of a department's report."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from support.activity_world import CATALOGUE, NINE, Everybody, Seen, rolled_up, sizes

from shadowai.activity.blind_spots import HidingPlace
from shadowai.activity.digest import digest_of
from shadowai.activity.frame import attributed_frame
from shadowai.activity.hidden import hidden_share
from shadowai.activity.judging import Judge
from shadowai.activity.labels import Labels
from shadowai.activity.rollup import Activity, Finding, Subject
from shadowai.activity.usage import Catalogue, UsageReport, usage
from shadowai.model import MINUTE, Action, Evidence, Kind, Observation, Role, Status, Use
from shadowai.provenance import Origin
from shadowai.result import DepartmentUse, StatusCounts
from shadowai.verdicts import Attribution, Department, Question, Sensitivity, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from shadowai.model import Who

TREE = {
    "Company": Department("Company", headcount=2),
    "Sales": Department("Sales", "Company", headcount=10),
    "Legal": Department("Legal", "Company", headcount=10, sensitivity=Sensitivity.HIGH),
}


def _report(seen: list[Seen], catalogue: Catalogue = CATALOGUE, roster: Mapping[str, Department] = TREE) -> UsageReport:
    found = digest_of([attributed_frame(rolled_up(seen), Everybody())], catalogue.code, catalogue.limits)
    return usage(found, catalogue, roster, sizes(roster))


def _sales(report: UsageReport) -> DepartmentUse:
    return next(one for one in report.departments if one.name == "Sales")


def test_a_division_counts_everybody_below_it_once() -> None:
    seen = [Seen(0, "ann", up=5), Seen(0, "eve", up=7), Seen(100, "eve", "claude"), Seen(0, "bob", denied=True)]
    report = _report(seen)
    (company,) = report.divisions
    assert (company.name, company.slug, company.below) == ("Company", "company-and-below", ("Legal", "Sales"))
    assert (company.headcount, company.people, company.totals.sessions, company.totals.bytes_up) == (22, 2, 3, 12)
    chatgpt = next(use for use in company.services if use.id == "chatgpt")
    assert (chatgpt.people, chatgpt.sessions, chatgpt.blocked) == (2, 2, 1)
    own = next(one for one in report.departments if one.name == "Company")
    assert (own.people, own.services, own.parent) == (0, (), None)
    assert next(one for one in report.departments if one.name == "Legal").parent == "Company"
    assert report.totals.people == 2
    # Legal's verdict on Claude holds for Legal's sessions in the division as well.
    assert next(use for use in company.services if use.id == "claude").status is Status.PROHIBITED


class Moving(Everybody):
    """A directory in which Ann is in Legal from ten o'clock on."""

    def timeless(self, who: Who) -> Attribution | None:
        return None if who.user == "ann" else super().timeless(who)

    def resolve_all(self, who: Who, spans: Iterable[tuple[int | None, int | None]]) -> list[Attribution]:
        departments = ["Sales" if (first or 0) < NINE + 60 * MINUTE else "Legal" for first, _ in spans]
        return [Attribution(f"person:{who.user}", name, individual=True, reason="user") for name in departments]


def _divided(seen: list[Seen]) -> UsageReport:
    found = digest_of([attributed_frame(rolled_up(seen), Moving())], CATALOGUE.code, CATALOGUE.limits)
    return usage(found, CATALOGUE, TREE, sizes(TREE))


def test_who_moved_and_then_made_a_contact_did_not_only_look_the_name_up() -> None:
    report = _divided([Seen(0, "ann", evidence=Evidence.DNS, kind=Kind.DNS), Seen(120, "ann")])
    (company,) = report.divisions
    assert [(one.name, one.totals.people_dns_only) for one in report.departments if one.services] == [
        ("Legal", 0),
        ("Sales", 1),
    ]
    (use,) = company.services
    assert (use.people, use.people_dns_only, use.evidence.dns) == (1, 0, 1)


def test_what_is_proven_in_one_department_is_proven_in_the_division_and_the_rest_does_not_count() -> None:
    shared = [Seen(minute, "bob", role=Role.SHARED, up=9) for minute in (0, 40)]
    (company,) = _divided([*shared, Seen(0, "eve", up=7)]).divisions
    (use,) = company.services
    assert (use.proven, use.people, use.sessions, use.bytes_up) == (True, 1, 1, 7)
    assert (company.totals.sessions, len(company.persons)) == (1, 1)
    (company,) = _divided(shared).divisions
    (use,) = company.services
    assert (use.proven, use.people, use.sessions, use.bytes_up) == (False, 1, 2, 18)


def test_a_tree_of_three_levels() -> None:
    roster = {**TREE, "Holding": Department("Holding")} | {"Company": Department("Company", "Holding")}
    divisions = {one.name: one for one in _report([Seen(0, "ann")], roster=roster).divisions}
    assert divisions["Holding"].below == ("Company", "Legal", "Sales")
    assert divisions["Holding"].people == divisions["Company"].people == 1


def test_a_division_has_a_report_unless_the_directory_says_no() -> None:
    roster = {**TREE, "Holding": Department("Holding")} | {"Company": Department("Company", "Holding", together=False)}
    (holding,) = _report([Seen(0, "ann")], roster=roster).divisions
    assert (holding.name, holding.below) == ("Holding", ("Company", "Legal", "Sales"))


def test_people_are_numbered_worst_first_unless_there_is_a_key() -> None:
    seen = [Seen(0, "ann"), Seen(0, "bob", up=60_000_000), Seen(0, "10.0.0.9")]
    sales = _sales(_report(seen))
    assert [(one.label, one.bytes_up) for one in sales.persons] == [("Person 1", 60_000_000), ("Person 2", None)]
    keyed = replace(CATALOGUE, labels=Labels(key=b"k" * 32))
    labels = [one.label for one in _sales(_report(seen, keyed)).persons]
    digest = hmac.new(b"k" * 32, b"person:bob", hashlib.sha256).hexdigest()
    assert labels[0] == f"P-{digest[:10].upper()}"
    named = replace(CATALOGUE, labels=Labels(names=True))
    assert [
        one.label for one in next(one for one in _report(seen, named).departments if one.name == "Sales").persons
    ] == [
        "bob",
        "ann",
    ]


def test_scores_are_the_sum_of_their_parts() -> None:
    seen = [Seen(0, "eve", "claude", up=6_000_000), Seen(0, "eve", "chatgpt")]
    for department in _report(seen).departments:
        scores = [
            department.score,
            *(use.score for use in department.services),
            *(one.score for one in department.persons),
        ]
        for score in scores:
            assert score is not None
            assert score.points == pytest.approx(sum(part.points for part in score.parts))
            assert score.of == sum(part.of for part in score.parts) == 100
            assert all(0 <= part.points <= part.of for part in score.parts)


def test_sensitivity_and_service_risk_raise_the_score() -> None:
    legal = next(one for one in _report([Seen(0, "eve")]).departments if one.name == "Legal").services[0]
    sales = _sales(_report([Seen(0, "ann")])).services[0]
    assert legal.score is not None
    assert sales.score is not None
    assert legal.score.points > sales.score.points


def test_only_the_sessions_that_were_not_allowed_are_unsanctioned() -> None:
    def by_use(question: Question) -> Verdict:
        return Verdict(Status.PROHIBITED, 7) if question.use is Use.UPLOAD else Verdict(Status.SANCTIONED)

    catalogue = replace(CATALOGUE, judge=Judge(CATALOGUE.services, by_use, lambda name: (name,)))
    report = _report([Seen(0, "ann", up=2_000_000), Seen(90, "bob", up=5)], catalogue)
    sales = _sales(report)
    assert (sales.totals.people, sales.totals.people_unsanctioned, sales.totals.sessions_unsanctioned) == (2, 1, 1)
    assert sales.services[0].statuses == StatusCounts(sanctioned=1, prohibited=1)
    assert (sales.services[0].status, sales.services[0].rule) == (Status.PROHIBITED, 7)
    assert report.by_rule == {7: 1}


@pytest.mark.parametrize(("as_chat", "as_upload"), [("tolerated", "prohibited"), ("prohibited", "sanctioned")])
def test_an_upload_is_judged_as_what_it_was_too_and_the_graver_verdict_stands(as_chat: str, as_upload: str) -> None:
    def by_use(question: Question) -> Verdict:
        return Verdict(Status(as_upload if question.use is Use.UPLOAD else as_chat))

    catalogue = replace(CATALOGUE, judge=Judge(CATALOGUE.services, by_use, lambda name: (name,)))
    (use,) = _sales(_report([Seen(0, "ann", up=2_000_000)], catalogue)).services
    assert (use.status, use.statuses) == (Status.PROHIBITED, StatusCounts(prohibited=1))


def test_each_session_is_judged_for_the_day_on_which_it_begins() -> None:
    # Copilot is sanctioned until midnight; the second session begins before it and ends after it.
    seen = [Seen(at, "ann", "copilot") for at in (0, 14 * 60 + 50, 15 * 60 + 10, 16 * 60)]
    (use,) = _sales(_report(seen)).services
    assert use.statuses == StatusCounts(sanctioned=2, unsanctioned=1)


def test_policy_is_asked_once_for_sessions_that_differ_in_nothing_it_asks_for() -> None:
    asked: list[Question] = []

    def note(question: Question) -> Verdict:
        asked.append(question)
        return Verdict(Status.TOLERATED)

    seen = [Seen(60 * hour, who) for hour in range(20) for who in ("ann", "bob")]
    blind = Judge(CATALOGUE.services, note, lambda name: (name,), frozenset())
    _report(seen, replace(CATALOGUE, judge=blind))
    assert len(asked) == 1
    assert (asked[0].time, asked[0].person, asked[0].use) == (None, None, None)
    asked.clear()
    _report(seen, replace(CATALOGUE, judge=replace(blind, asks=frozenset(("who",)))))
    assert {question.person for question in asked} == {"person:ann", "person:bob"}


def test_origins_name_the_files() -> None:
    (use,) = next(
        one for one in _report([Seen(0, "ann"), Seen(1, "ann", denied=True)]).departments if one.name == "Sales"
    ).services
    assert use.origins == (Origin(source="test.log", evidence="proxy", detections=2),)


def _bytes_of(size: int | None, time: int = NINE) -> Observation:
    return Observation(Evidence.TLS, Kind.CAPTURE, "pcap", "f", time=time, user="ann", bytes_up=size, bytes_down=size)


def _hidden(
    parts: list[tuple[Subject, str, int | None]], aside: Iterable[tuple[Observation, Finding]] = ()
) -> tuple[float | None, str, str]:
    activity = Activity()
    for number, (subject, name, size) in enumerate(parts):
        seen = _bytes_of(size, NINE + number)
        activity.add(seen, Finding(subject, name, Role.DEDICATED if subject is Subject.SERVICE else None, 1))
    for seen, finding in aside:
        activity.add(seen, finding)
    share = hidden_share(attributed_frame(activity, Everybody()), {"doh": HidingPlace("encrypted-dns", "Some DoH")})
    return share.percent, share.measure, share.sentence


def test_the_hidden_share_is_of_what_was_looked_at() -> None:
    assert _hidden([])[0] is None
    seen = [(Subject.SERVICE, "chatgpt", 440), (Subject.BLIND_SPOT, "doh", 60)]
    assert _hidden(seen) == (
        12.0,
        "bytes",
        "Of the data of this department that we looked at closely, 12% could hide AI use.",
    )
    assert _hidden([(Subject.SERVICE, "chatgpt", None)] * 3 + [(Subject.BLIND_SPOT, "no-name 192.0.2.1", 9)])[:2] == (
        25.0,
        "requests",
    )
    assert _hidden([(Subject.SERVICE, "chatgpt", 440)])[0] == 0


def test_what_was_denied_and_noise_have_no_part_in_the_hidden_share() -> None:
    seen = [(Subject.SERVICE, "chatgpt", 440), (Subject.BLIND_SPOT, "doh", 60)]
    noise = _bytes_of(900), Finding(Subject.SERVICE, "chatgpt", Role.TELEMETRY, 1)
    denied = replace(_bytes_of(900), action=Action.DENIED), Finding(Subject.BLIND_SPOT, "doh", None, 1)
    assert _hidden(seen, [noise, denied])[0] == 12.0
