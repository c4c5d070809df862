from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from shadowai.sources import find_sources

if TYPE_CHECKING:
    from collections.abc import Sequence


def _found(arguments: Sequence[str | Path], spool: Path) -> tuple[list[str], list[str]]:
    found, errors = find_sources([str(one) for one in arguments], spool)
    return [one.path.name for one in found], [f"{Path(error.where or '').name}: {error.message}" for error in errors]


@pytest.fixture
def closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder that cannot be looked into, whoever runs the tests, with a file in it."""
    folder = tmp_path / "closed"
    folder.mkdir()
    (folder / "a.log").write_text("x")
    real = Path.stat

    def refuse(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if follow_symlinks and folder in Path(os.path.realpath(path)).parents:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return real(path, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(Path, "stat", refuse)
    return folder


def test_a_file_in_a_closed_folder_stops_nothing_else(closed: Path) -> None:
    (closed.parent / "b.log").write_text("x")
    names, errors = _found([closed / "a.log", closed / "*.log", closed.parent / "b.log"], closed.parent)
    assert names == ["b.log"]
    assert errors == [f"{name}: cannot be looked into: Permission denied" for name in ("a.log", "*.log")]


def test_a_link_into_a_closed_folder_is_told_and_its_neighbours_are_read(closed: Path) -> None:
    folder = closed.parent / "logs"
    folder.mkdir()
    (folder / "b.log").write_text("x")
    (folder / "link.log").symlink_to(closed / "a.log")
    names, errors = _found([folder], closed.parent)
    assert names == ["b.log"]
    assert errors == ["link.log: cannot be looked into: Permission denied"]


def test_names_that_no_file_can_have_are_errors_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("x")
    names, errors = _found(["x" * 300, "x/" * 5000, "nul\0.log", tmp_path / "a.log"], tmp_path)
    assert names == ["a.log"]
    assert [error.partition(": ")[2] for error in errors] == [
        "cannot be looked into: File name too long",
        "cannot be looked into: File name too long",
        "no such file or folder; check the path",
    ]


def test_links_to_nothing_and_to_themselves_are_told(tmp_path: Path) -> None:
    (tmp_path / "gone.log").symlink_to(tmp_path / "nowhere")
    (tmp_path / "loop.log").symlink_to(tmp_path / "loop.log")
    (tmp_path / "a.log").write_text("x")
    names, errors = _found([tmp_path, tmp_path / "loop.log"], tmp_path)
    assert names == ["a.log"]
    assert errors == [
        "gone.log: cannot be looked into: No such file or directory",
        "loop.log: cannot be looked into: Too many levels of symbolic links",
        "loop.log: cannot be looked into: Too many levels of symbolic links",
    ]


def test_a_linked_folder_is_not_followed_and_told_where_nobody_looks_into_it(tmp_path: Path) -> None:
    for name in ("logs/2026-11-21", "elsewhere/deep"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "a.log").write_text("x")
    logs = tmp_path / "logs"
    (logs / "latest").symlink_to("2026-11-21")
    (logs / "up").symlink_to("..")
    (logs / "other").symlink_to("../elsewhere/deep")
    told = "is a link to a folder, which is not followed; name the folder itself"
    names, errors = _found([logs], tmp_path)
    assert (names, sorted(errors)) == (["a.log"], [f"other: {told}", f"up: {told}"])
    names, errors = _found([logs, tmp_path / "elsewhere"], tmp_path)
    assert (names, errors) == (["a.log", "a.log"], [f"up: {told}"])


@pytest.mark.skipif(not Path("/dev/zero").is_char_device(), reason="there are no such devices here")
def test_a_device_which_never_ends_is_not_read(tmp_path: Path) -> None:
    names, errors = _found(["/dev/zero", "/dev/nul[l]"], tmp_path)
    assert names == []
    assert errors == [
        "zero: is a device, which may never end; name a file",
        "nul[l]: no file matches this pattern",
    ]


def test_pipes_and_sockets_in_a_folder_are_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "a.log").write_text("x")
    assert _found([tmp_path], tmp_path) == (["a.log"], [])


def test_a_pipe_that_is_named_twice_is_read_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(b"line\n",))
    writer.start()
    found, errors = find_sources([str(pipe), str(pipe)], tmp_path)
    writer.join()
    assert errors == []
    assert [one.path.read_bytes() for one in found] == [b"line\n"]


def test_standard_input_that_is_closed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert _found(["-"], tmp_path) == ([], ["-: standard input is closed"])


def test_input_that_does_not_fit_is_told_with_a_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(shutil, "copyfileobj", full)
    names, errors = _found(["-"], tmp_path)
    assert names == []
    room = tempfile.gettempdir()
    assert errors == [f"-: does not fit into {room}; name a folder with more room in TMPDIR"]
    assert all(stat.S_ISREG(one.stat().st_mode) for one in tmp_path.iterdir())
