from __future__ import annotations

import io
import os
import sys
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING

from shadowai.sources import find_sources

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def _touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")


def test_files_folders_and_globs_each_file_once(tmp_path: Path) -> None:
    _touch(tmp_path, "b.log", "a.log", "deep/c.log", ".hidden", ".git/x")
    found, errors = find_sources([str(tmp_path / "b.log"), str(tmp_path), str(tmp_path / "*.log")], tmp_path)
    assert [source.path.name for source in found] == ["b.log", "a.log", "c.log"]
    assert errors == []


def test_what_is_missing_is_an_error_and_the_rest_is_read(tmp_path: Path) -> None:
    _touch(tmp_path, "a.log")
    (tmp_path / "empty").mkdir()
    arguments = [str(tmp_path / name) for name in ("none.log", "*.pcap", "empty", "a.log")]
    found, errors = find_sources(arguments, tmp_path)
    assert [source.path.name for source in found] == ["a.log"]
    assert [error.message for error in errors] == [
        "no such file or folder; check the path",
        "no file matches this pattern",
        "the folder holds no files",
    ]
    assert errors[0].where == str(tmp_path / "none.log")


def test_a_file_whose_name_looks_like_a_glob_is_itself(tmp_path: Path) -> None:
    _touch(tmp_path, "a[1].log", "a1.log")
    found, _ = find_sources([str(tmp_path / "a[1].log")], tmp_path)
    assert [source.path.name for source in found] == ["a[1].log"]


def test_hostile_names_become_printable(tmp_path: Path) -> None:
    name = os.fsencode(str(tmp_path)) + b"/\x1b[31m\xff.log"
    with open(name, "wb") as file:  # noqa: PTH123  # a Path cannot be made of these bytes portably
        file.write(b"x")
    found, _ = find_sources([str(tmp_path)], tmp_path)
    assert found[0].name.endswith("/\\x1b[31m\ufffd.log")
    assert found[0].path.exists()


def test_standard_input_is_spooled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"piped")))
    found, errors = find_sources(["-"], tmp_path)
    assert errors == []
    assert found[0].name == "-"
    assert found[0].path.read_bytes() == b"piped"


def test_a_pipe_is_spooled_whole_since_it_can_be_read_only_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(b"line\n" * 50_000,))
    writer.start()
    found, errors = find_sources([str(pipe)], tmp_path)
    writer.join()
    assert errors == []
    assert found[0].name == str(pipe)
    assert [found[0].path.read_bytes() for _ in range(2)] == [b"line\n" * 50_000] * 2


def test_a_subfolder_that_cannot_be_looked_into_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _touch(tmp_path, "logs/a.log", "logs/closed/b.log")
    real = os.scandir

    def scandir(path: str) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    found, errors = find_sources([str(tmp_path / "logs")], tmp_path)
    assert [source.path.name for source in found] == ["a.log"]
    assert [str(error) for error in errors] == [f"{tmp_path}/logs/closed: cannot be looked into: Permission denied"]


def test_an_empty_name_is_not_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _touch(tmp_path, "a.log")
    monkeypatch.chdir(tmp_path)
    found, errors = find_sources([""], tmp_path)
    assert found == []
    assert "an empty name" in errors[0].message


def test_what_windows_leaves_in_folders_is_no_source(tmp_path: Path) -> None:
    _touch(tmp_path, "a.log", "Thumbs.db", "sub/desktop.ini", "sub/b.log")
    found, errors = find_sources([str(tmp_path)], tmp_path)
    assert ([source.path.name for source in found], errors) == (["a.log", "b.log"], [])


def test_a_report_of_our_own_among_the_sources_is_told_once(tmp_path: Path) -> None:
    """Each of its twenty files was an error of its own."""
    _touch(tmp_path, "a.log", "report/index.html", "report/result.json", "report/manifest.json", "report/tables/x.csv")
    found, errors = find_sources([str(tmp_path)], tmp_path)
    assert [source.path.name for source in found] == ["a.log"]
    (error,) = errors
    assert error.where == str(tmp_path / "report")
    assert "a report of shadowai itself" in error.message
    assert [str(one) for one in find_sources([str(tmp_path / "report")], tmp_path)[1]] == [str(error)]
