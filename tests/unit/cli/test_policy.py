"""`shadowai policy`: check and explain."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from shadowai import resources
from shadowai.cli import cli
from shadowai.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

OWNED = "owner: ciso@example.com, reason: Contract"


def _run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["policy", *map(str, arguments)])


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_text(
        f"""rules:
- {{status: prohibited, departments: [Sales], {OWNED}}}
- {{status: tolerated, services: [chatgpt, claude], until: 2026-11-30, {OWNED}}}
- {{status: sanctioned, services: [chatgpt], people: [ann@example.com], {OWNED}}}
- {{status: prohibited, services: [chatgpt], groups: [interns], {OWNED}}}
alternatives: {{chat: claude}}
"""
    )
    return path


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    folder = tmp_path / "directory"
    folder.mkdir()
    (folder / "people.csv").write_text("user,email,department\nann,ann@example.com,Field sales\n")
    (folder / "departments.csv").write_text("department,parent\nSales,\nField sales,Sales\n")
    return folder


def test_the_shipped_policy_is_clean() -> None:
    done = _run("check", resources.samples() / "policy.yaml", "--directory", resources.samples(), "--at", "2026-01-01")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "8 rules: no errors, no warnings\n")


def test_warnings_alone_do_not_fail(policy: Path, directory: Path) -> None:
    done = _run("check", policy, "--directory", directory, "--at", "2026-11-20")
    assert done.exit_code == 0
    crossing, ends = done.stdout.splitlines()
    assert crossing.startswith(f"{policy}:2: warning: prohibited (every service; department Sales) loses to the rule")
    assert ends == f"{policy}:3: warning: ends on 2026-11-30, in 10 days; renew it or let it end [ends-soon]"
    assert done.stderr == "4 rules: no errors, 2 warnings\n"


def test_a_rule_without_owner_fails(policy: Path) -> None:
    policy.write_text("rules:\n- {status: tolerated, services: [chatgpt], reason: none}\n")
    done = _run("check", policy, "--json")
    assert done.exit_code == 2
    assert json.loads(done.stdout) == {
        "file": str(policy),
        "line": 2,
        "level": "error",
        "rule": "no-owner",
        "message": "the rule has no owner; every rule needs one",
    }


def test_a_policy_that_cannot_be_read_is_a_usage_error(policy: Path) -> None:
    policy.write_text("rules:\n- {status: tolerated}\n- {status: prohibited}\n")
    done = _run("check", policy)
    assert isinstance(done.exception, UsageError)
    assert f"{policy}:3: ties with the rule of line 2" in str(done.exception)


def test_why_a_policy_cannot_be_read_is_told_in_json_too(policy: Path) -> None:
    policy.write_text("default: nothing\nrules:\n- {status: tolerated, services: [chatgtp]}\n")
    done = _run("check", policy, "--json")
    assert done.exit_code == 2
    issues = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(one["file"], one["line"], one["level"], one["rule"]) for one in issues] == [
        (str(policy), 1, "error", "refused"),
        (str(policy), 3, "error", "refused"),
    ]
    assert issues[1]["message"].startswith("services: 'chatgtp' does not exist; did you mean chatgpt")
    assert isinstance(_run("check", policy).exception, UsageError)
    policy.write_text("rules: [\n")
    (issue,) = [json.loads(line) for line in _run("check", policy, "--json").stdout.splitlines()]
    assert issue["rule"] == "refused"
    policy.unlink()
    (issue,) = [json.loads(line) for line in _run("check", policy, "--json").stdout.splitlines()]
    assert (issue["line"], issue["level"]) == (None, "error")


def test_errors_of_other_files_are_not_the_policy_s(policy: Path, tmp_path: Path) -> None:
    (tmp_path / "people").mkdir()
    (tmp_path / "people" / "people.csv").write_text("nothing\n")
    assert isinstance(_run("check", policy, "--json", "--directory", tmp_path / "people").exception, UsageError)


def test_the_policy_of_the_settings(policy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(_run("check").exception, UsageError)
    monkeypatch.setenv("SHADOWAI_POLICY", str(policy))
    assert _run("check").exit_code == 0
    assert _run("explain", "chatgpt").exit_code == 0


def _explain(*arguments: str | Path) -> dict[str, object]:
    done = _run("explain", *arguments, "--json", "--at", "2026-05-05T12:00")
    assert done.exit_code == 0, done.output
    document: dict[str, object] = json.loads(done.stdout)
    return document


def test_what_is_not_said_of_a_person_the_directory_says(policy: Path, directory: Path) -> None:
    found = _explain("chatgpt", "--policy", policy, "--directory", directory, "--person", "EXAMPLE\\ann")
    assert (found["person"], found["departments"]) == ("person:ann", ["Field sales", "Sales"])
    assert (found["status"], found["rule"], found["line"]) == ("sanctioned", 3, 4)
    assert found["why"] == "it is the most specific rule that fits"
    assert [one["number"] for one in found["lost"]] == [2, 1]
    assert found["at"] == "2026-05-05"


def test_a_department_is_found_with_those_above_it(policy: Path, directory: Path) -> None:
    found = _explain("copilot", "--policy", policy, "--directory", directory, "--department", "field SALES")
    assert (found["status"], found["rule"], found["departments"]) == ("prohibited", 1, ["Field sales", "Sales"])
    asked = _run("explain", "copilot", "--policy", policy, "--directory", directory, "--department", "Slaes")
    assert "did you mean Sales" in str(asked.exception)


def test_account_kind_and_groups_are_asked_for(policy: Path) -> None:
    options = ("--account", "personal", "--kind", "upload", "--group", "interns", "--department", "Sales")
    found = _explain("ChatGPT", "--policy", policy, *options)
    assert (found["account"], found["kind"], found["groups"]) == ("personal", "upload", ["interns"])
    assert (found["status"], found["rule"]) == ("prohibited", 4)


def test_the_risk_is_told_with_its_parts(policy: Path) -> None:
    risk = _explain("chatgpt", "--policy", policy)["risk"]
    assert isinstance(risk, dict)
    assert round(10 * risk["points"]) == sum(round(10 * part["points"]) for part in risk["parts"])


def test_a_page_for_a_reader(policy: Path) -> None:
    done = _run("explain", "chatgpt", "--policy", policy, "--department", "Sales", "--at", "2026-12-01")
    lines = done.stdout.splitlines()
    assert lines[:4] == [
        "ChatGPT (chatgpt): OpenAI, category chat, country US",
        "asked    Sales, on 2026-12-01",
        f"status   prohibited, by rule 1 ({policy}:2): no other rule fits",
        "covers   every service; department Sales",
    ]
    assert "instead  claude" in lines
    assert "do not fit" in lines
    assert "    it ended on 2026-11-30" in lines
    assert any(line.startswith("risk     ") and line.endswith(" of 10") for line in lines)
    default = _run("explain", "deepseek", "--policy", policy)
    assert "status   unsanctioned, by the policy's default: no rule fits, so that the default stands" in default.stdout


def test_an_unknown_service_names_the_ones_like_it(policy: Path) -> None:
    assert "did you mean chatgpt" in str(_run("explain", "chatgtp", "--policy", policy).exception)


@pytest.mark.parametrize("command", ["check", "explain"])
def test_help_fits_a_narrow_terminal_and_has_examples(command: str) -> None:
    done = CliRunner().invoke(cli, ["policy", command, "--help"], terminal_width=80)
    assert "Examples:" in done.output
    assert max(map(len, done.output.splitlines())) <= 80
