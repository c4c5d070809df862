from __future__ import annotations

import ipaddress
import pickle
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowai.model import Role
from shadowai.signatures import Matcher, load_database, look_up, needles
from shadowai.signatures.candidates import CandidateFinder
from shadowai.signatures.database import CandidateRules
from shadowai.signatures.needles import _beginnings

if TYPE_CHECKING:
    from pathlib import Path

SERVICES = {
    "chat/alpha": """
        - {kind: domain, value: alpha.test, role: dedicated}
        - {kind: host, value: cdn.alpha.test, role: cdn, confidence: 20}
        - {kind: host, value: forum.alpha.test, role: dedicated}
        - {kind: user-agent, value: AlphaCLI/, role: dedicated}""",
    "model-api/alpha-api": """
        - {kind: host, value: api.alpha.test, role: api}
        - {kind: pattern, value: "<region>-models.cloud.test", role: api}
        - {kind: pattern, value: "runtime.<region>.cloud.test", role: api}""",
    "self-hosted/runner": """
        - {kind: endpoint, value: ":11434/api", role: api}
        - {kind: endpoint, value: ":11434/v1", role: api}""",
    "self-hosted/compatible": """
        - {kind: endpoint, value: /v1/chat/completions, role: api, confidence: 60}
        - {kind: endpoint, value: /v1/chat/completions/help, role: docs}""",
    "mcp/tool-server": """
        - {kind: protocol, value: mcp, role: api}""",
    "model-api/by-address": """
        - {kind: address, value: 160.0.0.0/12, role: api}
        - {kind: address, value: "2607:6bc0::/48", role: api}""",
    "model-api/inside": """
        - {kind: address, value: 160.0.0.0/24, role: api, confidence: 20}""",
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
        "- {id: doh, name: DoH, kind: encrypted-dns, domains: [dns.test], addresses: [1.2.3.4, '2606::1'], references: ['https://example.com']}\n"
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
        ("status.alpha.test", "alpha", Role.DOCS),
        ("www.help.alpha.test", "alpha", Role.DOCS),
        ("help.eu.alpha.test", "alpha", Role.DEDICATED),
        ("mystatus.alpha.test", "alpha", Role.DEDICATED),
        ("forum.alpha.test", "alpha", Role.DEDICATED),
        ("status.office.test", "office", Role.EMBEDDED),
        ("status.unknown.test", None, None),
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
        ("http://10.0.0.5:11434/api/chat?x=1", "runner", Role.API),
        ("http://10.0.0.5:11434/api", "runner", Role.API),
        ("http://10.0.0.5:11434/apis", None, None),
        ("http://10.0.0.5:11434/", None, None),
        ("http://10.0.0.5:11434", None, None),
        ("http://10.0.0.5/api/chat", None, None),
        ("http://10.0.0.5:11434/v1/chat/completions", "runner", Role.API),
        ("http://alpha.test:11434/api/chat", "alpha", Role.DEDICATED),
        ("https://own.example/v1/chat/completions", "compatible", Role.API),
        ("https://own.example/v1/chat/completions/", "compatible", Role.API),
        ("https://own.example/v1/chat/completions;a=b", "compatible", Role.API),
        ("https://own.example/v1/chat/completions/help/1", "compatible", Role.DOCS),
        ("https://own.example/v1/chat/completionsx", None, None),
        ("https://own.example/v1/chat", None, None),
        ("https://own.example/docs/v1/chat/completions", None, None),
        ("https://own.example/?q=/v1/chat/completions", None, None),
        ("protocol: mcp", "tool-server", Role.API),
        ("PROTOCOL: MCP", "tool-server", Role.API),
        ("protocol: ftp", None, None),
        ("160.0.1.1", "by-address", Role.API),
        ("https://160.0.1.1:8443/x", "by-address", Role.API),
        ("160.0.0.255", "inside", Role.API),
        ("161.0.0.1", None, None),
        ("[2607:6bc0:0:1::5]", "by-address", Role.API),
        ("::ffff:160.0.1.1", "by-address", Role.API),
        ("http://160.0.1.1/v1/chat/completions", "compatible", Role.API),
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


@pytest.mark.parametrize(
    ("contact", "service"),
    [
        # Who speaks first where the host is no known service; the last one of each pair stands back.
        ({"host": "api.alpha.test", "path": "/api", "port": 11434, "protocol": "mcp"}, "alpha-api"),
        ({"host": "own.test", "path": "/api/x", "port": 11434, "protocol": "mcp"}, "runner"),
        (
            {"host": "own.test", "path": "/x", "port": 11434, "protocol": "mcp", "user_agent": "AlphaCLI/1"},
            "tool-server",
        ),
        ({"host": "own.test", "path": "/v1/chat/completions", "user_agent": "AlphaCLI/1"}, "alpha"),
        ({"host": "own.test", "path": "/v1/chat/completions", "user_agent": "curl/8"}, "compatible"),
        ({"host": None, "address": "160.0.1.1"}, "by-address"),
        ({"host": None, "path": "/v1/chat/completions", "address": "160.0.1.1"}, "compatible"),
        ({"host": "own.test", "address": "160.0.1.1"}, None),
        ({"host": "10.0.0.1", "address": "160.0.1.1"}, None),
        ({"host": None, "address": "no address"}, None),
        ({"host": None, "port": 11434}, None),
        ({"host": None}, None),
    ],
)
def test_the_rank_of_what_is_no_name(matcher: Matcher, contact: dict[str, Any], service: str | None) -> None:
    match = matcher.match(**contact)
    assert (match.service if match else None) == service


def test_what_names_no_service_is_less_sure(matcher: Matcher) -> None:
    asked = ["http://a.test:11434/api", "https://a.test/v1/chat/completions", "protocol: mcp", "160.0.1.1", "160.0.0.1"]
    matches = [look_up(matcher, question).match for question in asked]
    assert [match.confidence for match in matches if match] == [75, 60, 85, 40, 20]


def test_confidence_is_the_files_or_the_roles(matcher: Matcher) -> None:
    given, usual, beside = map(matcher.match, ("cdn.alpha.test", "alpha.test", "status.alpha.test"))
    assert given is not None
    assert given.confidence == 20
    assert usual is not None
    assert usual.confidence == 95
    assert beside is not None
    assert beside.confidence == 60


def test_blind_spots_and_candidates(matcher: Matcher) -> None:
    place = matcher.blind_spot("x.dns.test")
    assert place is not None
    assert place.kind == "encrypted-dns"
    assert matcher.blind_spot("mydns.test") is None
    assert matcher.candidate("new-gpt.example") == "has the word gpt"
    for address in ("1.2.3.4", "2606::1", "2606:0::1", "::ffff:1.2.3.4"):
        assert matcher.blind_spot_address(address) == place
    for address in ("1.2.3.5", "2606::2", "dns.test", ""):
        assert matcher.blind_spot_address(address) is None


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
    finder = CandidateFinder(CandidateRules(suffixes=("ai",), words=("gpt", "llm"), ignored=("off.ai",)))
    assert (finder.reason(host) is not None) is found


def test_a_matcher_crosses_processes(matcher: Matcher) -> None:
    copy = pickle.loads(pickle.dumps(matcher))  # noqa: S301  # our own bytes
    assert copy.match("api.alpha.test") == matcher.match("api.alpha.test")
    assert copy.match(None, None, "AlphaCLI/1") is not None
    assert copy.match("own.test", "/api/chat", port=11434) == matcher.match("own.test", "/api/chat", port=11434)


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
        "POST http://10.0.0.5:11434/API/chat",
        "CONNECT 160.15.255.255:443",
        "TCP 2607:6BC0::5 443",
        "TCP 2607:6bc0:0:ffff::5 443",
        r"{\"url\":\"http:\/\/own.test\/v1\/chat\/completions\"}",
    ]
    for line in lines:
        assert any(_needle_hits(text, line.lower()) for text in texts), line


def test_a_range_is_looked_for_by_its_beginnings() -> None:
    assert sorted(_beginnings("160.79.104.0/23")) == ["160.79.104.", "160.79.105."]
    assert list(_beginnings("160.0.0.0/8")) == ["160."]
    assert list(_beginnings("160.79.104.7/32")) == ["160.79.104.7"]
    assert len(list(_beginnings("160.0.0.0/12"))) == 16
    assert list(_beginnings("2607:6bc0::/48")) == ["2607:6bc0:", "2607:6bc0:"]
    assert list(_beginnings("2607:0b0::/44")) == ["2607:00b0:", "2607:b0:"]
    assert list(_beginnings("2607:6bc0:0:5::/64")) == ["2607:6bc0:", "2607:6bc0:"]
    assert list(_beginnings("1:1:1:1:1:1:1:1/128"))[1] == "1:1:1:1:1:1:1:1"


@given(st.ip_addresses(v=4).map(int), st.integers(12, 32), st.integers(0, 2**32 - 1))
def test_every_address_of_a_range_begins_with_one_of_them(base: int, length: int, rest: int) -> None:
    host = 32 - length
    network = ipaddress.ip_network((base >> host << host, length))
    address = str(network[rest % network.num_addresses])
    assert any(address.startswith(text) for text in _beginnings(str(network)))


@given(st.ip_addresses(v=6).map(int), st.integers(28, 128), st.integers(0, 2**128 - 1))
def test_every_longer_address_too(base: int, length: int, rest: int) -> None:
    host = 128 - length
    network = ipaddress.ip_network((base >> host << host, length))
    address = network[rest % network.num_addresses]
    for written in (str(address), address.exploded):
        assert any(written.startswith(text) for text in _beginnings(str(network)))


def _needle_hits(text: str, line: str) -> bool:
    pieces = text.split("*")
    return all(piece in line for piece in pieces)
