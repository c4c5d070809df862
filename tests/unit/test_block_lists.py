"""Which services a list is about: the policy decides, and nobody who may is blocked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shadowai.block_lists import plan_for
from shadowai.errors import UsageError
from shadowai.model import Status
from shadowai.rules import load_rules

if TYPE_CHECKING:
    from pathlib import Path

    from shadowai.exports.blocking import Plan

TIME = 1_795_000_000 * 10**9  # in November 2026
POLICY = """
default: tolerated
rules:
  - status: prohibited
    services: [deepseek, chatgpt, claude, midjourney, perplexity, suno]
    owner: a@b.example
    reason: r
  - {status: sanctioned, services: [chatgpt], departments: [Sales], owner: a@b.example, reason: r}
  - {status: sanctioned, services: [claude], groups: [Staff], owner: a@b.example, reason: r}
  - {status: sanctioned, services: [midjourney], departments: [Sales], until: 2026-01-31, owner: a@b.example, reason: r}
  - {status: sanctioned, services: [perplexity], departments: [Sales], from: 2027-01-31, owner: a@b.example, reason: r}
  - {status: sanctioned, categories: [audio], departments: [Sales], owner: a@b.example, reason: r}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "policy.yaml").write_text(POLICY)
    (tmp_path / "networks.csv").write_text("network,department\n10.0.0.0/8,Sales\n10.1.0.0/16,Legal\n")
    (tmp_path / "departments.csv").write_text("department\nSales\nLegal\n")
    (tmp_path / "people.csv").write_text("user,email,department,groups\nann,ann@b.example,Sales,Staff\n")
    return tmp_path


def plan(folder: Path, department: str | None = None) -> Plan:
    return plan_for(load_rules(folder, folder / "policy.yaml"), Status.PROHIBITED, TIME, department)


def test_whoever_may_is_not_blocked(folder: Path) -> None:
    found = plan(folder)
    assert {one.service for one in found.listed} == {"deepseek", "midjourney", "perplexity", "suno"}
    assert "left out: chatgpt, which rule 2 (sanctioned) allows to some" in found.notes
    assert "left out: claude, which rule 3 (sanctioned) allows to some" in found.notes
    assert {one.status for one in found.listed} == {"prohibited"}


def test_a_department_has_its_own_list(folder: Path) -> None:
    assert "chatgpt" in {one.service for one in plan(folder, "legal").listed}
    found = plan(folder, "Sales")
    assert "chatgpt" not in {one.service for one in found.listed}
    assert not any("chatgpt" in note for note in found.notes)


def test_an_unknown_department_is_named(folder: Path) -> None:
    with pytest.raises(UsageError, match="no department 'Sale'"):
        plan(folder, "Sale")
