from collections.abc import Callable, Mapping

import pytest
from support.report_world import world

from shadowai.model import Status
from shadowai.provenance import Period
from shadowai.reports.sections import names, split
from shadowai.reports.steps import Findings, Step, next_steps, policy_owner
from shadowai.result import AccountCounts, BlindSpot, PolicyReport, Result, ServiceUse

Examples = Mapping[str, Callable[[], Result]]
PERIOD = Period(start="2026-11-02T06:00:00Z", end="2026-11-15T23:00:00Z")


@pytest.fixture
def service(examples: Examples) -> ServiceUse:
    return examples["one"]().departments[0].services[0]


def steps_for(*services: ServiceUse, spots: tuple[BlindSpot, ...] = ()) -> tuple[Step, ...]:
    return next_steps(Findings(split(services), spots, PERIOD, {}, "the security team"))


def test_steps_of_a_real_department(examples: Examples) -> None:
    result = examples["small"]()
    engineering = result.departments[0]
    found = Findings(split(engineering.services), result.blind_spots, result.period, names(result), "ciso@example.com")
    steps = next_steps(found)
    assert [step.title for step in steps] == [
        "Move from DeepSeek and ChatGPT to Microsoft 365 Copilot",
        "Move from Cursor to GitHub Copilot",
        "Ask people to use Microsoft 365 Copilot with the company account",
    ]
    assert steps[1].why == "8 people had 142 sessions with this unsanctioned service in this period."


@pytest.mark.parametrize("name", ["small", "one", "quiet", "unknown", "forty", "sixty", "long"])
def test_there_are_always_three_things_to_do(examples: Examples, name: str) -> None:
    result = examples[name]()
    for department in result.departments:
        steps = next_steps(Findings(split(department.services), result.blind_spots, result.period, {}, "us"))
        assert len(steps) == 3
        assert len(set(steps)) == len(steps)


def test_prohibited_without_alternative_is_stopped_and_the_rest_talked_about(service: ServiceUse) -> None:
    bad = service.model_copy(update={"status": Status.PROHIBITED, "id": "a", "name": "Alpha"})
    worse = service.model_copy(update={"status": Status.UNSANCTIONED, "id": "b", "name": "Beta"})
    titles = [step.title for step in steps_for(bad, worse)]
    assert titles[:2] == ["Stop the use of Alpha", "Talk to the team about Beta"]


def test_a_service_under_review_that_unknown_people_use_is_used(service: ServiceUse) -> None:
    open_one = service.model_copy(update={"status": Status.UNDER_REVIEW, "people": 0})
    (step,) = [one for one in steps_for(open_one) if one.title == f"Ask for a decision on {service.name}"]
    assert step.why == "An unknown number of people already use it while the decision is open."


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        ("2026-12-31", "Its status \u201csanctioned\u201d ends on 31 December 2026."),
        ("2026-11-10", "Its status \u201csanctioned\u201d ended on 10 November 2026."),
        ("2027-12-31", None),
        ("someday", None),
        (None, None),
    ],
)
def test_an_approval_that_ends_soon_is_asked_about(
    service: ServiceUse, until: str | None, expected: str | None
) -> None:
    asked = service.model_copy(update={"status_until": until, "status_owner": None})
    found = {step.title: step.why for step in steps_for(asked)}
    assert found.get("Ask whether Microsoft 365 Copilot may still be used") == expected


def test_personal_accounts_of_a_sanctioned_service(service: ServiceUse) -> None:
    mixed = service.model_copy(update={"account": AccountCounts(personal=1, signed_out=1, unknown=1)})
    assert steps_for(mixed)[0].why.startswith("2 sessions used a personal account or none")


def test_open_decisions_blocked_requests_and_blind_spots(service: ServiceUse) -> None:
    waiting = service.model_copy(update={"status": Status.UNDER_REVIEW, "status_owner": "cio@example.com"})
    blocked = service.model_copy(update={"id": "b", "name": "Beta", "blocked": 4, "sessions": 0, "people": 0})
    hidden = BlindSpot(kind="vpn", name="Mullvad", detail="", count=1, unit="requests")
    assert [(step.title, step.whom) for step in steps_for(waiting, blocked, spots=(hidden,))] == [
        ("Ask for a decision on Microsoft 365 Copilot", "cio@example.com"),
        ("Ask what Beta was wanted for", "your team"),
        ("Close a blind spot", "the security team"),
    ]


def test_unproven_services_are_asked_about(service: ServiceUse) -> None:
    maybe = service.model_copy(update={"proven": False})
    assert steps_for(maybe)[0].title == "Ask whether Microsoft 365 Copilot is used"


def test_whom_to_ask_in_general_is_the_owner_of_most_rules() -> None:
    assert policy_owner(world().policy) == "ciso@example.com"
    assert policy_owner(None) == "the security team"
    assert policy_owner(PolicyReport(digest="x", default=Status.UNSANCTIONED)) == "the security team"
