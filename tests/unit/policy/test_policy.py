"""The policy file: what is read from it, and what is refused with its line."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.policy_world import (
    CHATGPT,
    COPILOT,
    DEEPSEEK,
    KNOWN,
    SERVICES,
    ask,
    load,
    load_rules,
    problems_of,
    service,
)

from shadowai.errors import UsageError
from shadowai.model import Status
from shadowai.policy import KnownNames, Policy, PolicyFile, Rule, load_policy
from shadowai.policy.risk import DEFAULT_WEIGHTS
from shadowai.verdicts import ServiceFacts, Verdict

POLICY = """# ours
default: tolerated
rules:
  - status: prohibited
    countries: [CN]
    reason: Data leaves the country
  - status: sanctioned
    services: [github-copilot]
    departments: [Engineering]
    from: 2026-01-01
    until: 2026-12-31
    owner: ciso@example.com
    reason: Enterprise contract 2026
  - status: under-review
    vendors: [openai]
    people: [Anna, "CORP\\\\bert"]
  - status: unsanctioned
    categories: [chat]
    departments: [sales]
alternatives: {chat: copilot-m365, chatgpt: claude}
"""


@pytest.fixture
def policy(tmp_path: Path) -> Policy:
    return load(tmp_path, POLICY)


def test_without_a_policy_everything_is_unsanctioned() -> None:
    assert Policy.default().status_of(ask(CHATGPT, "Sales")) == Verdict(Status.UNSANCTIONED)
    assert Policy.default().alternative_for("chatgpt", "chat") is None
    assert Policy.default().exceptions(date(2026, 1, 1)) == ()


@pytest.mark.parametrize(
    ("case", "status", "rule"),
    [
        ((COPILOT, "Engineering", "2026-05-05", None), "sanctioned", 2),
        ((COPILOT, "ENGINEERING", "2026-05-05", None), "sanctioned", 2),
        ((COPILOT, "Engineering", "2025-12-31T23:59:59", None), "tolerated", None),
        ((COPILOT, "Engineering", "2026-01-01T00:00:00", None), "sanctioned", 2),
        ((COPILOT, "Engineering", "2026-12-31T23:59:59", None), "sanctioned", 2),
        ((COPILOT, "Engineering", "2027-01-01T00:00:00", None), "tolerated", None),
        ((COPILOT, "Engineering", None, None), "tolerated", None),
        ((COPILOT, None, "2026-05-05", None), "tolerated", None),
        ((CHATGPT, "Sales", "2026-05-05", "person:anna"), "under-review", 3),
        ((CHATGPT, "Sales", "2026-05-05", "anna"), "under-review", 3),
        ((CHATGPT, "Sales", "2026-05-05", "person:corp\\bert"), "under-review", 3),
        ((CHATGPT, "Sales", "2026-05-05", "address:10.0.0.1"), "unsanctioned", 4),
        ((CHATGPT, "Sales", None, None), "unsanctioned", 4),
        ((CHATGPT, "Field sales", None, None), "unsanctioned", 4),
        ((CHATGPT, "Head office", None, None), "tolerated", None),
        ((CHATGPT, "Engineering", "2026-05-05", None), "tolerated", None),
        ((DEEPSEEK, None, None, None), "prohibited", 1),
    ],
)
def test_a_rule_fits_where_each_of_its_keys_does(
    policy: Policy, case: tuple[object, ...], status: str, rule: int | None
) -> None:
    facts, department, at, person = case
    verdict = policy.status_of(ask(facts, department, at, person=person))
    assert (verdict.status, verdict.rule) == (status, rule)


def test_a_verdict_says_why_who_answers_where_it_stands_and_until_when(policy: Policy) -> None:
    assert policy.status_of(ask(COPILOT, "Engineering", "2026-05-05")) == Verdict(
        Status.SANCTIONED,
        2,
        "ciso@example.com",
        "Enterprise contract 2026",
        date(2026, 12, 31),
        7,
        "service github-copilot; department Engineering; from 2026-01-01 until 2026-12-31",
    )


def test_what_reports_say_of_a_rule_names_nobody(policy: Policy) -> None:
    assert policy.status_of(ask(CHATGPT, person="person:anna")).scope == "vendor openai; 2 named people"
    texts = [(rule.number, rule.what, rule.whom, rule.period) for rule in policy.rules]
    assert texts[0] == (1, "country CN", "everyone", None)
    assert texts[2] == (3, "vendor openai", "2 named people", None)
    assert not any("nna" in str(rule) for rule in policy.rules)


def test_a_person_is_known_by_any_of_their_names(tmp_path: Path) -> None:
    policy = load_rules(tmp_path, "status: tolerated, people: [Anna@example.com], owner: a, reason: b")
    assert policy.status_of(ask(person="person:anna")).rule == 1
    assert policy.status_of(ask(person="person:bert")).rule is None
    assert policy.warnings == ()


def test_a_service_that_the_database_does_not_have_is_judged_too(tmp_path: Path) -> None:
    policy = load_rules(
        tmp_path, "status: tolerated, vendors: [OpenAI]", "status: prohibited, risk: 5, countries: [CN]"
    )
    assert policy.status_of(ask(service("new", "New", "openai", "US", "chat"))).rule == 1
    assert policy.status_of(ask(service("newer", "Newer", "Other", "CN", "chat"))).rule == 2
    assert policy.status_of(ask(service("newest", "Newest", "Other", "US", "chat"))).rule is None


@pytest.mark.parametrize(("least", "rule"), [(5.7, 1), (5.8, None)])
@pytest.mark.parametrize("facts", [CHATGPT, service("new", "New", "Other", "US", "chat")])
def test_a_rule_by_risk_is_about_services_of_at_least_that(
    tmp_path: Path, facts: ServiceFacts, least: float, rule: int | None
) -> None:
    # A service of which nothing but a trusted country is known has 5.7 (docs/policy.md).
    policy = load_rules(tmp_path, f"status: prohibited, risk: {least}")
    assert policy.status_of(ask(facts)).rule == rule


def test_what_the_rules_ask_for(policy: Policy, tmp_path: Path) -> None:
    assert policy.asks == {"who", "start"}
    rules = ("status: tolerated, groups: [pilots]", "status: tolerated, accounts: [work], kinds: [chat]")
    assert load_rules(tmp_path, *rules).asks == {"groups", "account", "use"}
    assert Policy.default().asks == frozenset()


def test_services_beside_the_database_are_remembered_up_to_a_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shadowai.policy.policy._CACHE_LIMIT", 2)
    policy = load_rules(tmp_path, "status: tolerated, vendors: [OpenAI]")
    for at in (1, 2, 3, 3, 1):
        assert policy.status_of(ask(service(f"new{at}", "New", "OpenAI", "US", "chat"))).rule == 1


def test_the_service_s_own_alternative_comes_before_its_category_s(policy: Policy) -> None:
    assert policy.alternative_for("chatgpt", "chat") == "claude"
    assert policy.alternative_for("deepseek", "chat") == "copilot-m365"
    assert policy.alternative_for("copilot-m365", "chat") is None
    assert policy.alternative_for("github-copilot", "code") is None


def test_the_digest_depends_on_the_content_and_the_order_of_rules_only(tmp_path: Path) -> None:
    one = load(tmp_path, "rules:\n- {status: tolerated}\n- {status: prohibited, services: [chatgpt]}\n").digest
    spaced = (
        "# c\ndefault: unsanctioned\nrules:\n  - status: 'tolerated'\n\n  - {services: [chatgpt], status: prohibited}\n"
    )
    turned = "rules:\n- {status: prohibited, services: [chatgpt]}\n- {status: tolerated}\n"
    assert load(tmp_path, spaced).digest == one
    assert load(tmp_path, turned).digest != one
    assert Policy.default().digest == load(tmp_path, "default: unsanctioned\n").digest


def test_every_problem_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    folder = Path(__file__).parent
    found = problems_of(tmp_path, (folder / "wrong.yaml").read_text(encoding="utf-8"))
    places = [int(line.split(":")[1]) for line in found]
    expected = [
        (1, "default: Input should be 'sanctioned'"),
        (3, "status: Input should be"),
        (4, "key 'servces' is unknown; did you mean services?"),
        (5, "status is missing"),
        (5, "services: 'chatgtp' does not exist; did you mean chatgpt?"),
        (6, "vendors: 'Open AI' does not exist; did you mean OpenAI?"),
        (9, "categories: 'chta' does not exist; did you mean chat?"),
        (10, "departments: 'Enginering' does not exist; did you mean Engineering?"),
        (12, "services is not a list; write it in brackets"),
        (13, "'cn' is not a country; write two capital letters"),
        (13, "put the code in quotes: 'NO'"),
        (16, "'persnal' is no account; did you mean personal?"),
        (18, "'look-up' is no kind of use"),
        (20, "services is an empty list"),
        (21, "'31.12.2026' is not a date"),
        (22, "without a time"),
        (23, "until lies before from"),
        (26, "risk: Input should be less than or equal to 10"),
        (27, "risk: Input should be a valid number"),
        (28, "services: 'copilot' does not exist; did you mean copilot-m365"),
        (28, "categories or services: 'vidoe' does not exist; correct or remove it"),
        (30, "'10 Mb' is no size; write it as 100 kB, 2 MB, 1 MiB"),
        (31, "key 'downlod' is unknown; correct or remove it"),
        (32, "retention: Input should be greater than or equal to 0"),
        (33, "warn_days: Input should be a valid integer"),
        (34, "key 'other' is unknown"),
    ]
    text = "\n".join(found)
    assert sorted(places) == sorted(line for line, _ in expected), text
    for line, message in expected:
        assert any(part.startswith(f"policy.yaml:{line}:") and message in part for part in found), (line, message, text)


def test_a_group_without_members_is_a_warning(tmp_path: Path) -> None:
    policy = load_rules(tmp_path, "status: tolerated, groups: [pilot], owner: a, reason: b")
    (warning,) = policy.warnings
    assert "groups: 'pilot' does not exist; did you mean pilots?: it covers nobody" in warning


def test_departments_and_groups_are_not_checked_where_none_are_known(tmp_path: Path) -> None:
    known = KnownNames(SERVICES, KNOWN.categories)
    rules = ("status: tolerated, departments: [Anything]", "status: prohibited, groups: [some]")
    policy = load_rules(tmp_path, *rules, known=known)
    assert policy.status_of(ask(CHATGPT, "anything")).rule == 1
    assert policy.status_of(ask(CHATGPT, groups=("Some",))).rule == 2


def test_limits_are_sizes_with_units(tmp_path: Path) -> None:
    assert load(tmp_path, "default: tolerated").limits.upload.request == 100_000
    assert load(tmp_path, "default: tolerated").limits.upload.connection == 1_000_000
    upload = load(tmp_path, "limits: {upload: {request: 1.5 MiB, connection: 2 GB}}").limits.upload
    assert (upload.request, upload.connection) == (1_572_864, 2_000_000_000)
    upload = load(tmp_path, "limits: {upload: 300000}").limits.upload
    assert (upload.request, upload.connection) == (300_000, 300_000)


@pytest.mark.parametrize("size", ["0", "true", "-1", "1.5", "10 kb", "1e3", "'9999999 TB'", "'0.1 B'", "[1]", "''"])
def test_what_is_no_size_is_refused(tmp_path: Path, size: str) -> None:
    (first, *_) = problems_of(tmp_path, f"limits:\n  upload:\n    request: {size}\n")
    assert first.startswith("policy.yaml:3:")


def test_weights_that_are_all_zero_are_refused(tmp_path: Path) -> None:
    weights = ", ".join(f"{name}: 0" for name in DEFAULT_WEIGHTS)
    assert problems_of(tmp_path, f"risk_weights: {{{weights}}}\n") == [
        "policy.yaml:1: all risk_weights are 0; give at least one of them a weight"
    ]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("default: tolerated\ndefault: prohibited\n", 2, "'default' stands twice"),
        ("rules:\n- status: tolerated\n  status: prohibited\n", 3, "'status' stands twice"),
        ("rules: [\n", 2, "not valid YAML"),
        ("", 1, "is not a policy"),
        ("- a\n", 1, "is not a policy"),
        (b"\xff\xfe\xff", None, "not valid YAML"),
        ("rules: 5\n", 1, "rules is not a list"),
        ("rules:\n- 5\n", 2, "Input should be a valid dictionary"),
        ("1: 2\n", 1, "Keys should be strings"),
        ("rules:\n- {status: tolerated, services: [5]}\n", 2, "Input should be a valid string"),
        ("alternatives: [a]\n", 1, "Input should be a valid dictionary"),
        ("tenants: 5\n", 1, "Input should be a valid dictionary"),
        ("limits: {upload: [a]}\n", 1, "Input should be a valid dictionary"),
        ("trusted_countries: [Germany]\n", 1, "'Germany' is not a country"),
    ],
)
def test_what_is_no_policy_is_refused_with_its_line(
    tmp_path: Path, text: str | bytes, line: int | None, message: str
) -> None:
    (first, *_) = problems_of(tmp_path, text)
    assert message in first
    assert line is None or first.startswith(f"policy.yaml:{line}:")


def test_a_missing_file_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        load_policy(tmp_path / "policy.yaml", KNOWN)


def test_what_grows_without_bound_is_refused(tmp_path: Path) -> None:
    rules = "rules: [" + "{status: tolerated}, " * 10_001 + "]\n"
    assert problems_of(tmp_path, f"# many\n{rules}")[0].startswith("policy.yaml:2: holds 10,001 rules")
    names = ", ".join(["chatgpt"] * 1000)
    rule = f"rules:\n- &r {{status: tolerated, services: [{names}]}}\n" + "- *r\n" * 300
    assert problems_of(tmp_path, rule)[0].startswith("policy.yaml:2: names 301,000 things in its rules")


def test_of_very_many_problems_the_first_are_told(tmp_path: Path) -> None:
    text = "rules:\n" + "- {status: tolerated, services: [nothing-like-it]}\n" * 5000
    found = problems_of(tmp_path, text)
    assert len(found) <= 101
    assert found[0].startswith("policy.yaml:2: services: 'nothing-like-it' does not exist")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80)
@given(st.text(alphabet="rulestadf: -[]{}\n,'\"#&*!0126", max_size=80) | st.binary(max_size=60))
def test_any_file_is_a_policy_or_a_usage_error(tmp_path: Path, text: str | bytes) -> None:
    try:
        policy = load(tmp_path, text)
    except UsageError:
        return
    assert policy.status_of(ask()).status in Status


_KEYS = ("default", "rules", "alternatives", "tenants", "limits", "risk_weights", "trusted_countries", "warn_days")
_INNER = ("status", "services", "risk", "accounts", "kinds", "people", "from", "until", "upload", "request", "*")
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["tolerated", "chatgpt", "1 kB", "a.b/<c>"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_INNER), inner, max_size=4),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(st.dictionaries(st.sampled_from(_KEYS), _VALUES, max_size=4))
def test_any_document_is_a_policy_or_a_usage_error(tmp_path: Path, document: dict[str, object]) -> None:
    import yaml  # only this test writes YAML

    try:
        policy = load(tmp_path, yaml.safe_dump(document))
    except UsageError:
        return
    assert policy.status_of(ask()).status in Status


def test_the_manual_s_own_policy_is_one(tmp_path: Path) -> None:
    manual = (Path(__file__).parents[3] / "docs" / "policy.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"```yaml\n(.*?)```", manual, re.DOTALL)
    known = replace(KNOWN, services={**SERVICES, "azure-openai": service("azure-openai", "", "", "US", "model-api")})
    assert len(load(tmp_path, text, known).rules) == 3
    for name, weight in DEFAULT_WEIGHTS.items():
        assert f"| `{name}` | {weight} |" in manual
    for key in (*Rule.model_fields, *PolicyFile.model_fields):
        assert f"`{key.rstrip('_')}`" in manual, key
