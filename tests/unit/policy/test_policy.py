"""The policy file and its verdicts."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shadowai.errors import UsageError
from shadowai.model import SECOND, ServiceFacts, Status, Verdict
from shadowai.policy import KnownNames, Policy, load_policy

if TYPE_CHECKING:
    from pathlib import Path

KNOWN = KnownNames(
    services={"chatgpt", "github-copilot", "copilot-m365", "deepseek", "claude"},
    vendors={"OpenAI", "Microsoft", "GitHub", "DeepSeek", "Anthropic"},
    categories={"chat", "code"},
    departments={"Engineering", "Sales"},
)
CHATGPT = ServiceFacts("chatgpt", "ChatGPT", "OpenAI", "US", "chat", "Chat", "Assistant")
COPILOT = ServiceFacts("github-copilot", "GitHub Copilot", "GitHub", "US", "code", "Code", "Assistant")
DEEPSEEK = ServiceFacts("deepseek", "DeepSeek", "DeepSeek", "CN", "chat", "Chat", "Assistant")

Case = tuple[ServiceFacts, str | None, str | None, str | None]

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


def ns(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND


def load(folder: Path, text: str | bytes, known: KnownNames = KNOWN) -> Policy:
    path = folder / "policy.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_policy(path, known)


def problems_of(folder: Path, text: str | bytes, known: KnownNames = KNOWN) -> list[str]:
    with pytest.raises(UsageError) as caught:
        load(folder, text, known)
    return [line.removeprefix(f"{folder}/") for line in str(caught.value).splitlines()]


@pytest.fixture
def policy(tmp_path: Path) -> Policy:
    return load(tmp_path, POLICY)


def test_without_a_policy_everything_is_unsanctioned() -> None:
    assert Policy.default().status_of(CHATGPT, "Sales", None, None) == Verdict(Status.UNSANCTIONED)
    assert Policy.default().alternative_for("chatgpt", "chat") is None


@pytest.mark.parametrize(
    ("case", "status", "rule"),
    [
        ((DEEPSEEK, "Sales", "2026-05-05", None), "prohibited", 1),
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
        ((CHATGPT, "Engineering", "2026-05-05", None), "tolerated", None),
        ((DEEPSEEK, None, None, None), "prohibited", 1),
    ],
)
def test_the_first_rule_that_fits_in_every_key_wins(policy: Policy, case: Case, status: str, rule: int | None) -> None:
    service, department, time, person = case
    verdict = policy.status_of(service, department, ns(time) if time else None, person)
    assert (verdict.status, verdict.rule) == (status, rule)


def test_a_verdict_says_why_who_answers_and_until_when(policy: Policy) -> None:
    verdict = policy.status_of(COPILOT, "Engineering", ns("2026-05-05"), None)
    assert verdict == Verdict(Status.SANCTIONED, 2, "ciso@example.com", "Enterprise contract 2026", date(2026, 12, 31))


def test_an_earlier_rule_beats_a_graver_or_closer_later_one(tmp_path: Path) -> None:
    text = "rules:\n- {status: tolerated}\n- {status: prohibited, services: [chatgpt]}\n"
    assert load(tmp_path, text).status_of(CHATGPT, None, None, None) == Verdict(Status.TOLERATED, 1)


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
    found = problems_of(
        tmp_path,
        """default: allowed
rules:
  - status: forbidden
    servces: [chatgpt]
  - services: [chatgtp]
    vendors: [Open AI]
    categories:
      - code
      - chta
    departments: [Enginering]
  - status: sanctioned
    services: chatgpt
    countries: [cn, NO]
    from: 2026-12-31
    until: 2026-01-01
    accounts: [example.com]
  - status: tolerated
    kinds: [chat]
    groups: [staff]
    services: []
    from: 31.12.2026
    until: 2026-01-01 10:00:00
  - status: tolerated
    from: 2026-12-31
    until: 2026-01-01
alternatives: {chat: copilot, vidoe: claude}
other: 1
""",
    )
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
        (16, "accounts: rules by account are not supported yet"),
        (18, "kinds: rules by kind of use are not supported yet"),
        (19, "groups: rules by group are not supported yet"),
        (20, "services is an empty list"),
        (21, "'31.12.2026' is not a date"),
        (22, "without a time"),
        (23, "until lies before from"),
        (26, "services: 'copilot' does not exist; did you mean copilot-m365"),
        (26, "categories or services: 'vidoe' does not exist; correct or remove it"),
        (27, "key 'other' is unknown"),
    ]
    text = "\n".join(found)
    assert sorted(places) == sorted(line for line, _ in expected)
    for line, message in expected:
        assert any(part.startswith(f"policy.yaml:{line}:") and message in part for part in found), (line, message, text)


def test_departments_are_not_checked_where_none_are_known(tmp_path: Path) -> None:
    known = KnownNames(KNOWN.services, KNOWN.vendors, KNOWN.categories)
    policy = load(tmp_path, "rules:\n- {status: tolerated, departments: [Anything]}\n", known)
    assert policy.status_of(CHATGPT, "anything", None, None).rule == 1


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


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80)
@given(st.text(alphabet="rulestadf: -[]{}\n,'\"#&*!0126", max_size=80) | st.binary(max_size=60))
def test_any_file_is_a_policy_or_a_usage_error(tmp_path: Path, text: str | bytes) -> None:
    try:
        policy = load(tmp_path, text)
    except UsageError:
        return
    assert policy.status_of(CHATGPT, None, None, None).status in Status
