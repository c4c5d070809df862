"""What `policy check` tells of a policy that can be read, and which exceptions end."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest
from support.policy_world import KNOWN, SERVICES, load, load_rules

from shadowai.policy import check_policy

if TYPE_CHECKING:
    from pathlib import Path

    from shadowai.policy import Policy

ON = date(2026, 11, 20)
OWNED = "owner: ciso@example.com, reason: Contract"


def issues_of(policy: Policy, sort: str | None = None) -> list[tuple[int | None, str, str]]:
    found = check_policy(policy, ON)
    return [(one.line, one.level, one.rule) for one in found if sort in (None, one.rule)]


def test_a_clean_policy_has_no_issue(tmp_path: Path) -> None:
    rules = (f"status: tolerated, services: [claude], {OWNED}", f"status: prohibited, countries: [CN], {OWNED}")
    assert check_policy(load_rules(tmp_path, *rules), ON) == []


def test_a_rule_without_owner_or_reason_is_an_error_here_and_a_warning_in_a_scan(tmp_path: Path) -> None:
    policy = load_rules(tmp_path, f"status: tolerated, {OWNED}", "status: prohibited, countries: [CN], owner: a")
    assert issues_of(policy) == [(3, "error", "no-reason")]
    (warning,) = policy.warnings
    assert warning.startswith(f"{tmp_path}/policy.yaml:3: the rule has no reason")


def test_somebody_whom_the_directory_does_not_know(tmp_path: Path) -> None:
    policy = load_rules(tmp_path, f"status: tolerated, people: [anna@example.com, zoe], {OWNED}")
    (issue,) = check_policy(policy, ON)
    assert (issue.line, issue.level, issue.message) == (2, "warning", "'zoe' is nobody whom the directory knows")
    (warning,) = policy.warnings
    assert "zoe" not in warning  # it stands in reports
    nobody = load_rules(tmp_path, f"status: tolerated, people: [zoe], {OWNED}", known=replace(KNOWN, person=None))
    assert (issues_of(nobody), nobody.warnings) == ([], ())


@pytest.mark.parametrize(
    ("until", "days", "sort"),
    [
        ("2026-11-19", -1, "ended"),
        ("2025-11-20", -365, "ended"),
        ("2026-11-20", 0, "ends-soon"),
        ("2026-11-21", 1, "ends-soon"),
        ("2026-12-20", 30, "ends-soon"),
        ("2026-12-21", None, None),
    ],
)
def test_exceptions_are_told_thirty_days_before_they_end(
    tmp_path: Path, until: str, days: int | None, sort: str | None
) -> None:
    policy = load_rules(tmp_path, f"status: tolerated, services: [claude], people: [anna], until: {until}, {OWNED}")
    assert [one.days_left for one in policy.exceptions(ON)] == ([] if days is None else [days])
    policy = load_rules(tmp_path, f"status: tolerated, services: [claude], until: {until}, {OWNED}")
    assert issues_of(policy) == ([] if sort is None else [(2, "warning", sort)])


def test_an_exception_says_what_whom_and_who_answers(tmp_path: Path) -> None:
    text = f"""warn_days: 100
rules:
- {{status: tolerated, until: 2027-01-31, {OWNED}}}
- {{status: sanctioned, services: [claude], people: [anna, bert], until: 2026-11-30, {OWNED}}}
- {{status: prohibited, countries: [CN], from: 2026-01-01, {OWNED}}}
"""
    first, second = load(tmp_path, text).exceptions(ON)
    assert (first.days_left, second.days_left) == (10, 72)
    assert (first.rule.number, first.rule.line, first.rule.what, first.rule.whom) == (
        2,
        4,
        "service claude",
        "2 named people",
    )
    assert (first.rule.owner, first.rule.reason) == ("ciso@example.com", "Contract")
    assert first.rule.until == date(2026, 11, 30)


@pytest.mark.parametrize(
    "rule",
    [
        "vendors: [OpenAI], countries: [CN]",
        "services: [chatgpt], categories: [code]",
        "countries: [FR]",
        "risk: 10",
    ],
)
def test_a_rule_that_covers_no_service(tmp_path: Path, rule: str) -> None:
    assert issues_of(load_rules(tmp_path, f"status: tolerated, {rule}, {OWNED}")) == [(2, "warning", "no-service")]


def test_what_is_retired(tmp_path: Path) -> None:
    text = f"""rules:
- {{status: tolerated, services: [ChatGPT, claude], {OWNED}}}
- {{status: prohibited, vendors: [OpenAI, Anthropic], countries: [US], {OWNED}}}
alternatives: {{chat: claude}}
"""
    retired = {"claude": date(2026, 1, 1)}
    found = check_policy(load(tmp_path, text), ON, retired)
    assert [(one.line, one.rule, one.message.partition(";")[0]) for one in found if one.rule == "retired"] == [
        (None, "retired", "the alternative for chat, claude, is retired"),
        (2, "retired", "claude was retired on 2026-01-01"),
        (3, "retired", "all services of Anthropic are retired"),
    ]


SHADOWED = [
    (("categories: [code]",), ("services: [github-copilot]",)),
    (("categories: [code], departments: [Field sales]",), ("services: [github-copilot], departments: [Sales]",)),
    (("vendors: [OpenAI]",), ("services: [chatgpt]", "services: [openai-api]")),
    (("categories: [code], accounts: [personal], until: 2027-06-30",), ("services: [github-copilot]",)),
    (("categories: [code], people: [anna]",), ("services: [github-copilot], people: [bert, anna]",)),
]
NOT_SHADOWED = [
    (("vendors: [OpenAI]",), ("services: [chatgpt]",)),
    (("categories: [code]",), ("services: [github-copilot], departments: [Sales]",)),
    (("categories: [code]",), ("services: [github-copilot], accounts: [personal]",)),
    (("categories: [code]",), ("services: [github-copilot], until: 2027-06-30",)),
    (("categories: [code], people: [anna]",), ("services: [github-copilot], departments: [Sales]",)),
    (("departments: [Field sales]",), ("departments: [Sales], kinds: [chat]", "departments: [Sales]")),
]


@pytest.mark.parametrize(("idle", "winners"), SHADOWED)
def test_a_rule_that_never_wins(tmp_path: Path, idle: tuple[str], winners: tuple[str, ...]) -> None:
    rules = [f"status: tolerated, {rule}, {OWNED}" for rule in (*idle, *winners)]
    assert issues_of(load_rules(tmp_path, *rules), "shadowed") == [(2, "warning", "shadowed")]


@pytest.mark.parametrize(("busy", "winners"), NOT_SHADOWED)
def test_a_rule_that_wins_somewhere(tmp_path: Path, busy: tuple[str], winners: tuple[str, ...]) -> None:
    rules = [f"status: tolerated, {rule}, {OWNED}" for rule in (*busy, *winners)]
    assert issues_of(load_rules(tmp_path, *rules), "shadowed") == []


def test_of_two_rules_that_are_the_same_the_later_never_wins(tmp_path: Path) -> None:
    rule = f"status: tolerated, services: [claude], {OWNED}"
    assert issues_of(load_rules(tmp_path, rule, rule)) == [(3, "warning", "shadowed")]


CROSSINGS = [
    ("services: [chatgpt]", "departments: [Legal]"),
    ("services: [chatgpt]", "accounts: [personal]"),
    ("services: [chatgpt]", "kinds: [upload]"),
    ("services: [chatgpt], departments: [Head office]", "categories: [chat], departments: [Legal]"),
    ("services: [chatgpt], departments: [Sales]", "categories: [chat], people: [anna]"),
    ("categories: [chat]", "countries: [CN]"),
    ("vendors: [OpenAI]", "categories: [chat]"),
]
EXCEPTIONS = [
    ("services: [chatgpt]", "categories: [chat]"),
    ("services: [deepseek, claude]", "countries: [CN]"),
    ("services: [chatgpt], departments: [Sales]", "categories: [chat], departments: [Head office]"),
    ("services: [chatgpt], departments: [Sales, Engineering]", "categories: [chat], departments: [Sales]"),
    ("services: [chatgpt], people: [anna]", "categories: [chat], departments: [Legal]"),
    ("services: [chatgpt], people: [anna]", "categories: [chat], people: [bert]"),
    ("services: [chatgpt], accounts: [work]", "accounts: [personal]"),
    ("services: [chatgpt], until: 2026-06-30", "departments: [Legal], from: 2026-07-01"),
    ("services: [chatgpt], departments: [Engineering]", "departments: [Legal]"),
    ("departments: [Field sales]", "departments: [Sales]"),
    ("departments: [Field sales]", "departments: [Sales], from: 2026-01-01, until: 2026-12-31"),
    ("categories: [code]", "countries: [US]"),
]


@pytest.mark.parametrize(("milder", "graver"), CROSSINGS)
def test_a_graver_rule_that_loses_to_one_that_is_no_exception_from_it(tmp_path: Path, milder: str, graver: str) -> None:
    rules = [f"status: prohibited, {graver}, {OWNED}", f"status: tolerated, {milder}, {OWNED}"]
    policy = load_rules(tmp_path, *rules)
    assert issues_of(policy, "crossing") == [(2, "warning", "crossing")]
    (issue,) = [one for one in check_policy(policy, ON) if one.rule == "crossing"]
    assert "loses to the rule of line 3, tolerated" in issue.message
    rules = [f"status: tolerated, {graver}, {OWNED}", f"status: prohibited, {milder}, {OWNED}"]
    assert issues_of(load_rules(tmp_path, *rules), "crossing") == []


SETTLED = [
    "services: [chatgpt], departments: [Legal]",
    "services: [chatgpt], accounts: [personal]",
    "services: [chatgpt], kinds: [upload]",
    "services: [chatgpt], departments: [Legal]",
    "services: [chatgpt], people: [anna]",
    "categories: [chat], countries: [CN]",
    "vendors: [OpenAI], categories: [chat]",
]


@pytest.mark.parametrize("status", ["prohibited", "sanctioned"])
@pytest.mark.parametrize(("pair", "both"), list(zip(CROSSINGS, SETTLED, strict=True)))
def test_a_rule_that_names_both_settles_a_crossing(
    tmp_path: Path, pair: tuple[str, str], both: str, status: str
) -> None:
    milder, graver = pair
    rules = [f"status: prohibited, {graver}, {OWNED}", f"status: tolerated, {milder}, {OWNED}"]
    assert issues_of(load_rules(tmp_path, *rules, f"status: {status}, {both}, {OWNED}"), "crossing") == []


@pytest.mark.parametrize(
    ("milder", "graver", "part"),
    [
        ("services: [chatgpt]", "departments: [Legal]", "services: [chatgpt], departments: [Sales]"),
        ("services: [chatgpt]", "departments: [Legal]", "services: [chatgpt], departments: [Legal], until: 2026-06-30"),
        ("services: [chatgpt]", "departments: [Legal]", "services: [chatgpt], departments: [Legal], kinds: [chat]"),
        ("services: [chatgpt, claude]", "departments: [Legal]", "services: [chatgpt], departments: [Legal]"),
        ("services: [chatgpt]", "departments: [Legal]", "categories: [chat], departments: [Legal]"),
        ("categories: [chat]", "countries: [CN]", "vendors: [DeepSeek], countries: [CN], people: [anna]"),
        (
            "services: [chatgpt], departments: [Head office]",
            "categories: [chat], departments: [Head office], accounts: [personal]",
            "services: [chatgpt], departments: [Legal]",
        ),
    ],
)
def test_a_rule_about_a_part_of_both_does_not_settle_it(tmp_path: Path, milder: str, graver: str, part: str) -> None:
    rules = [f"status: prohibited, {graver}, {OWNED}", f"status: tolerated, {milder}, {OWNED}"]
    policy = load_rules(tmp_path, *rules, f"status: prohibited, {part}, {OWNED}")
    assert (2, "warning", "crossing") in issues_of(policy, "crossing")


@pytest.mark.parametrize(("milder", "graver"), EXCEPTIONS)
def test_an_exception_is_no_crossing(tmp_path: Path, milder: str, graver: str) -> None:
    rules = [f"status: prohibited, {graver}, {OWNED}", f"status: tolerated, {milder}, {OWNED}"]
    assert issues_of(load_rules(tmp_path, *rules), "crossing") == []


def test_an_alternative_that_nobody_may_use(tmp_path: Path) -> None:
    text = f"""rules:
- {{status: under-review, services: [claude], {OWNED}}}
- {{status: sanctioned, services: [copilot-m365], departments: [Sales], {OWNED}}}
alternatives: {{chat: claude, code: copilot-m365}}
"""
    assert issues_of(load(tmp_path, text)) == [(None, "warning", "poor-alternative")]


def test_a_check_of_very_many_pairs_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shadowai.policy.check.MAX_PAIRS", 3)
    rules = [f"status: prohibited, departments: [Legal], services: [{name}], {OWNED}" for name in SERVICES]
    assert issues_of(load_rules(tmp_path, *rules, f"status: tolerated, {OWNED}", f"status: tolerated, {OWNED}")) == []
