"""What `shadowai history` says where nothing is there, and timers as their systems read them."""

from __future__ import annotations

import os
import re
import subprocess
import time
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result
from support.nightly import NOON, lines

from shadowai.cli import cli
from shadowai.nightly.timers import Timer, cron, systemd, windows_task

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(one) for one in arguments])


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "shadowai.toml"
    file.write_text(
        'formats = ["json"]\nworkers = 1\n[[sources]]\nname = "proxy"\npaths = "logs/*"\n[history]\nstate = "state"\n'
        'keep = "400 days"\n[reports]\nout = "out"\n'
    )
    return file


@pytest.mark.parametrize("command", ["list", "check", "compact", "expire"])
def test_a_history_that_is_not_there_is_told_and_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.delenv("SHADOWAI_CONFIG", raising=False)
    said = str(run("history", command).exception)
    assert f"{tmp_path}/shadowai/history.db" in said
    assert "--config" in said
    assert list(tmp_path.iterdir()) == []


def test_a_history_in_which_nothing_is_yet_says_so(config: Path) -> None:
    (config.parent / "logs").mkdir()
    run("run", "--config", config)
    assert "nothing is kept yet for the workspace default" in run("history", "list", "--config", config).stdout


def test_what_a_run_dares_not_delete_is_told_and_a_command_deletes_it(config: Path) -> None:
    log = config.parent / "logs" / "access.log"
    log.parent.mkdir()
    log.write_text(lines(0, 5, at=NOON - 3 * 365 * 86_400))
    os.utime(log, (time.time() - 7200,) * 2)
    done = run("run", "--config", config)
    assert done.exit_code == 0
    assert "nothing was deleted" in done.stderr
    assert "2023-11-18" in run("history", "list", "--config", config).stdout
    assert run("history", "expire", "--config", config).stdout == "old activity deleted: 1 parts\n"
    assert "2023-11-18" not in run("history", "list", "--config", config).stdout


TIMES = ("00:00", "02:30", "23:59")


@pytest.mark.parametrize("at", TIMES)
def test_systemd_reads_the_time_as_it_is_meant(require: Callable[[str], str], at: str) -> None:
    program = require("systemd-analyze")
    when = re.search("OnCalendar=(.*)", systemd(Timer(["x"], at))["shadowai.timer"])
    assert when
    done = subprocess.run([program, "calendar", when[1]], capture_output=True, text=True, check=True)
    assert f"Normalized form: *-*-* {at}:00" in done.stdout


@pytest.mark.parametrize("every", [1, 60, 900, 3600, 7200, 100_000])
def test_systemd_reads_the_interval_as_it_is_meant(require: Callable[[str], str], every: int) -> None:
    program = require("systemd-analyze")
    when = re.search("OnUnitActiveSec=(.*)", systemd(Timer(["x"], every=every))["shadowai.timer"])
    assert when
    done = subprocess.run([program, "timespan", when[1]], capture_output=True, text=True, check=True)
    assert f"μs: {max(every // 60, 1) * 60_000_000}" in done.stdout


@pytest.mark.parametrize(
    "timer", [*(Timer(["x"], at) for at in TIMES), *(Timer(["x"], every=s) for s in (1, 900, 9000))]
)
def test_cron_s_five_fields_are_within_their_bounds(timer: Timer) -> None:
    """crontab(5): minute 0-59, hour 0-23, and steps behind `*/`."""
    minute, hour, *days, command = cron(timer).split(" ", 5)
    assert days == ["*", "*", "*"]
    assert re.fullmatch(r"[0-5]?\d|\*/[1-5]?\d", minute)
    assert re.fullmatch(r"1?\d|2[0-3]|\*|\*/(1?\d|2[0-3])", hour)
    assert not {"*/0"} & {minute, hour}
    assert command.startswith("x ")
    assert "\n" not in command


NAMESPACE = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
ORDER = {
    "Task": ("RegistrationInfo", "Triggers", "Principals", "Settings", "Actions"),
    "CalendarTrigger": ("Repetition", "StartBoundary", "ScheduleByDay"),
    "Exec": ("Command", "Arguments"),
}


@pytest.mark.parametrize("timer", [Timer(["C:\\a b\\shadowai.exe", "run", 'a "b"', ""]), Timer(["x"], every=900)])
def test_the_windows_task_has_what_its_schema_asks_for_in_order(timer: Timer) -> None:
    """Task Scheduler schema ([MS-TSCH] section 2.5): sequences of elements, xs:duration and xs:dateTime values."""
    root = ET.fromstring(windows_task(timer).partition("\n")[2])  # noqa: S314  # our own text
    assert root.tag == f"{NAMESPACE}Task"
    assert root.get("version") == "1.2"
    for element in root.iter():
        name = element.tag.removeprefix(NAMESPACE)
        if name in ORDER:
            places = [ORDER[name].index(one.tag.removeprefix(NAMESPACE)) for one in element]
            assert places == sorted(set(places)), name
        if name in ("Interval", "ExecutionTimeLimit"):
            assert re.fullmatch(r"PT\d+[HM]", element.text or "")
        if name == "StartBoundary":
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", element.text or "")
    command = root.find(f".//{NAMESPACE}Command")
    assert command is not None
    assert command.text == timer.command[0]
