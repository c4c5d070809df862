"""What `shadowai history` says where nothing is there, and timers as their systems read them."""

from __future__ import annotations

import os
import re
import subprocess
import time
from itertools import pairwise
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
    assert run("history", "expire", "--config", config).stdout == "old activity deleted: 1 part\n"
    listed = run("history", "list", "--config", config).stdout
    assert "2023-11-18" not in listed
    assert "expire: somebody said that the clock is right (1 part)" in listed


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
    minute, hour, day, *months, command = cron(timer).split(" ", 5)
    assert months == ["*", "*"]
    assert re.fullmatch(r"\*|\*/[12]?\d", day)
    assert re.fullmatch(r"[0-5]?\d|\*/[1-5]?\d", minute)
    assert re.fullmatch(r"1?\d|2[0-3]|\*|\*/(1?\d|2[0-3])", hour)
    assert not {"*/0"} & {minute, hour}
    assert command.startswith("x ")
    assert "\n" not in command


@pytest.mark.parametrize("kind", ["--systemd", "--cron", "--windows-task"])
def test_a_timer_s_runs_need_the_variables_that_settings_name(config: Path, kind: str) -> None:
    """Timers have no environment of yours: every mail of the first night would be told as not sent."""
    install = ("schedule", "install", kind, "--print", "--config", config)
    assert "secrets from" not in run(*install).output
    config.write_text(
        config.read_text().replace("[history]", '[history]\nurl_env = "URL"')
        + '[mail]\nhost = "h"\nsender = "s@example.com"\nuser = "u"\npassword = {env = "SMTP_PW"}\n'
        '[[webhooks]]\nname = "a"\nurl = {env = "HOOK"}\n[[webhooks]]\nname = "b"\nurl = {file = "hook"}\n'
    )
    assert "secrets from HOOK, SMTP_PW, URL" in run(*install).output


@pytest.mark.parametrize("minutes", [1, 7, 15, 45, 59, 60, 90, 150, 720, 1380, 1440, 1500, 4320, 50_000])
def test_cron_starts_it_no_less_often_than_it_should_and_where_it_can_as_often(minutes: int) -> None:
    """More than a day was made of it two starts in a day, an hour apart."""
    fields = cron(Timer(["x"], every=60 * minutes)).split(" ")[:3]
    starts = [
        (day * 24 + hour) * 60 + minute
        for day in range(30)
        for hour in range(24)
        for minute in range(60)
        if all(map(_is_due, fields, (minute, hour, day)))
    ]
    gaps = [later - earlier for earlier, later in pairwise(starts)]
    assert max(gaps, default=0) <= minutes
    if 60 % minutes == 0 or (minutes % 60 == 1440 % minutes == 0) or minutes % 1440 == 0:
        assert {*gaps} <= {minutes}
    assert len(gaps) * minutes >= 20 * 1440 or minutes > 20 * 1440
    assert min(gaps, default=1440) >= min(minutes, 1440) // 2 or minutes < 1440


def _is_due(field: str, value: int) -> bool:
    step = field.removeprefix("*").removeprefix("/")
    return field == "*" or (value % int(step) == 0 if field.startswith("*") else value == int(field))


@pytest.mark.parametrize("every", [60, 900, 86_400, 90_000, 200_000])
def test_windows_repeats_within_a_day_and_counts_days_beyond(every: int) -> None:
    root = ET.fromstring(windows_task(Timer(["x"], every=every)).partition("\n")[2])  # noqa: S314  # our own text
    days, interval = (root.findtext(f".//{NAMESPACE}{name}") for name in ("DaysInterval", "Interval"))
    assert (days, interval) == ((str(every // 86_400), None) if every >= 86_400 else ("1", f"PT{every // 60}M"))


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
    assert root.findtext(f".//{NAMESPACE}Arguments") == subprocess.list2cmdline(timer.command[1:])
    assert command.text == timer.command[0]
