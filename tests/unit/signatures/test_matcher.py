from __future__ import annotations

import pickle
from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowai.model import Role
from shadowai.signatures import Matcher, load_database, look_up, needles
from shadowai.signatures.lists import CandidateFinder, CandidatePatterns, IgnoredDomain

if TYPE_CHECKING:
    from pathlib import Path

SERVICES = {
    "chat/alpha": """
        - {kind: domain, value: alpha.test, role: dedicated}
        - {kind: host, value: cdn.alpha.test, role: cdn, confidence: 20}
        - {kind: user-agent, value: AlphaCLI/, role: dedicated}""",
    "model-api/alpha-api": """
        - {kind: host, value: api.alpha.test, role: api}
        - {kind: pattern, value: "<region>-models.cloud.test", role: api}
        - {kind: pattern, value: "runtime.<region>.cloud.test", role: api}""",
    "embedded/office": """
        - {kind: domain, value: office.test, role: embedded}
        - {kind: url, value: office.test/assistant, role: dedicated}
        - {kind: url, value: office.test/assistant/help, role: docs}""",
}

FILE = """name: N
vendor: V
summary: S
verified: 2026-01-01
references: [https://example.com/]
examples: {{match: [x.test], no_match: [y.test]}}
indicators:{indicators}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, indicators in SERVICES.items():
        path = tmp_path / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(FILE.format(indicators=indicators))
    (tmp_path / "categories.yaml").write_text("chat: {name: Chat, data_at_risk: Text}\n")
    (tmp_path / "candidates.yaml").write_text("suffixes: [ai]\nwords: [gpt, llm]\nignore: []\n")
    (tmp_path / "blind-spots.yaml").write_text(
        "- {id: doh, name: DoH, kind: encrypted-dns, domains: [dns.test], references: ['https://example.com']}\n"
    )
    return tmp_path


@pytest.fixture
def matcher(folder: Path) -> Matcher:
    return Matcher(load_database(folder))


@pytest.mark.parametrize(
    ("question", "service", "role"),
    [
        ("alpha.test", "alpha", Role.DEDICATED),
        ("deep.below.alpha.test", "alpha", Role.DEDICATED),
        ("ALPHA.TEST.", "alpha", Role.DEDICATED),
        ("https://alpha.test:8443/x", "alpha", Role.DEDICATED),
        ("notalpha.test", None, None),
        ("alpha.test.evil.example", None, None),
        ("https://evil.example/?u=https://alpha.test/", None, None),
        ("https://alpha.test@evil.example/", None, None),
        ("cdn.alpha.test", "alpha", Role.CDN),
        ("x.cdn.alpha.test", "alpha", Role.DEDICATED),
        ("api.alpha.test", "alpha-api", Role.API),
        ("eu-west-1-models.cloud.test", "alpha-api", Role.API),
        ("-models.cloud.test", None, None),
        ("a.b-models.cloud.test", None, None),
        ("runtime.eu.cloud.test", "alpha-api", Role.API),
        ("runtime.eu.west.cloud.test", None, None),
        ("runtime.eu.cloud.test.evil.example", None, None),
        ("office.test", "office", Role.EMBEDDED),
        ("office.test/assistant", "office", Role.DEDICATED),
        ("office.test/assistant?q=1", "office", Role.DEDICATED),
        ("office.test/assistant/help/1", "office", Role.DOCS),
        ("office.test/assistants", "office", Role.EMBEDDED),
        ("www.office.test/assistant", "office", Role.EMBEDDED),
        ("user-agent: AlphaCLI/1.2 (linux)", "alpha", Role.DEDICATED),
        ("user-agent: Mozilla/5.0 (X; alphacli/1)", "alpha", Role.DEDICATED),
        ("user-agent: NotAlphaCLI/1", None, None),
    ],
)
def test_the_most_specific_indicator_decides(
    matcher: Matcher, question: str, service: str | None, role: Role | None
) -> None:
    match = look_up(matcher, question).match
    assert (match.service, match.role) == (service, role) if match else service is None


def test_the_host_outranks_the_user_agent(matcher: Matcher) -> None:
    match = matcher.match("api.alpha.test", "/v1", "AlphaCLI/1.0")
    assert match is not None
    assert match.service == "alpha-api"


def test_confidence_is_the_files_or_the_roles(matcher: Matcher) -> None:
    given, usual = matcher.match("cdn.alpha.test"), matcher.match("alpha.test")
    assert given is not None
    assert given.confidence == 20
    assert usual is not None
    assert usual.confidence == 95


def test_blind_spots_and_candidates(matcher: Matcher) -> None:
    place = matcher.blind_spot("x.dns.test")
    assert place is not None
    assert place.kind == "encrypted-dns"
    assert matcher.blind_spot("mydns.test") is None
    assert matcher.candidate("new-gpt.example") == "has the word gpt"


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("brand-new.ai", True),
        ("my-gpt.example", True),
        ("gpt4.example", True),
        ("egpt.example", False),
        ("egypt.example", False),
        ("llm", False),
        ("gpt.corp.local", False),
        ("off.ai", False),
        ("www.off.ai", False),
        ("10.0.0.1", False),
    ],
)
def test_candidates_are_told_by_labels(host: str, found: bool) -> None:  # noqa: FBT001  # an expected value
    ignore = (IgnoredDomain(domain="off.ai", reference="https://example.com/"),)
    finder = CandidateFinder(CandidatePatterns(suffixes=("ai",), words=("gpt", "llm"), ignore=ignore))
    assert (finder.reason(host) is not None) is found


def test_a_matcher_crosses_processes(matcher: Matcher) -> None:
    copy = pickle.loads(pickle.dumps(matcher))  # noqa: S301  # our own bytes
    assert copy.match("api.alpha.test") == matcher.match("api.alpha.test")
    assert copy.match(None, None, "AlphaCLI/1") is not None


@given(st.text(max_size=300))
def test_any_question_has_an_answer(question: str) -> None:
    answer = look_up(_shipped(), question)
    assert set(answer.as_json()) == {"input", "service", "category", "indicator", "role", "confidence"}


@cache
def _shipped() -> Matcher:
    return Matcher(load_database())


def test_every_indicator_has_a_needle_that_its_hits_contain(folder: Path) -> None:
    database = load_database(folder)
    texts = [needle.text for needle in needles(database)]
    lines = [
        "GET http://alpha.test/ HTTP/1.1",
        "CONNECT api.alpha.test:443",
        "eu-models.cloud.test",
        "runtime.eu.cloud.test",
        r"{\"url\":\"\/assistant\/help\",\"host\":\"office.test\"}",
        r'"AlphaCLI\/1.0"',
        "brand-new.ai:443",
        "x.dns.test",
    ]
    for line in lines:
        assert any(_needle_hits(text, line.lower()) for text in texts), line


def _needle_hits(text: str, line: str) -> bool:
    pieces = text.split("*")
    return all(piece in line for piece in pieces)
