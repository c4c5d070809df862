import io
import os
import re
import sys
from pathlib import Path

import pytest

from shadowai.cli.progress import FINISHING, READING, progress_bar

pty = pytest.importorskip("pty", reason="this system has no terminals that a program can make")

STEPS = ((0, 0), (500_000_000, 2_000_000_000), (1_500_000_000, 2_000_000_000), (2_000_000_000, 2_000_000_000))


def drawn(steps: tuple[tuple[int, int], ...], columns: int) -> str:
    """Give what a terminal gets to see while the bar goes through some steps."""
    script = (
        "import sys, time\n"
        f"sys.path[:0] = {sys.path!r}\n"
        "from shadowai.cli.progress import progress_bar\n"
        "with progress_bar(quiet=False) as advance:\n"
        f"    for done, total in {steps!r}:\n"
        "        advance(done, total)\n"
        "        time.sleep(0.25)\n"
    )
    seen: list[bytes] = []

    def keep(descriptor: int) -> bytes:
        seen.append(os.read(descriptor, 65536))
        return seen[-1]

    sizes = {"COLUMNS": str(columns), "TERM": "xterm-256color"}
    old = {name: os.environ.get(name) for name in sizes}
    os.environ.update(sizes)
    try:
        pty.spawn([sys.executable, "-c", script], keep)
    finally:
        for name, value in old.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", b"".join(seen).decode(errors="replace"))


@pytest.mark.parametrize("columns", [80, 120])
def test_a_terminal_sees_bytes_and_never_a_full_bar(columns: int) -> None:
    text = drawn(STEPS[1:], columns)
    assert READING in text
    assert "500 MB of 2.0 GB" in text
    assert "25%" in text
    assert FINISHING in text
    assert "100%" not in text
    lines = [line.strip() for line in re.split(r"[\r\n]+", text)]
    assert max(map(len, lines)) <= columns


def test_without_a_size_it_only_says_that_it_works() -> None:
    text = drawn(STEPS[:1], 80)
    assert FINISHING in text
    assert "%" not in text


class Terminal(io.StringIO):
    """A file that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_once_all_is_read_the_bar_runs_to_and_fro(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with progress_bar(quiet=False) as advance:
        assert advance is not None
        for done, total in (*STEPS[1:], STEPS[-1]):
            advance(done, total)
    text = terminal.getvalue()
    assert FINISHING in text
    assert "100%" not in text


def test_it_is_silent_where_nobody_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "err").open("w+") as file:
        monkeypatch.setattr(sys, "stderr", file)
        with progress_bar(quiet=False) as advance:
            assert advance is None
        assert file.tell() == 0
    with progress_bar(quiet=True) as advance:
        assert advance is None
