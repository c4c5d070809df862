"""The risk of a service: its parts add up, a better fact never raises it, a missing one is told."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.policy_world import CHATGPT, DEEPSEEK, load, load_rules

from shadowai.model import Status
from shadowai.policy import Policy
from shadowai.policy.risk import DEFAULT_WEIGHTS, TRUSTED, assess_service
from shadowai.verdicts import Question, RiskFact, ServiceFacts

if TYPE_CHECKING:
    from pathlib import Path

    from shadowai.result import ScorePart

PAGE = "https://vendor.test/trust"
BEST = {
    "trains_on_customer_data": ("no",),
    "retention": ("none",),
    "enterprise_tier": ("yes",),
    "sso": ("yes",),
    "certifications": ("SOC 2", "ISO 27001", "ISO 42001", "HIPAA"),
    "data_residency": ("US", "EU"),
    "ownership": ("US",),
    "incidents": ("none",),
}
WORST = {
    "trains_on_customer_data": ("yes",),
    "retention": ("indefinitely",),
    "enterprise_tier": ("no",),
    "sso": ("no",),
    "certifications": ("none",),
    "data_residency": ("CN",),
    "ownership": ("CN",),
    "incidents": ("2023-03-20 a", "2024-01-02 b", "2025-01-02 c"),
}


def with_facts(facts: dict[str, tuple[str, ...]], country: str = "US") -> ServiceFacts:
    risk = tuple(RiskFact(name, values, PAGE) for name, values in facts.items())
    return replace(CHATGPT, country=country, risk=risk)


def score(facts: dict[str, tuple[str, ...]], country: str = "US") -> float:
    return Policy.default().risk_of(with_facts(facts, country)).points


def part(name: str, *values: str) -> ScorePart:
    parts = Policy.default().risk_of(with_facts({name: values} if values else {})).parts
    return next(one for one in parts if one.name == name)


def test_the_ends_of_the_scale() -> None:
    assert score(BEST) == 0.0
    assert score(WORST, "CN") == 9.9  # a choice of untrusted places costs 0.4 of 0.5
    assert score(BEST) < score({}) < score(WORST, "CN")


def test_a_service_of_which_nothing_is_known_is_neither_cleared_nor_condemned() -> None:
    # 1.8 + 0.7 + 0.6 + 0.3 + 1.1 + 0.3 + 0.6 + 0.6 + 0.3, off the table of docs/policy.md
    assert score({}, "unknown") == 6.3
    assert score({}) == 5.7


def test_missing_facts_are_named_and_each_costs_more_than_a_good_one() -> None:
    risk = Policy.default().risk_of(with_facts({}, "unknown"))
    assert risk.missing == tuple(DEFAULT_WEIGHTS)
    for name in BEST:
        facts = {key: values for key, values in BEST.items() if key != name}
        found = Policy.default().risk_of(with_facts(facts))
        assert found.missing == (name,)
        assert found.points > 0


@pytest.mark.parametrize(
    ("name", "values", "points"),
    [
        ("trains_on_customer_data", ("opt-out",), 2.0),
        ("trains_on_customer_data", ("opt-in",), 0.5),
        ("trains_on_customer_data", ("maybe",), 1.8),
        ("retention", ("30 days",), 0.3),
        ("retention", ("0 days",), 0.0),
        ("retention", ("12 hours",), 0.1),
        ("retention", ("2 months",), 0.5),
        ("retention", ("30 days, 2 years for feedback",), 0.8),
        ("retention", ("3 years",), 0.9),
        ("retention", ("until deleted",), 0.8),
        ("retention", ("Zero data retention",), 0.0),
        ("retention", ("none on paid plans",), 0.2),
        ("retention", ("none; model providers at most 30 days",), 0.3),
        ("retention", ("kept unless zero data retention is turned on",), 0.8),
        ("retention", ("without limit",), 1.0),
        ("retention", ("up to one year",), 0.7),
        ("retention", ("as long as necessary for business purposes",), 0.8),
        ("retention", ("as written in the contract",), 0.7),
        ("certifications", ("SOC 2 Type II",), 1.0),
        ("certifications", ("SOC 2", "ISO/IEC 27001:2022"), 0.5),
        ("certifications", ("ISO 9001",), 1.5),
        ("data_residency", ("CN", "DE"), 0.0),
        ("ownership", ("CN",), 1.0),
        ("ownership", ("unknown",), 0.6),
        ("incidents", ("2023-03-20 titles were shown to others",), 0.6),
        ("incidents", ("none",), 0.0),
    ],
)
def test_what_a_fact_costs(name: str, values: tuple[str, ...], points: float) -> None:
    assert part(name, *values).points == points


def test_a_part_says_why_and_where_it_stands() -> None:
    found = part("retention", "30 days")
    assert (found.of, found.says, found.reference) == (1.0, "keeps data: 30 days", PAGE)
    assert part("retention").reference is None
    assert "not understood" in part("sso", "perhaps").says


def test_of_a_fact_that_stands_twice_the_worse_one_counts() -> None:
    facts = (RiskFact("sso", ("yes",), "https://a.test"), RiskFact("sso", ("no",), "https://b.test"))
    found = Policy.default().risk_of(replace(CHATGPT, risk=facts))
    assert next((one.points, one.reference) for one in found.parts if one.name == "sso") == (0.5, "https://b.test")


def test_incidents_add_up(tmp_path: Path) -> None:
    facts = tuple(RiskFact("incidents", (f"2025-01-0{day} x",), PAGE) for day in (1, 2))
    found = load(tmp_path, "default: tolerated").risk_of(replace(CHATGPT, risk=facts))
    assert found.parts[-1].points == 0.9
    assert found.parts[-1].says == "2 incidents are known, such as: 2025-01-02 x"


def test_weights_and_trusted_countries_are_the_policy_s(tmp_path: Path) -> None:
    only = ", ".join(f"{name}: {int(name == 'country')}" for name in DEFAULT_WEIGHTS)
    policy = load(tmp_path, f"risk_weights: {{{only}}}\ntrusted_countries: [CN]\n")
    assert [(one.name, one.of) for one in policy.risk_of(CHATGPT).parts] == [("country", 10.0)]
    assert (policy.risk_of(CHATGPT).points, policy.risk_of(DEEPSEEK).points) == (10.0, 0.0)
    assert policy.risk_of(CHATGPT).missing == ()


def test_the_european_union_stands_for_its_members(tmp_path: Path) -> None:
    policy = load(tmp_path, "trusted_countries: [EU]")
    assert policy.risk_of(with_facts(BEST, "FR")).parts[6].points == 0.0
    assert policy.risk_of(with_facts(BEST, "GB")).parts[6].points == 1.0


def test_a_rule_by_risk_covers_what_is_at_least_as_risky(tmp_path: Path) -> None:
    policy = load_rules(tmp_path, "status: prohibited, risk: 6.7")
    assert policy.risk_of(DEEPSEEK).points == 6.7
    assert policy.status_of(Question(DEEPSEEK)).status is Status.PROHIBITED
    assert policy.status_of(Question(CHATGPT)).status is Status.UNSANCTIONED


# From the worst to the best; a step to the right must never cost more.
LADDERS = {
    "trains_on_customer_data": [("yes",), ("opt-out",), ("opt-in",), ("no",)],
    "retention": [
        ("forever",),
        ("5 years",),
        ("400 days",),
        ("1 year",),
        ("90 days",),
        ("30 days",),
        ("1 day",),
        ("none",),
    ],
    "enterprise_tier": [("no",), ("yes",)],
    "sso": [("no",), ("yes",)],
    "certifications": [("none",), ("HIPAA",), ("HIPAA", "SOC 2"), ("HIPAA", "SOC 2", "C5"), BEST["certifications"]],
    "data_residency": [("CN",), ("CN", "US")],
    "ownership": [("CN",), ("JP",)],
    "incidents": [("a", "b", "c"), ("a", "b"), ("a",), ("none",)],
}
_WEIGHTS = st.fixed_dictionaries({name: st.sampled_from([0, 0.1, 1, 2.5, 33.3, 100]) for name in DEFAULT_WEIGHTS})
_STEPS = st.fixed_dictionaries({name: st.integers(-1, len(steps) - 1) for name, steps in LADDERS.items()})


def _at(steps: dict[str, int]) -> dict[str, tuple[str, ...]]:
    return {name: LADDERS[name][step] for name, step in steps.items() if step >= 0}


@given(
    _WEIGHTS.filter(lambda weights: any(weights.values())),
    _STEPS,
    st.sampled_from(list(LADDERS)),
    st.sampled_from(["US", "CN"]),
)
def test_a_better_fact_never_raises_it_and_the_parts_add_up(
    weights: dict[str, Any], steps: dict[str, int], name: str, country: str
) -> None:
    worse = assess_service(with_facts(_at(steps), "CN"), weights, TRUSTED)
    assert round(10 * worse.points) == sum(round(10 * one.points) for one in worse.parts)
    assert round(10 * sum(one.of for one in worse.parts)) == 100
    assert all(0 <= one.points <= one.of for one in worse.parts)
    better_step = min(steps[name] + 1, len(LADDERS[name]) - 1) if steps[name] >= 0 else len(LADDERS[name]) - 1
    better = assess_service(with_facts(_at({**steps, name: better_step}), country), weights, TRUSTED)
    assert better.points <= worse.points


@given(st.lists(st.tuples(st.sampled_from([*DEFAULT_WEIGHTS, "other"]), st.lists(st.text(max_size=30), max_size=3))))
def test_any_facts_give_a_score(facts: list[tuple[str, list[str]]]) -> None:
    risk = tuple(RiskFact(name, tuple(values), PAGE) for name, values in facts)
    found = Policy.default().risk_of(replace(CHATGPT, risk=risk))
    assert 0 <= found.points <= 10
    assert round(10 * found.points) == sum(round(10 * one.points) for one in found.parts)
