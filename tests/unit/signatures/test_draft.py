"""Drafts of new services: ids, suggested examples, problems told before the schema tells them."""

from __future__ import annotations

import pytest

from shadowai.signatures.draft import examples_for, id_of, problem_of


@pytest.mark.parametrize(
    ("name", "expected"),
    [("ChatGPT", "chatgpt"), ("Le Chat (Pro)", "le-chat-pro"), ("Bücher AI", "bucher-ai"), ("通义", "")],
)
def test_an_id_is_made_of_the_name(name: str, expected: str) -> None:
    assert id_of(name) == expected


def test_examples_show_each_kind_as_it_would_be_met() -> None:
    indicators = [
        {"kind": "domain", "value": "alpha.test"},
        {"kind": "pattern", "value": "api-<x>.alpha.test"},
        {"kind": "url", "value": "beta.test/chat"},
        {"kind": "endpoint", "value": ":1234/v1"},
        {"kind": "address", "value": "160.79.104.0/23"},
        {"kind": "protocol", "value": "mcp"},
    ]
    found = examples_for(indicators)
    assert found["match"] == [
        "alpha.test",
        "api-x1.alpha.test",
        "https://beta.test/chat",
        "http://10.0.0.5:1234/v1",
        "160.79.104.0",
        "protocol: mcp",
    ]
    assert found["no_match"][:2] == ["notalpha.test", "alpha.test.evil.test"]
    assert examples_for(indicators[3:])["no_match"] == ["www.example.com"]


@pytest.mark.parametrize(
    ("kind", "value", "role", "message"),
    [
        ("domain", "https://a.test", "api", "path goes into kind url"),
        ("user-agent", "abc", "api", "too short"),
        ("domain", "alpha.test", "evil", "Input should be"),
    ],
)
def test_problems_are_told(kind: str, value: str, role: str, message: str) -> None:
    assert message in (problem_of(kind, value, role) or "")
    assert problem_of("domain", "alpha.test", "api") is None
