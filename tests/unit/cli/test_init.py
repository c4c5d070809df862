"""The command that writes the first settings: what it recognises, what it asks, and what it tells."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner, Result
from support.nightly import bind, lines

from shadowai.cli import cli
from shadowai.cli.options import asking
from shadowai.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


def run(*arguments: object, stdin: str | None = None) -> Result:
    return CliRunner().invoke(cli, [str(one) for one in arguments], input=stdin)


def put(folder: Path, name: str, content: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def test_a_first_settings_file_is_written_from_what_lies_there(tmp_path: Path) -> None:
    put(tmp_path, "logs/access.log", lines(0, 50))
    put(tmp_path, "logs/access.log-20261116", lines(50, 90))
    put(tmp_path, "logs/queries.log", "".join(bind(number) for number in range(50)))
    put(tmp_path, "logs/readme.txt", "nothing to see\n")
    out = tmp_path / "shadowai.toml"
    answers = "directory\n\nEurope/Berlin\nreports\n"
    done = run("init", tmp_path / "logs", "--out", out, stdin=answers)
    assert done.exit_code == 0, done.output
    found = tomllib.loads(out.read_text())
    assert [(one["name"], one["paths"]) for one in found["sources"]] == [
        ("queries.log", [f"{tmp_path}/logs/queries.log*"]),
        ("access.log", [f"{tmp_path}/logs/access.log*"]),
    ]
    assert (found["zone"], found["directory"], found["reports"]["out"]) == ("Europe/Berlin", "directory", "reports")
    assert "policy" not in found
    assert "there already" in str(run("init", tmp_path / "logs", "--out", out, "--yes").exception)
    named = run("init", "--out", tmp_path / "b.toml", stdin=f"{tmp_path / 'none'}\n\n\n\n\n")
    assert "nothing was recognised" in named.stdout or "no such file" in str(named.exception)


def test_what_a_first_look_does_not_recognise_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was left out silently: files of no known format, folders that are not there, all behind the 500th file."""
    put(tmp_path, "logs/access[1].log", lines(0, 50))
    put(tmp_path, "logs/access[1].log.1", lines(50, 90))
    put(tmp_path, "logs/readme.txt", "nothing to see\n")
    put(tmp_path, "logs/empty.log", "")
    out = tmp_path / "shadowai.toml"
    done = run("init", tmp_path / "logs", tmp_path / "none", "--out", out, stdin="\n\nMars\nUTC\nreports\n")
    assert "no known format: 1 file, such as readme.txt" in done.stderr
    assert "none: no such file" in done.stderr
    assert "'Mars' is no IANA time zone" in done.output
    assert run("config", "check", out).exit_code == 0, "the pattern finds the files, whatever characters they have"
    assert "1 file now" not in out.read_text()
    monkeypatch.setattr("shadowai.settings.first.MAX_LOOKED_AT", 2)
    some = run("init", tmp_path / "logs", "--out", tmp_path / "b.toml", "--yes")
    assert "2 of 4 files were looked at" in some.stderr
    put(tmp_path, "more/access[1].log", lines(0, 50))
    assert run("init", tmp_path / "logs", tmp_path / "more", "--out", tmp_path / "c.toml", "--yes").exit_code == 0
    assert run("config", "check", tmp_path / "c.toml").exit_code == 0, "two logs of one name are two sources"


@pytest.mark.parametrize("answered", ["", "directory\n"])
def test_without_anybody_to_answer_the_way_out_is_told(tmp_path: Path, answered: str) -> None:
    """It ended as if it had been interrupted (130), and told of no report."""
    put(tmp_path, "logs/access.log", lines(0, 50))
    for folders in ((), (tmp_path / "logs",)):
        done = run("init", *folders, "--out", tmp_path / "none.toml", stdin=answered)
        assert isinstance(done.exception, UsageError)
        assert "--yes takes what is found" in done.exception.message
    assert not (tmp_path / "none.toml").exists()


def test_an_interrupt_at_a_question_stays_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_text: str) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("click.termui.visible_prompt_func", interrupted)
    with pytest.raises(click.Abort), asking("no remedy"):
        click.prompt("Name")
