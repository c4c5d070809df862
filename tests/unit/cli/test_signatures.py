"""`shadowai signatures`: what those need who write signatures."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result
from support.signature_folders import FILE, Write, service_text, signature_folder

from shadowai.cli import cli
from shadowai.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


def _run(*arguments: str | Path, stdin: str | None = None) -> Result:
    return CliRunner().invoke(cli, ["signatures", *map(str, arguments)], input=stdin)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    return signature_folder(tmp_path)


def test_lint_prints_file_line_rule_and_message(write: Write) -> None:
    folder = write("chat/alpha.yaml", service_text("kind: domain, value: github.com, role: api", match="github.com"))
    done = _run("lint", "--folder", folder)
    path = folder / "chat" / "alpha.yaml"
    line = f"{path}:7: shared-platform: github.com serves many things; name a host below it, or a URL"
    assert done.stdout == line + "\n"
    assert "1 service, 1 indicator: 1 error, no warnings" in done.stderr
    assert done.exit_code == 2
    (issue,) = map(json.loads, _run("lint", path, "--folder", folder, "--json").stdout.splitlines())
    assert (issue["path"], issue["line"], issue["rule"], issue["level"]) == (str(path), 7, "shared-platform", "error")


def test_warnings_alone_do_not_fail(write: Write) -> None:
    folder = write("chat/alpha.yaml", FILE.replace("2026-01-01", "2020-01-01"))
    done = _run("lint", "--folder", folder)
    assert ":4: stale: " in done.stdout
    assert done.exit_code == 0


def test_fmt_rewrites_what_check_complains_about(write: Write) -> None:
    folder = write("chat/alpha.yaml")
    path = folder / "chat" / "alpha.yaml"
    checked = _run("fmt", "--check", folder)
    assert (checked.exit_code, checked.stdout) == (2, f"{path}: is not in canonical form\n")
    assert path.read_text() == FILE
    assert _run("fmt", "--folder", folder).stdout == f"{path}: rewritten\n"
    assert _run("fmt", "--check", path).exit_code == 0
    assert _run("fmt", folder / "chat").stdout == ""
    assert isinstance(_run("fmt", folder / "none").exception, UsageError)


ANSWERS = [
    "Beta Chat!",
    "",  # the id as suggested
    "chat",
    "Beta Inc",
    "US",
    "Chat assistant",
    "https://beta.test/docs",
    "",
    "Beta.test",  # refused: upper case
    "domain",
    "dedicated",
    "beta.test",
    "domain",
    "dedicated",
    "beta-cli/",
    "user-agent",
    "dedicated",
    "",
    "https://beta.test/c/1",
    "",
    "",
]


def test_new_asks_and_writes_a_file_that_lints(write: Write) -> None:
    folder = write("chat/alpha.yaml")
    done = _run("new", "--folder", folder, stdin="\n".join(ANSWERS) + "\n")
    assert done.exit_code == 0, done.output
    path = folder / "chat" / "beta-chat.yaml"
    assert f"{path} is written" in done.stdout
    assert "Beta.test is not in lower case" in done.stderr
    assert path.read_text().splitlines()[0] == "name: Beta Chat!"
    assert _run("lint", "--folder", folder).exit_code == 0
    assert _run("fmt", "--check", folder / "chat" / "beta-chat.yaml").exit_code == 0


@pytest.mark.parametrize("is_there", [True, False])
def test_new_writes_into_an_overlay_too(tmp_path: Path, *, is_there: bool) -> None:
    """The README says so of a folder that nobody has made yet; it was "no folder of signatures"."""
    own = tmp_path / "own"
    if is_there:
        own.mkdir()
    answers = [answer.replace("beta.test", "ai.corp-of-nobody.test") for answer in ANSWERS]
    done = _run("new", "--folder", own, stdin="\n".join(answers) + "\n")
    assert done.exit_code == 0, done.output
    assert _run("lint", own).exit_code == 0
    assert [path.name for path in own.rglob("*.yaml")] == ["beta-chat.yaml"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("beta.test", "hf.space", "nothing was written"),
        ("US", "Utopia", "country"),
        ("", "alpha", "the id alpha stands in"),
    ],
)
def test_new_writes_nothing_that_is_wrong(write: Write, old: str, new: str, message: str) -> None:
    folder = write("chat/alpha.yaml")
    answers = list(ANSWERS)
    answers[answers.index(old)] = new
    done = _run("new", "--folder", folder, stdin="\n".join(answers) + "\n")
    assert isinstance(done.exception, UsageError)
    assert message in str(done.exception)
    assert [path.name for path in (folder / "chat").iterdir()] == ["alpha.yaml"]


def test_new_asks_again_for_what_is_needed(write: Write) -> None:
    folder = write("chat/alpha.yaml")
    answers = [*ANSWERS[:6], "", *ANSWERS[6:8], "", *ANSWERS[8:]]
    assert _run("new", "--folder", folder, stdin="\n".join(answers) + "\n").exit_code == 0


def test_check_needs_a_resolver(write: Write) -> None:
    folder = write("chat/alpha.yaml")
    assert _run("check", "--folder", folder).exit_code == 2
    assert isinstance(_run("check", "--folder", folder, "--resolve", "dns.example").exception, UsageError)
    # Nothing listens on port 9 of this machine: a warning, and no verdict over the name.
    done = _run("check", "--folder", folder, "--resolve", "127.0.0.1:9")
    assert done.exit_code == 0
    assert "resolve: alpha.test could not be asked for" in done.stdout


def test_stats_count_ages(write: Write) -> None:
    folder = write("chat/alpha.yaml", FILE.replace("2026-01-01", "2020-01-01"))
    numbers = json.loads(_run("stats", "--folder", folder, "--json").stdout)
    assert numbers["by_age"]["longer ago"] == 1
    assert sum(numbers["by_age"].values()) == 1
    assert "by kind:\n  domain" in _run("stats", "--folder", folder).stdout
