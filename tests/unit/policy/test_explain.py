"""Why a verdict is what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.policy_world import ask, load_rules

from shadowai.model import Account, Status, Use
from shadowai.policy import explain

if TYPE_CHECKING:
    from pathlib import Path

OWN = "services: [chatgpt], departments: [Sales], accounts: [personal]"
RULES = (
    "status: prohibited",
    "status: tolerated, categories: [chat]",
    "status: under-review, vendors: [OpenAI]",
    "status: prohibited, services: [chatgpt]",
    "status: prohibited, services: [chatgpt], departments: [Head office]",
    "status: tolerated, services: [chatgpt], departments: [Sales]",
    f"status: prohibited, {OWN}",
    f"status: tolerated, {OWN}, until: 2026-12-31",
    f"status: prohibited, {OWN}, from: 2026-01-01, until: 2026-12-31",
    f"status: sanctioned, {OWN}, from: 2026-05-01, until: 2026-05-31",
    f"status: sanctioned, {OWN}, from: 2026-05-01, until: 2026-05-31",
    "status: sanctioned, services: [chatgpt], risk: 1, people: [Anna]",
    "status: sanctioned, services: [chatgpt], risk: 2, groups: [pilots]",
    "status: sanctioned, services: [chatgpt], risk: 2, departments: [Legal]",
    "status: sanctioned, services: [chatgpt], risk: 2, accounts: [work]",
    "status: sanctioned, services: [chatgpt], risk: 2, kinds: [upload]",
    "status: sanctioned, services: [chatgpt], risk: 2, until: 2026-05-04",
    "status: sanctioned, services: [chatgpt], risk: 2, from: 2026-05-06",
)


def test_every_rule_about_the_service_says_why_it_did_not_decide(tmp_path: Path) -> None:
    policy = load_rules(tmp_path, *RULES)
    found = explain(policy, ask(department="Sales", at="2026-05-05", account=Account.PERSONAL, use=Use.CHAT))
    assert (found.verdict.status, found.verdict.rule, found.verdict.line) == (Status.SANCTIONED, 10, 11)
    assert found.why == "it is the most specific rule that fits"
    assert {one.number: one.why for one in found.lost} == {
        1: "rule 10 names the service, this one every service",
        2: "rule 10 names the service, this one the category",
        3: "rule 10 names the service, this one the vendor",
        4: "rule 10 names a department, this one everyone",
        5: "its department is further up than that of rule 10",
        6: "rule 10 names accounts, this one neither",
        7: "rule 10 names both dates, this one no date",
        8: "rule 10 names both dates, this one one date",
        9: "the period of rule 10 lies within this one's",
        11: "it is as specific and says the same; rule 10 is the one that is named",
    }
    assert {one.number: one.why for one in found.misfits} == {
        12: "the person is not known",
        13: "the group is not known",
        14: "it is for another department",
        15: "it is for another account",
        16: "it is for another kind",
        17: "it ended on 2026-05-04",
        18: "it begins on 2026-05-06",
    }
    assert found.risk == policy.risk_of(ask().service)


def test_a_further_restriction_wins(tmp_path: Path) -> None:
    policy = load_rules(tmp_path, "status: tolerated, services: [chatgpt]", RULES[12])
    found = explain(policy, ask(groups=("pilots",)))
    assert [one.why for one in found.lost] == ["rule 2 restricts itself further"]


def test_the_higher_risk_wins(tmp_path: Path) -> None:
    found = explain(load_rules(tmp_path, "status: prohibited, risk: 5", "status: under-review, risk: 2"), ask())
    assert (found.verdict.rule, [one.why for one in found.lost]) == (1, ["rule 1 names a higher risk"])


def test_the_default_and_what_is_not_known(tmp_path: Path) -> None:
    policy = load_rules(tmp_path, RULES[16], RULES[13], RULES[11])
    found = explain(policy, ask(person="person:bert"))
    assert (found.verdict.status, found.scope) == (Status.UNSANCTIONED, None)
    assert found.why == "no rule fits, so that the default stands"
    assert {one.number: one.why for one in found.misfits} == {
        1: "it has dates, and the time is not known",
        2: "the department is not known",
        3: "it is for another person",
    }


def test_the_analyst_sees_names(tmp_path: Path) -> None:
    found = explain(load_rules(tmp_path, "status: tolerated, people: [Anna]"), ask(person="person:anna"))
    assert found.scope == "every service; person Anna"
    assert found.why == "no other rule fits"
    assert found.verdict.scope == "every service; 1 named person"
