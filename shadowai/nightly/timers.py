"""Timers for the scheduled scan: units of systemd, a line of cron, a task of Windows. Nothing here is installed."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from subprocess import list2cmdline
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


_HOUR, _DAY = 60, 1440  # minutes
_DAYS = 28  # of the shortest month


@dataclass(frozen=True, slots=True)
class Timer:
    """What is to be started: the program with its arguments, and when: daily at `at` (HH:MM), or every `every` seconds.

    `name` tells the timers of several configurations apart.
    """

    command: Sequence[str]
    at: str = "02:30"
    every: int | None = None
    name: str = "shadowai"

    @property
    def minutes(self) -> int | None:
        """The interval in minutes, at least one; None for a daily timer."""
        return None if self.every is None else max(self.every // 60, 1)


def systemd(timer: Timer) -> Mapping[str, str]:
    """Give the files of a systemd timer by name (systemd.timer(5), systemd.service(5), systemd.exec(5))."""
    when = f"OnCalendar=*-*-* {timer.at}:00" if timer.minutes is None else f"OnUnitActiveSec={timer.minutes}min"
    begin = "" if timer.minutes is None else "OnBootSec=2min\n"
    service = f"""[Unit]
Description=shadowai: one pass over what is new in the logs
After=network-online.target

[Service]
Type=oneshot
ExecStart={" ".join(_quoted(part) for part in timer.command)}
# 3: done, but some input could not be read; the report says which.
SuccessExitStatus=3
Nice=10
NoNewPrivileges=yes
PrivateTmp=yes
ProtectSystem=full
UMask=0077
"""
    unit = f"""[Unit]
Description=Timer of {timer.name}

[Timer]
{begin}{when}
# A night that the machine was off is made up for.
Persistent=true
RandomizedDelaySec=60

[Install]
WantedBy=timers.target
"""
    return {f"{timer.name}.service": service, f"{timer.name}.timer": unit}


def _quoted(part: str) -> str:
    """Quote an argument for ExecStart, where % begins a specifier and $ a variable (systemd.service(5))."""
    text = part.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{text}"' if text != part or any(char.isspace() for char in part) or "'" in part or not part else part


def cron(timer: Timer) -> str:
    """Give the line of a crontab (crontab(5)), with the mark by which it is found again."""
    # Cron takes a percent sign for a line end.
    command = shlex.join(timer.command).replace("%", "\\%")
    return f"{_cron_times(timer)} {command} --quiet  {mark(timer)}"


def mark(timer: Timer) -> str:
    """Give the comment that tells the timer's line from those of others."""
    return f"# {timer.name}: shadowai schedule"


def _cron_times(timer: Timer) -> str:
    minutes = timer.minutes
    if minutes is None:
        hour, minute = timer.at.split(":")
        return f"{int(minute)} {int(hour)} * * *"
    # Cron knows no other intervals; what lies between two is started more often, never less.
    if minutes < _HOUR:
        return f"*/{minutes} * * * *"
    if minutes < _DAY:
        return f"0 */{minutes // _HOUR} * * *"
    return f"0 0 */{min(minutes // _DAY, _DAYS)} * *"


def with_line(crontab: str, timer: Timer) -> str:
    """Give a crontab with the timer's line: in the place of an older one, else at the end."""
    kept = [line for line in crontab.splitlines() if not line.endswith(mark(timer))]
    return "\n".join([*kept, cron(timer)]) + "\n"


def windows_task(timer: Timer) -> str:
    """Give the definition of a Windows task (Task Scheduler schema 1.2), for `schtasks /create /xml`."""
    program, *arguments = timer.command
    minutes = timer.minutes or _DAY
    repeat = f"<Repetition><Interval>PT{minutes}M</Interval></Repetition>" if minutes < _DAY else ""
    start = timer.at if timer.minutes is None else "00:00"
    return f"""<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo><Description>shadowai: one pass over what is new in the logs</Description></RegistrationInfo>
  <Triggers>
    <CalendarTrigger>
      {repeat}<StartBoundary>2026-01-01T{start}:00</StartBoundary>
      <ScheduleByDay><DaysInterval>{max(minutes // _DAY, 1)}</DaysInterval></ScheduleByDay>
    </CalendarTrigger>
  </Triggers>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <StartWhenAvailable>true</StartWhenAvailable>
    <ExecutionTimeLimit>PT12H</ExecutionTimeLimit>
  </Settings>
  <Actions>
    <Exec><Command>{escape(program)}</Command><Arguments>{escape(list2cmdline(arguments))}</Arguments></Exec>
  </Actions>
</Task>
"""


def unit_folder(*, is_root: bool, home: Path) -> Path:
    """Give the folder of systemd's units: the system's for the administrator, else the user's own."""
    return Path("/etc/systemd/system") if is_root else home / ".config" / "systemd" / "user"
