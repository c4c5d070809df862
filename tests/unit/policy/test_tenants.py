"""Hosts and paths that prove the organisation's own account."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.policy_world import load, problems_of

from shadowai.policy.tenants import TenantTable, check_tenant

if TYPE_CHECKING:
    from pathlib import Path

TENANTS = """tenants:
  openai-api: [Ours.openai.azure.com, "ours-<region>.api.example.com"]
  chatgpt: [share.example.com/ours, share.example.com/ours/lab/, share.example.com/q?org=7]
  claude: [ours.example.com/claude]
  "*": [ours.example.com]
"""


@pytest.mark.parametrize(
    ("host", "path", "service"),
    [
        ("ours.openai.azure.com", None, "openai-api"),
        ("ours.openai.azure.com", "/v1", "openai-api"),
        ("eu.ours.openai.azure.com", None, "openai-api"),
        ("theirs.openai.azure.com", None, None),
        ("notours.openai.azure.com", None, None),
        ("openai.azure.com", None, None),
        ("ours-eu.api.example.com", None, "openai-api"),
        ("ours-.api.example.com", None, None),
        ("ours-eu.x.api.example.com", None, None),
        ("a.ours-eu.api.example.com", None, None),
        ("share.example.com", "/ours", "chatgpt"),
        ("share.example.com", "/ours?x=1", "chatgpt"),
        ("share.example.com", "/ours/2", "chatgpt"),
        ("share.example.com", "/oursandmore", None),
        ("share.example.com", "/q?org=7&a=1", "chatgpt"),
        ("share.example.com", "/q?org=77", None),
        ("share.example.com", None, None),
        ("ours.example.com", "/claude/1", "claude"),
        ("ours.example.com", "/other", "*"),
        ("x.ours.example.com", None, "*"),
        ("com", None, None),
        ("api.example.com", None, None),
        ("", None, None),
        (None, None, None),
    ],
)
def test_whose_account_a_host_is(tmp_path: Path, host: str | None, path: str | None, service: str | None) -> None:
    assert load(tmp_path, TENANTS).tenant_of(host, path) == service


def test_on_some_hosts_the_path_decides(tmp_path: Path) -> None:
    tenants = load(tmp_path, TENANTS).tenants
    assert [tenants.has_paths(host) for host in ("share.example.com", "ours.openai.azure.com")] == [True, False]


def test_the_longest_path_tells_whose_account_it_is(tmp_path: Path) -> None:
    own = "tenants:\n  chatgpt: [share.example.com/ours]\n  claude: [share.example.com/ours/claude]\n"
    tenants = load(tmp_path, own).tenants
    found = [tenants.find("share.example.com", path) for path in ("/ours/claude/1", "/ours/claudette", "/theirs")]
    assert found == ["claude", "chatgpt", None]


def test_a_list_is_of_any_service(tmp_path: Path) -> None:
    assert load(tmp_path, "tenants: [ours.example.com]").tenant_of("ours.example.com") == "*"
    assert load(tmp_path, "default: tolerated").tenant_of("ours.example.com") is None


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("https://ours.example.com", "without scheme"),
        ("'*.example.com'", "without scheme or *"),
        ("localhost", "two labels or more"),
        ("10.0.0.5", "two labels or more"),
        ("'[2001:db8::1]'", "two labels or more"),
        ("'a b.example.com'", "two labels or more"),
        ("ours.<region>.com", "in the last two labels"),
        ("<ours>.example.com/path", "nor in front of a path"),
        ("<a><b>.ours.example.com", "at most one"),
        ("'ours.example.com/a b'", "printable characters"),
        (f"{'a.' * 300}example.com", "write a host"),
        ("5", "no host name"),
        ("chatgpt.com", "covers chatgpt.com, which everybody uses"),
        ("openai.azure.com", "covers <resource>.openai.azure.com, which everybody uses"),
        ("<ours>.openai.azure.com", "covers <resource>.openai.azure.com, which everybody uses"),
        ("'id:'", "write one id"),
        ("'id:a,b'", "write one id"),
        ("'id:a b'", "write one id"),
        (f"id:{'a' * 600}", "write one id"),
        ("www.bing.com/chat", "covers www.bing.com/chat, which everybody uses"),
    ],
)
def test_what_proves_no_account_of_ours_is_refused(tmp_path: Path, entry: str, message: str) -> None:
    (problem,) = problems_of(tmp_path, f"tenants:\n  chatgpt:\n  - ours.example.com\n  - {entry}\n")
    assert problem.startswith("policy.yaml:4: ")
    assert message in problem


def test_a_tenant_stands_once_and_under_a_service_that_exists(tmp_path: Path) -> None:
    good = "tenants:\n  chatgpt: [ours.example.com]\n"
    text = good + "  claude: [ours.example.com]\n  chatgtp: [b.example.com]\n  claud: 5\n"
    assert [problem.partition("; ")[0] for problem in problems_of(tmp_path, text)] == [
        "policy.yaml:3: tenants: 'ours.example.com' is already given for chatgpt",
        "policy.yaml:4: services: 'chatgtp' does not exist",
        "policy.yaml:5: claud is not a list",
        "policy.yaml:5: services: 'claud' does not exist",
    ]
    (problem,) = problems_of(tmp_path, "tenants:\n- a.example.com\n- a.example.com\n")
    assert problem.startswith("policy.yaml:3: tenants: 'a.example.com' is already given")


def test_an_account_is_ours_if_all_its_ids_are(tmp_path: Path) -> None:
    own = 'tenants:\n  chatgpt: ["id: 5C1F-a", id:lab, ours.example.com]\n  "*": [id:example.com]\n'
    tenants = load(tmp_path, own).tenants
    asked = ("5c1f-A", "5c1f-a, LAB", "lab,example.com", "lab,theirs", "theirs", "", "ours.example.com")
    assert [tenants.is_own(one, "chatgpt") for one in asked] == [True, True, True, False, False, False, False]
    assert [tenants.is_own(one, "claude") for one in asked[:4]] == [False] * 4
    assert tenants.is_own("example.com", "claude")
    assert [tenants.knows(one) for one in asked] == [True, True, True, True, False, False, False]
    assert tenants.find("lab") is None


@given(st.text(max_size=40) | st.text(alphabet="a.<>b-/*x:", max_size=30), st.text(alphabet="ab.-x", max_size=60))
def test_any_text_is_a_tenant_or_refused(text: str, host: str) -> None:
    try:
        entry = check_tenant(text)
    except ValueError:
        return
    assert check_tenant(entry) == entry
    table = TenantTable({"a": [entry]})
    if entry.startswith("id:"):
        assert table.is_own(entry.removeprefix("id:"), "a")
    elif "<" not in entry:
        plain, slash, path = entry.partition("/")
        assert table.find(plain, slash + path or None) == "a"
    assert table.find(host) in (None, "a")


def test_a_long_hostile_host_is_looked_up_at_once() -> None:
    table = TenantTable({"a": ["<a>.<b>.x.<c>.ours.example.com"]})
    began = time.process_time()
    for _ in range(1000):
        table.find(("a" * 63 + ".") * 3 + "y.z.ours.example.com")
    assert time.process_time() - began < 1
