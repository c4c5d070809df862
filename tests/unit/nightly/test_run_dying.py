"""What a run dies of, and two runs at once: nothing is lost, nothing doubled, and it is told."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine
from support.nightly import Died, World, clear, die_at, line, lines

from shadowai.errors import ShadowaiError, UsageError
from shadowai.history.errors import HistoryError
from shadowai.history.locks import database_lock
from shadowai.history.store import History
from shadowai.nightly.lock import LockedError, locked
from shadowai.nightly.run import lock_of

if TYPE_CHECKING:
    from pathlib import Path

    from support.postgres import Server

SQUID = "access.log"


@pytest.mark.parametrize("where", ["commit", "after", "report", "done"])
def test_whatever_a_run_dies_of_nothing_is_lost_or_doubled(
    world: World, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    world.put(SQUID, lines(0, 10))
    die_at(monkeypatch, where)
    with pytest.raises(Died):
        world.run()
    monkeypatch.undo()
    world.add(SQUID, lines(10, 12))
    world.run()
    assert world.total == 12
    assert world.result()["sources"][0]["records"] == 12
    assert world.history().due() == []


KILLED = """
import sys, time
from shadowai.cli import main
sys.argv = ["shadowai", "run", "--config", sys.argv[1], "--quiet"]
main()
"""


def test_a_run_that_is_killed_at_any_moment_loses_and_doubles_nothing(world: World) -> None:
    dice = random.Random(1)  # seeded, not secret
    config = settings_file(world)
    total = 0
    for _round in range(4):
        for number in range(3):
            world.put(f"{_round}-{number}.log", lines(total, total + 200), age=600)
            total += 200
        program = subprocess.Popen([sys.executable, "-c", KILLED, str(config)], stderr=subprocess.DEVNULL)
        time.sleep(dice.uniform(0.4, 3))
        program.kill()
        program.wait()
    done = subprocess.run([sys.executable, "-c", KILLED, str(config)], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert world.total == total
    assert world.result()["sources"][0]["records"] == total


def settings_file(world: World) -> Path:
    """Write settings that say what the options of a world say; its files are old enough by the real clock."""
    world.now = time.time_ns()
    file = world.folder / "shadowai.toml"
    url = f'url = "{world.url}"' if world.url else ""
    file.write_text(
        f'formats = ["json"]\nworkers = 1\n[[sources]]\nname = "proxy"\npaths = ["logs/*"]\n'
        f'[history]\nstate = "state"\n{url}\nkeep = "36500 days"\n[reports]\nout = "out"\nperiods = ["month"]\n'
    )
    return file


def test_a_full_disk_is_told_and_made_up_for(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.put(SQUID, "".join(line(number, user=f"u{number * 7919 % 100_003}") for number in range(9000)))
    history = world.history()
    with history.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
    history.engine.dispose()

    def limit(connection: Any, _record: object) -> None:  # the driver's connection
        connection.execute(f"PRAGMA max_page_count={pages}")

    event.listen(Engine, "connect", limit)
    try:
        with pytest.raises(HistoryError, match="full"):
            world.run()
    finally:
        event.remove(Engine, "connect", limit)
    assert world.total == 0
    world.run()
    assert world.total == 9000


def test_a_report_folder_that_cannot_be_written_is_told_and_written_later(tmp_path: Path) -> None:
    world = World(tmp_path)
    (tmp_path / "out").write_text("in the way")
    world.put(SQUID, lines(0, 20))
    with pytest.raises(ShadowaiError):
        world.run()
    (tmp_path / "out").unlink()
    assert [period.label for period in world.run().written] == ["2026-11"]
    assert world.total == 20


def test_a_database_that_goes_away_is_told_and_made_up_for(
    tmp_path: Path, postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    clear(postgres.url)
    world = World(tmp_path, postgres.url)
    world.put(SQUID, lines(0, 20))
    keep = History._keep

    def kill_and_keep(self: History, *arguments: Any) -> set[int]:  # those of `_keep`
        postgres.kill()
        return keep(self, *arguments)

    monkeypatch.setattr(History, "_keep", kill_and_keep)
    try:
        with pytest.raises(HistoryError):
            world.run()
        with pytest.raises(HistoryError):
            world.run()
    finally:
        monkeypatch.undo()
        postgres.start()
    world.run()
    assert world.total == 20


def test_two_runs_at_once_are_one_and_a_message(world: World) -> None:
    world.put(SQUID, lines(0, 3))
    with locked(lock_of(world.options())), pytest.raises(LockedError, match="another run"):
        world.run()
    with locked(lock_of(world.options())), pytest.raises(LockedError):
        world.run(wait=0.3)
    assert world.run().records == 3


def test_two_machines_on_one_database_are_one_and_a_message(tmp_path: Path, postgres: Server) -> None:
    clear(postgres.url)
    here = World(tmp_path / "a", postgres.url)
    here.folder.mkdir()
    with database_lock(here.history()), pytest.raises(UsageError, match="another run"):  # exit code 2, as for a file
        here.run()
    other = World(tmp_path / "b", postgres.url, workspace="other")
    other.folder.mkdir()
    other.put(SQUID, lines(0, 3))
    with database_lock(here.history()):
        assert other.run().records == 3
    assert here.total == 0
