from collections.abc import Callable, Mapping

import pytest
from support.report_world import world

from shadowai.model import Status
from shadowai.reports import sections
from shadowai.result import EvidenceCounts, Result, ServiceUse

Examples = Mapping[str, Callable[[], Result]]


def by_id(examples: Examples, department: int = 0) -> dict[str, ServiceUse]:
    return {one.id: one for one in examples["small"]().departments[department].services}


def test_services_go_where_their_evidence_puts_them(examples: Examples) -> None:
    parts = sections.split(examples["small"]().departments[0].services)
    assert [one.id for one in parts.in_use] == [
        "deepseek",  # critical
        "chatgpt",  # high, unsanctioned, 9 people
        "cursor",  # high, unsanctioned, 8 people
        "claude",
        "huggingface",
        "github-copilot",
        "copilot-m365",
    ]
    assert [one.id for one in parts.unproven] == ["notion-ai"]
    assert [one.id for one in parts.looked_up] == ["perplexity"]
    assert [one.id for one in parts.blocked] == ["deepseek", "character-ai"]


def test_rows_stand_in_the_order_of_the_risk_and_the_score_that_they_show() -> None:
    levels = ("low", "medium", "high", "critical")
    for department in world().departments:
        shown = [(levels.index(one.risk), one.score.points) for one in sections.used(department.services) if one.score]
        assert shown == sorted(shown, reverse=True)
    same = world().departments[0].services[0].model_copy(update={"risk": "medium"})
    one, other = (
        same.model_copy(update={"id": name, "score": same.score and same.score.model_copy(update={"points": points})})
        for name, points in (("popular", 33.3), ("grave", 41.8))
    )
    popular = one.model_copy(update={"people": 99})
    assert [use.id for use in sections.used([popular, other])] == ["grave", "popular"]
    totals = sections.over_departments([world().departments[0].model_copy(update={"services": (popular, other)})])
    assert [total.example.id for total in totals] == ["grave", "popular"]


def test_background_traffic_is_not_use(examples: Examples) -> None:
    telemetry = by_id(examples)["perplexity"].model_copy(
        update={"people": 2, "people_dns_only": 1, "evidence": EvidenceCounts(tls=4, dns=2)}
    )
    assert sections.split([telemetry]).unproven == (telemetry,)


@pytest.mark.parametrize("name", ["small", "quiet", "unknown", "forty", "sixty"])
def test_no_service_is_lost_or_shown_twice(examples: Examples, name: str) -> None:
    for department in examples[name]().departments:
        parts = sections.split(department.services)
        shown = [*parts.in_use, *parts.unproven, *parts.looked_up]
        only_blocked = [one for one in parts.blocked if one not in shown]
        assert sorted(one.id for one in (*shown, *only_blocked)) == sorted(one.id for one in department.services)


def test_a_service_about_which_nothing_is_known_is_still_listed(examples: Examples) -> None:
    nothing = by_id(examples)["perplexity"].model_copy(update={"people_dns_only": 0, "evidence": EvidenceCounts()})
    assert sections.split([nothing]).unproven == (nothing,)


def test_services_in_use_are_the_headline_of_the_result(examples: Examples) -> None:
    for department in examples["small"]().departments:
        parts = sections.split(department.services)
        assert len(parts.in_use) == department.totals.services
        assert sum(one.sessions for one in parts.in_use) == department.totals.sessions


def test_totals_over_departments(examples: Examples) -> None:
    totals = {total.example.id: total for total in sections.over_departments(examples["small"]().departments)}
    chatgpt = totals["chatgpt"]
    assert chatgpt.departments == ("Engineering", "Marketing", "Sales", "Unknown department")
    assert chatgpt.people == 9 + 11 + 3 + 2
    assert chatgpt.sessions == 77 + 133 + 9 + 7
    assert chatgpt.bytes_up == 91_400_000 + 77_000_000 + 1_240_000
    assert chatgpt.measured == 77 + 133 + 9
    assert totals["deepl"].statuses == {Status.TOLERATED: 1, Status.SANCTIONED: 1}
    assert totals["elevenlabs"].bytes_up is None
    assert "notion-ai" not in totals


def test_measured_sessions(examples: Examples) -> None:
    assert sections.measured(examples["unknown"]().departments) == sections.Measured(0, 0)
    engineering = examples["small"]().departments[:1]
    assert sections.measured(engineering) == sections.Measured(1336 - 22, 11 + 120 + 77)
