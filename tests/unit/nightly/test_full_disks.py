"""A disk that is full at any of the places that a run writes to: it is told, and nothing is lost or doubled."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.nightly import DAY, NOON, World, lines

from shadowai.cli.run_once import one_pass
from shadowai.config import load_settings
from shadowai.errors import ShadowaiError

if TYPE_CHECKING:
    from collections.abc import Callable

SETTINGS = """
formats = ["json"]
workers = 1
[[sources]]
name = "proxy"
paths = "logs/*"
[history]
state = "state"
keep = "36500 days"
[reports]
out = "out"
periods = ["day"]
[metrics]
path = "shadowai.prom"
[[siem]]
name = "file"
to = "file"
path = "siem.jsonl"
"""


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    world = World(tmp_path, now=(NOON + DAY) * SECONDS)
    world.put("access.log", lines(0, 5), age=7200)
    (tmp_path / "shadowai.toml").write_text(SETTINGS)
    monkeypatch.setattr("shadowai.cli.run_options.time.time_ns", lambda: world.now)
    return world


SECONDS = 1_000_000_000


def once(world: World) -> None:
    one_pass(load_settings(world.folder / "shadowai.toml", {}), quiet=True)


def full_after(real: Callable[..., Any], name: str) -> Callable[..., Any]:
    """Refuse to write a file of a name, after half of it."""

    def write(self: Path, data: Any, *more: Any, **named: Any) -> Any:
        if name in self.name:
            real(self, data[: len(data) // 2], *more, **named)
            raise OSError(28, "No space left on device", str(self))
        return real(self, data, *more, **named)

    return write


def full_outbox(*arguments: Any, **named: Any) -> sqlite3.Connection:
    link = CONNECT(*arguments, **named)
    if str(arguments[0]).endswith("outbox.sqlite"):
        link.execute("PRAGMA max_page_count=1")
    return link


CONNECT = sqlite3.connect


def test_wherever_the_disk_is_full_the_next_run_makes_up_for_it(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for where, target, write in (
        ("manifest.json", "pathlib.Path.write_text", full_after(Path.write_text, "manifest.json")),
        ("result.json", "pathlib.Path.write_bytes", full_after(Path.write_bytes, "result.json")),
        ("outbox", "shadowai.delivery.outbox.sqlite3.connect", full_outbox),
        ("handed-over", "pathlib.Path.write_text", full_after(Path.write_text, "handed-over")),
        ("shadowai.prom", "shadowai.nightly.metrics.os.fsync", _refuse),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(target, write)
            told = ""
            try:
                once(world)
            except ShadowaiError as error:
                told = str(error)
        told += capsys.readouterr().err
        assert "space" in told or "full" in told or "outbox cannot" in told, where
        assert not list(world.folder.rglob("*.new")), where
    once(world)
    assert (world.total, world.history().due()) == (5, [])
    assert world.result("day/2026-11-17")["sources"][0]["records"] == 5
    assert "shadowai_run_success 1" in (world.folder / "shadowai.prom").read_text()
    records = [json.loads(text) for text in (world.folder / "siem.jsonl").read_text().splitlines()]
    assert records
    assert set(Counter(one["event"]["id"] for one in records).values()) == {1}


def _refuse(_: int) -> None:
    raise OSError(28, "No space left on device")
