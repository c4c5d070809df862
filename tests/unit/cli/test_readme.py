"""The README's own examples, taken together, are a scan that works."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from click.testing import CliRunner

from shadowai.cli import cli

if TYPE_CHECKING:
    import pytest

README = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")


def test_the_five_minutes_with_the_files_as_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("directory").mkdir()
    tables = re.findall(r"^(directory/\w+\.csv) +(\S+) +(\S.*)$", README, re.MULTILINE)
    assert len(tables) == 3
    for name, header, row in tables:
        Path(name).write_text(f"{header}\n{row}\n", encoding="utf-8")
    (policy,) = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    Path("policy.yaml").write_text(policy, encoding="utf-8")
    Path("export.csv").write_text("When,Site,Who\n2026-11-20T08:00:00Z,api.githubcopilot.com,EXAMPLE\\ann\n")
    (columns,) = re.findall(r"`shadowai scan export\.csv (--columns .*?)`", README)
    rules = ("--directory", "directory", "--policy", "policy.yaml")
    done = CliRunner().invoke(cli, ["scan", "export.csv", *columns.split(), *rules, "--out", "report"])
    assert done.exit_code == 0, done.output
    assert "1 of 40 people" in done.stdout
    assert "no unsanctioned use was seen" in " ".join(done.stdout.split())


def test_what_it_says_it_cannot_tell_is_so() -> None:
    shared, path = re.findall(r"On `(\S+)` without a URL,.*?only a path is AI\s+\(`(\S+)`\)", README, re.DOTALL)[0]
    asked = CliRunner().invoke(cli, ["match", "--json", shared, path, path.partition("/")[0]])
    answers = [json.loads(line) for line in asked.stdout.splitlines()]
    assert [answer["role"] for answer in answers] == ["shared", "dedicated", None]
