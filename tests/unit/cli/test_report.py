"""`shadowai report` as a user meets it: the files of the scan once more, in other formats, languages and looks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result
from support.report_world import world

from shadowai.cli import cli
from shadowai.provenance import Manifest
from shadowai.reports.folder import publish

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Report = Callable[..., Result]

MANIFEST = Manifest(generator="shadowai test", inputs=(), signatures="s", policy="p", directory="d")


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Report:
    for name in ("SHADOWAI_CONFIG", "SHADOWAI_LANGUAGE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    publish(world(), MANIFEST, tmp_path / "scan")

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(cli, ["report", *arguments], terminal_width=80)

    return run


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("source", ["scan", "scan/result.json"])
def test_the_report_is_byte_for_byte_that_of_the_scan(report: Report, tmp_path: Path, source: str) -> None:
    done = report(source, "--out", "again")
    assert done.exit_code == 0, done.output
    assert done.output == "Report: again/index.html\n"
    assert contents(tmp_path / "again") == contents(tmp_path / "scan")


def test_a_report_may_be_written_over_itself_in_another_language(report: Report, tmp_path: Path) -> None:
    before = contents(tmp_path / "scan")
    assert report("scan", "--out", "scan", "--lang", "de").exit_code == 0
    after = contents(tmp_path / "scan")
    assert after["result.json"] == before["result.json"]
    assert after["manifest.json"] == before["manifest.json"]
    assert after["usage.csv"] == before["usage.csv"]
    assert b'<html lang="de">' in after["index.html"]
    assert report("scan", "--out", "scan").exit_code == 0
    assert contents(tmp_path / "scan") == before


def test_only_the_formats_that_are_asked_for(report: Report, tmp_path: Path) -> None:
    assert report("scan", "--out", "new", "--formats", "CSV, md,csv").output == "Report: new\n"
    assert {name.rpartition(".")[2] for name in contents(tmp_path / "new")} == {"csv", "md", "json"}
    assert [name for name in contents(tmp_path / "new") if name.endswith("json")] == ["manifest.json"]


def test_one_department_alone(report: Report, tmp_path: Path) -> None:
    assert report("scan", "--out", "legal", "--department", "legal").output == "Report: legal\n"
    found = contents(tmp_path / "legal")
    assert [name for name in found if name.endswith(".html")] == ["departments/legal.html"]
    assert "result.json" not in found
    assert found["usage.csv"].count(b"\r\n") == 4
    refused = report("scan", "--out", "other", "--department", "legal", "--formats", "html,json")
    assert "leave json out" in str(refused.exception)


def test_settings_and_branding(report: Report, tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "logo.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (tmp_path / "etc" / "ours").mkdir()
    (tmp_path / "etc" / "ours" / "executive.html").write_text("{{ brand.name }}: {{ headline }}")
    (tmp_path / "etc" / "shadowai.toml").write_text(
        'language = "fr"\ntemplates = "ours"\nformats = ["html"]\n'
        '[branding]\nname = "Harbour"\nlogo = "logo.svg"\ncontact = "sec@example.com"\naccent = "#123456"\n'
    )
    done = report("scan", "--out", "new", "--config", "etc/shadowai.toml")
    assert done.exit_code == 0, done.output
    found = contents(tmp_path / "new")
    assert {name.rpartition(".")[2] for name in found} == {"html", "json"}
    assert found["executive.html"].startswith(b"Harbour: 16 services d")
    assert b'<img src="data:image/svg+xml;base64,' in found["index.html"]
    assert b"sec@example.com" in found["index.html"]
    report("scan", "--out", "new", "--config", "etc/shadowai.toml", "--lang", "en", "--formats", "json")
    assert set(contents(tmp_path / "new")) == {"result.json", "manifest.json"}


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["scan", "--formats", "docx"], "docx is no format; there are html, csv"),
        (["scan", "--formats", ","], "nothing is no format"),
        (["scan", "--lang", "xx"], "no language 'xx'; there are en, de, fr"),
        (["scan", "--templates", "nowhere"], "nowhere: is no folder"),
        (["scan", "--department", "Lega"], "did you mean Legal"),
        (["nowhere"], "No such file or directory"),
        (["broken.json"], "is no result that this version can read"),
        (["result9.json"], "is no result that this version can read"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_written(
    report: Report, tmp_path: Path, arguments: list[str], problem: str
) -> None:
    (tmp_path / "broken.json").write_bytes(b'{"schema": 1, "gener')
    newer = {**json.loads((tmp_path / "scan" / "result.json").read_bytes()), "schema": 9}
    (tmp_path / "result9.json").write_text(json.dumps(newer))
    done = report(*arguments, "--out", "new")
    assert done.exit_code != 0
    assert problem in done.output + str(done.exception)
    assert not (tmp_path / "new").exists()


def test_a_logo_or_colour_that_does_not_work_is_named(report: Report, tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text('[branding]\nlogo = "none.png"\n')
    assert "the logo cannot be read" in str(report("scan", "--out", "new", "--config", "c.toml").exception)
    (tmp_path / "c.toml").write_text('[branding]\naccent = "#ffff00"\n')
    assert "branding.accent" in str(report("scan", "--out", "new", "--config", "c.toml").exception)
    (tmp_path / "c.toml").write_text('[branding]\ncolour = "red"\n')
    assert "branding.colour" in str(report("scan", "--out", "new", "--config", "c.toml").exception)


def test_a_folder_with_other_files_is_refused(report: Report, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    assert "no shadowai report" in str(report("scan", "--out", "mine").exception)
