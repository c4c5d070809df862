"""Publishing a folder: all or nothing, and never over somebody's files."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
from support.results import small

from shadowai.errors import UsageError
from shadowai.provenance import InputRecord, Manifest
from shadowai.reports import files
from shadowai.reports.folder import check_folder, manifest_of, publish

if TYPE_CHECKING:
    from pathlib import Path

    from shadowai.reports.order import Order
    from shadowai.result import Result

MANIFEST = Manifest(
    generator="shadowai test",
    inputs=(InputRecord(path="a.log", size=1, sha256="0" * 64, format="squid", records=1),),
    signatures="s",
    policy="p",
    directory="d",
)


@pytest.fixture
def result() -> Result:
    return small()


def test_a_report_is_written_whole(result: Result, tmp_path: Path) -> None:
    publish(result, MANIFEST, tmp_path / "deep" / "report")
    report = tmp_path / "deep" / "report"
    assert {path.name for path in report.iterdir()} == {
        "index.html",
        "executive.html",
        "evidence.html",
        "departments",
        "usage.csv",
        "tables",
        "report.xlsx",
        "summary.md",
        "result.json",
        "manifest.json",
    }
    assert json.loads((report / "manifest.json").read_text())["inputs"][0]["path"] == "a.log"
    assert report.stat().st_mode & 0o777 == 0o755


def test_a_run_that_dies_leaves_the_old_folder_whole(
    result: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = tmp_path / "report"
    publish(result, MANIFEST, report)
    before = {path: path.read_bytes() for path in report.rglob("*.*") if path.is_file()}

    def die(_result: Result, target: Path, _order: Order) -> None:
        (target / "index.html").write_text("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "write", die)
    with pytest.raises(UsageError, match="cannot be written: No space left"):
        publish(result, MANIFEST, report)
    assert {path: path.read_bytes() for path in report.rglob("*.*") if path.is_file()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def test_a_failed_swap_puts_the_old_folder_back(
    result: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = tmp_path / "report"
    publish(result, MANIFEST, report)
    (report / "mark").write_text("old")
    real = type(report).rename

    def rename(self: Path, target: Path) -> Path:
        if self.name.startswith(".report-") and not self.name.endswith("-old"):
            raise OSError(13, "Permission denied")
        return real(self, target)

    monkeypatch.setattr(type(report), "rename", rename)
    with pytest.raises(UsageError, match="Permission denied"):
        publish(result, MANIFEST, report)
    assert (report / "mark").read_text() == "old"


def test_a_link_to_a_report_stays_a_link(result: Result, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "report").symlink_to("disk")
    for _ in range(2):
        publish(result, MANIFEST, tmp_path / "report")
    assert (tmp_path / "report").readlink().name == "disk"
    assert (tmp_path / "disk" / "index.html").is_file()
    assert {path.name for path in tmp_path.iterdir()} == {"disk", "report"}


def test_a_place_that_cannot_be_written_is_refused_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda place, _mode: place != tmp_path)
    with pytest.raises(UsageError, match="cannot be written: no permission in"):
        check_folder(tmp_path / "deep" / "report")
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="/file is a file"):
        check_folder(tmp_path / "file" / "report")


@pytest.mark.parametrize("name", ["file", "full"])
def test_what_is_no_report_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("x")
    with pytest.raises(UsageError, match="name a"):
        check_folder(tmp_path / name)


def test_new_and_empty_folders_are_welcome(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    check_folder(tmp_path / "empty")
    check_folder(tmp_path / "new")


def test_the_manifest_beside_a_result_stays(result: Result, tmp_path: Path) -> None:
    publish(result, MANIFEST, tmp_path / "report")
    assert manifest_of(tmp_path / "report", result) == MANIFEST
    assert manifest_of(tmp_path / "report" / "result.json", result) == MANIFEST


@pytest.mark.parametrize("content", [None, b"", b"[]", b"\xff", b'{"generator": 1}'])
def test_without_a_manifest_there_is_what_the_result_tells(
    result: Result, tmp_path: Path, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "manifest.json").write_bytes(content)
    made = manifest_of(tmp_path / "result.json", result)
    assert [one.path for one in made.inputs] == [one.path for one in result.sources]
    assert {one.sha256 for one in made.inputs} == {None}
    assert (made.signatures, made.directory) == (result.signatures.version, None)
