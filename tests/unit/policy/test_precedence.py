"""Which rule wins: the most specific one, in any order; and what ties is refused.

The expected winners of the property tests come from a judge of their own below, written from the decision page.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.policy_world import CHATGPT, KNOWN, LINEAGES, SERVICES, ask, load_rules, problems_of

from shadowai.model import Account, Status, Use
from shadowai.policy.policy import Policy
from shadowai.policy.precedence import ties
from shadowai.policy.schema import PolicyFile
from shadowai.verdicts import Question

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

ALL = {
    "department": "Field sales",
    "at": "2026-05-05",
    "person": "person:anna",
    "groups": ("pilots", "contractors"),
    "account": Account.PERSONAL,
    "use": Use.UPLOAD,
}
"""Everything that a question about ChatGPT can tell."""

LADDER = [
    # Each rule is beaten by the next one; all of them fit a question that tells everything.
    "until: 2026-12-31",
    "from: 2026-05-01, until: 2026-12-31",
    "from: 2026-05-01, until: 2026-05-31",
    "accounts: [personal]",
    "accounts: [personal], kinds: [upload]",
    "departments: [Head office], accounts: [personal], kinds: [upload]",
    "departments: [Sales]",
    "departments: [Field sales]",
    "groups: [pilots]",
    "groups: [pilots], departments: [Head office]",
    "people: [anna]",
    "people: [anna], departments: [Head office]",
    "people: [anna], groups: [pilots]",
    "risk: 1",
    "risk: 2",
    "countries: [US], from: 2026-01-01",
    "countries: [US], risk: 1",
    "categories: [chat]",
    "vendors: [OpenAI], accounts: [personal]",
    "vendors: [OpenAI], people: [anna]",
    "vendors: [OpenAI], risk: 1",
    "vendors: [OpenAI], countries: [US]",
    "vendors: [OpenAI], countries: [US], categories: [chat]",
    "services: [chatgpt, claude]",
    "services: [chatgpt], from: 2026-05-05",
    "services: [chatgpt], risk: 1",
]


@pytest.mark.parametrize("at", range(len(LADDER) - 1))
def test_the_more_specific_rule_wins_in_either_order(tmp_path: Path, at: int) -> None:
    wide, close = f"status: prohibited, {LADDER[at]}", f"status: tolerated, {LADDER[at + 1]}"
    for rules in ((wide, close), (close, wide)):
        verdict = load_rules(tmp_path, *rules).status_of(ask(CHATGPT, **ALL))
        assert verdict.status is Status.TOLERATED, rules


def test_the_closest_rule_of_all_wins_over_all(tmp_path: Path) -> None:
    rules = [f"status: prohibited, {rule}" for rule in LADDER[:-1]]
    policy = load_rules(tmp_path, f"status: sanctioned, {LADDER[-1]}", *rules)
    assert policy.status_of(ask(CHATGPT, **ALL)).rule == 1


def test_a_rule_for_everybody_yields_to_a_rule_for_each_service(tmp_path: Path) -> None:
    policy = load_rules(tmp_path, "status: tolerated", "status: prohibited, services: [chatgpt]")
    assert policy.status_of(ask(CHATGPT)).rule == 2
    assert policy.status_of(ask(SERVICES["claude"])).rule == 1


def test_of_two_that_say_the_same_the_earlier_is_named(tmp_path: Path) -> None:
    rules = ("status: tolerated, services: [chatgpt], owner: a", "status: tolerated, services: [chatgpt], owner: b")
    assert load_rules(tmp_path, *rules).status_of(ask()).owner == "a"
    assert load_rules(tmp_path, *reversed(rules)).status_of(ask()).owner == "b"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("services: [chatgpt]", "services: [chatgpt, claude]"),
        ("vendors: [OpenAI]", "vendors: [openai]"),
        ("groups: [pilots]", "groups: [contractors]"),
        ("departments: [Sales]", "departments: [Legal, sales]"),
        ("people: [anna]", "people: [bert, person:anna]"),
        ("people: [anna]", "people: [anna@example.com]"),
        ("accounts: [personal]", "kinds: [upload]"),
        ("kinds: [upload, chat]", "kinds: [chat, code]"),
        ("until: 2026-06-30", "from: 2026-06-30"),
        ("from: 2026-01-01, until: 2026-06-30", "from: 2026-06-01, until: 2026-12-31"),
        ("from: 2026-01-01, until: 2026-06-30", "from: 2026-01-01, until: 2026-06-30"),
        ("risk: 1", "risk: 1.0"),
    ],
)
def test_what_ties_is_refused_with_both_lines_in_either_order(tmp_path: Path, one: str, other: str) -> None:
    rules = [f"- {{status: tolerated, {one}}}\n", f"- {{status: prohibited, {other}}}\n"]
    for first, second in permutations(rules):
        (problem,) = problems_of(tmp_path, f"rules:\n{first}{second}")
        assert problem.startswith("policy.yaml:3: ties with the rule of line 2: ")
        assert "for example of ChatGPT" in problem or "for example of Claude" in problem
        assert "give the one that should win a further key" in problem


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("services: [chatgpt]", "services: [claude]"),
        ("vendors: [OpenAI]", "vendors: [Anthropic]"),
        ("categories: [chat], countries: [CN]", "categories: [chat], countries: [US]"),
        ("departments: [Sales]", "departments: [Head office]"),
        ("departments: [Sales]", "departments: [Legal]"),
        ("people: [anna]", "people: [bert]"),
        ("people: [anna], departments: [Sales]", "people: [anna], departments: [Legal]"),
        ("accounts: [personal]", "accounts: [work, signed-out]"),
        ("kinds: [upload]", "kinds: [chat]"),
        ("until: 2026-05-31", "from: 2026-06-01"),
        ("from: 2026-01-01, until: 2026-12-31", "from: 2026-06-01, until: 2026-12-31"),
        ("groups: [pilots]", "groups: [contractors], departments: [Sales]"),
    ],
)
def test_what_cannot_meet_or_differs_in_rank_is_no_tie(tmp_path: Path, one: str, other: str) -> None:
    rules = (f"status: tolerated, {one}", f"status: prohibited, {other}")
    assert len(load_rules(tmp_path, *rules).rules) == 2
    assert len(load_rules(tmp_path, *reversed(rules)).rules) == 2


def test_the_same_status_never_ties(tmp_path: Path) -> None:
    assert load_rules(tmp_path, "status: tolerated, groups: [pilots]", "status: tolerated, groups: [contractors]")


def test_a_policy_too_large_to_be_compared_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shadowai.policy.precedence.MAX_PAIRS", 10)
    days = [f"2026-01-{day:02}" for day in range(1, 9)]
    rules = [
        f"- {{status: {'tolerated' if at % 2 else 'prohibited'}, from: {day}, until: {day}}}\n"
        for at, day in enumerate(days)
    ]
    (problem,) = problems_of(tmp_path, "rules:\n" + "".join(rules))
    assert problem.startswith("policy.yaml:2: too many rules speak of the same services")


def test_of_very_many_ties_the_first_hundred_are_told(tmp_path: Path) -> None:
    rules = ["status: tolerated", "status: prohibited"] * 30
    assert len(problems_of(tmp_path, "rules:\n" + "".join(f"- {{{rule}}}\n" for rule in rules))) == 100


# A judge of its own: the decision page read word by word, without any index.

_WHAT = ("services", "vendors", "categories", "countries")
_FIELDS = {"services": "id", "vendors": "vendor", "categories": "category", "countries": "country"}


def _fits(rule: dict[str, Any], question: Question, policy: Policy) -> bool:
    service, given_names = question.service, lambda key: [str(name).lower() for name in rule[key]]
    day = None if question.time is None else datetime.fromtimestamp(question.time // 10**9, UTC).date().isoformat()
    return (
        all(key not in rule or getattr(service, _FIELDS[key]).lower() in given_names(key) for key in _WHAT)
        and ("risk" not in rule or policy.risk_of(service).points >= rule["risk"])
        and (
            "departments" not in rule or any(one.lower() in given_names("departments") for one in question.departments)
        )
        and ("people" not in rule or str(question.person).removeprefix("person:") in given_names("people"))
        and ("groups" not in rule or any(one in given_names("groups") for one in question.groups))
        and ("accounts" not in rule or question.account in rule["accounts"])
        and ("kinds" not in rule or question.use in rule["kinds"])
        and (("from" not in rule and "until" not in rule) or day is not None)
        and ("from" not in rule or (day or "") >= rule["from"])
        and ("until" not in rule or (day or "") <= rule["until"])
    )


def _closeness(rule: dict[str, Any], question: Question) -> tuple[Any, ...]:
    order = ("services", "vendors", "categories", "countries", "risk")
    named = [key in rule for key in order]
    what = (5 - named.index(True) if True in named else 0, sum(named), named, rule.get("risk", 0))
    whom = tuple(key in rule for key in ("people", "groups", "departments"))
    own = [name.lower() for name in rule.get("departments", ())]
    near = max((-at for at, name in enumerate(question.departments) if name.lower() in own), default=0)
    return (what, whom, near, ("accounts" in rule) + ("kinds" in rule), ("from" in rule) + ("until" in rule))


def _within(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one.get("from", "") >= other.get("from", "") and one.get("until", "9") <= other.get("until", "9")


def _best(rules: list[dict[str, Any]], question: Question, policy: Policy) -> set[str]:
    """Give the statuses of the rules that no other one beats."""
    fitting = [rule for rule in rules if _fits(rule, question, policy)]
    top = max((_closeness(rule, question) for rule in fitting), default=None)
    best = [rule for rule in fitting if _closeness(rule, question) == top]
    innermost = [one for one in best if not any(_within(other, one) and not _within(one, other) for other in best)]
    return {rule["status"] for rule in innermost} or {"unsanctioned"}


def _some(values: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True)


DAYS = [f"2026-0{month}-01" for month in range(1, 7)]


@st.composite
def rules(draw: st.DrawFn) -> dict[str, Any]:
    rule = draw(
        st.fixed_dictionaries(
            {"status": st.sampled_from([status.value for status in Status])},
            optional={
                "services": _some(list(SERVICES)),
                "vendors": _some(["OpenAI", "GitHub", "DeepSeek"]),
                "categories": _some(["chat", "code"]),
                "countries": _some(["US", "CN"]),
                "risk": st.sampled_from([0.0, 5.8, 6.5]),
                "departments": _some(list(LINEAGES)),
                "people": _some(["anna", "bert"]),
                "groups": _some(["pilots", "contractors"]),
                "accounts": _some([account.value for account in Account]),
                "kinds": _some(["chat", "upload"]),
                "from": st.sampled_from(DAYS),
                "until": st.sampled_from(DAYS),
            },
        )
    )
    if "from" in rule and "until" in rule and rule["until"] < rule["from"]:
        rule["from"], rule["until"] = rule["until"], rule["from"]
    return rule


@st.composite
def questions(draw: st.DrawFn) -> Question:
    start = datetime(2025, 12, 15, tzinfo=UTC)
    day = draw(st.none() | st.integers(0, 240).map(lambda days: start + timedelta(days=days)))
    return Question(
        draw(st.sampled_from(list(SERVICES.values()))),
        draw(st.sampled_from([(), *LINEAGES.values()])),
        None if day is None else int(day.timestamp()) * 10**9,
        draw(st.sampled_from([None, "person:anna", "person:bert"])),
        draw(st.sampled_from([(), ("pilots",), ("contractors", "pilots")])),
        draw(st.none() | st.sampled_from(Account)),
        draw(st.none() | st.sampled_from([Use.CHAT, Use.UPLOAD])),
    )


def _policy(some: list[dict[str, Any]]) -> Policy:
    return Policy(PolicyFile.model_validate({"rules": [dict(rule) for rule in some]}), KNOWN)


def _without_ties(some: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out the later rule of each pair that ties."""
    while tied := ties(_policy(some).by_service):
        some = [rule for at, rule in enumerate(some) if at != tied[0].second.number - 1]
    return some


@settings(max_examples=200)
@given(st.lists(rules(), max_size=9), st.lists(questions(), min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_the_judge_of_the_decision_page_agrees_in_any_order(
    some: list[dict[str, Any]], asked: list[Question], shuffler: Random
) -> None:
    some = _without_ties(some)
    policy = _policy(some)
    shuffled = list(some)
    shuffler.shuffle(shuffled)
    turned = _policy(shuffled)
    assert ties(turned.by_service) == []
    for question in asked:
        verdict = policy.status_of(question)
        assert {verdict.status.value} == _best(some, question, policy)
        assert turned.status_of(question).status is verdict.status


@settings(max_examples=100)
@given(st.lists(rules(), min_size=2, max_size=6), questions())
def test_where_the_judge_finds_two_answers_the_policy_is_refused(
    some: list[dict[str, Any]], question: Question
) -> None:
    policy = _policy(some)
    assert len(_best(some, question, policy)) == 1 or ties(policy.by_service)


@settings(max_examples=60)
@given(st.lists(rules(), max_size=6), questions(), st.integers(0, 6))
def test_a_rule_that_fits_nothing_changes_nothing(some: list[dict[str, Any]], question: Question, at: int) -> None:
    some = _without_ties(some)
    idle = {"status": "prohibited", "services": ["chatgpt"], "countries": ["CN"]}
    before, after = _policy(some), _policy([*some[:at], idle, *some[at:]])
    assert ties(after.by_service) == []
    assert after.status_of(question).status is before.status_of(question).status
