from collections.abc import Callable, Mapping

import pytest

from shadowai.model import Status
from shadowai.reports.sections import names, split
from shadowai.reports.steps import Step, next_steps
from shadowai.result import AccountCounts, BlindSpot, Period, Result, ServiceUse

Examples = Mapping[str, Callable[[], Result]]
PERIOD = Period(start="2026-11-02T06:00:00Z", end="2026-11-15T23:00:00Z")


@pytest.fixture
def service(examples: Examples) -> ServiceUse:
    return examples["one"]().departments[0].services[0]


def steps_for(*services: ServiceUse, spots: tuple[BlindSpot, ...] = ()) -> tuple[Step, ...]:
    return next_steps(split(services), spots, PERIOD, {})


def test_steps_of_a_real_department(examples: Examples) -> None:
    result = examples["small"]()
    engineering = result.departments[0]
    steps = next_steps(split(engineering.services), result.blind_spots, result.period, names(result))
    assert [step.title for step in steps] == [
        "Move from DeepSeek and ChatGPT to Microsoft 365 Copilot",
        "Move from Cursor to GitHub Copilot",
        "Ask people to use Microsoft 365 Copilot with the company account",
    ]
    assert steps[1].why == "8 people had 142 sessions with this unsanctioned service in this period."


@pytest.mark.parametrize("name", ["small", "one", "quiet", "unknown", "forty", "sixty", "long"])
def test_there_is_always_something_to_do_and_never_too_much(examples: Examples, name: str) -> None:
    result = examples[name]()
    for department in result.departments:
        steps = next_steps(split(department.services), result.blind_spots, result.period, {})
        assert 1 <= len(steps) <= 3
        assert len(set(steps)) == len(steps)


def test_prohibited_without_alternative_is_stopped_and_the_rest_talked_about(service: ServiceUse) -> None:
    bad = service.model_copy(update={"status": Status.PROHIBITED, "id": "a", "name": "Alpha"})
    worse = service.model_copy(update={"status": Status.UNSANCTIONED, "id": "b", "name": "Beta"})
    titles = [step.title for step in steps_for(bad, worse)]
    assert titles[:2] == ["Stop the use of Alpha", "Talk to the team about Beta"]


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
    assert found.get("Ask the owner of the policy about Microsoft 365 Copilot") == expected


def test_personal_accounts_of_a_sanctioned_service(service: ServiceUse) -> None:
    mixed = service.model_copy(update={"account": AccountCounts(personal=1, signed_out=1, unknown=1)})
    assert steps_for(mixed)[0].why.startswith("2 sessions used a personal account or none")


def test_open_decisions_blocked_requests_and_blind_spots(service: ServiceUse) -> None:
    waiting = service.model_copy(update={"status": Status.UNDER_REVIEW, "status_owner": "cio@example.com"})
    blocked = service.model_copy(update={"id": "b", "name": "Beta", "blocked": 4, "sessions": 0, "people": 0})
    hidden = BlindSpot(kind="vpn", name="Mullvad", detail="", count=1, unit="requests")
    assert [step.title for step in steps_for(waiting, blocked, spots=(hidden,))] == [
        "Ask cio@example.com for a decision on Microsoft 365 Copilot",
        "Ask what Beta was wanted for",
        "Ask the security team to close a blind spot",
    ]


def test_unproven_services_are_asked_about(service: ServiceUse) -> None:
    maybe = service.model_copy(update={"proven": False})
    assert steps_for(maybe)[0].title == "Ask whether Microsoft 365 Copilot is used"
