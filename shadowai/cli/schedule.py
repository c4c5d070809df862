"""`shadowai schedule install`: write the timer of the scheduled scan."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from shadowai.cli.common import settings
from shadowai.cli.options import FILE
from shadowai.errors import UsageError
from shadowai.nightly.timers import Timer, cron, systemd, unit_folder, windows_task, with_line
from shadowai.settings.credentials import Secret

if TYPE_CHECKING:
    from shadowai.config import Settings


@click.group()
def schedule() -> None:
    """Start `shadowai run` by a timer of the system.

    \b
    Examples:
      shadowai schedule install --systemd --config /etc/shadowai.toml
      shadowai schedule install --cron --config shadowai.toml --print
    """


@schedule.command()
@click.option("--systemd", "kind", flag_value="systemd", help="A service and a timer of systemd.")
@click.option("--cron", "kind", flag_value="cron", help="A line in your crontab.")
@click.option("--windows-task", "kind", flag_value="windows", help="A task of Windows (an XML file for schtasks).")
@click.option("--config", type=FILE, required=True, help="Settings file that the timer's runs read.")
@click.option("--name", default="shadowai", show_default=True, help="Name of the timer, where there are several.")
@click.option("--print", "only_print", is_flag=True, help="Print what would be written, and write nothing.")
def install(kind: str | None, config: Path, name: str, *, only_print: bool) -> None:
    """Write a timer for the scheduled scan.

    What was written is printed, and what remains to be done. When it runs is said by [schedule] in the settings.

    \b
    Example:
      shadowai schedule install --systemd --config /etc/shadowai.toml
    """
    if kind is None:
        raise UsageError("say which timer: --systemd, --cron or --windows-task")
    if not name.replace("-", "").isalnum() or not name.isascii():
        raise UsageError("--name may have letters, digits and hyphens")
    chosen = settings(config=config)
    command = [_program(), "run", "--config", str(config.absolute())]
    timer = Timer(command, chosen.schedule.at, chosen.schedule.every, name)
    _INSTALLERS[kind](timer, only_print=only_print)
    if variables := _variables(chosen):
        click.echo(f"# The settings take secrets from {', '.join(variables)}: {_WHERE[kind]}")


def _variables(chosen: Settings) -> list[str]:
    """Name the variables that the settings read secrets from; `config check` finds those that have no value."""
    channels = chosen.channels
    mail = (channels.mail,) if channels.mail else ()
    values = (
        getattr(one, name) for one in (*mail, *channels.siem, *channels.webhooks) for name in type(one).model_fields
    )
    found = {value.env for value in values if isinstance(value, Secret) and value.env}
    return sorted(found | ({chosen.history.url_env} if chosen.history.url_env else set()))


def _program() -> str:
    """Give the full path of this program: timers have no PATH of yours."""
    return str(Path(shutil.which("shadowai") or sys.argv[0]).absolute())


def _install_systemd(timer: Timer, *, only_print: bool) -> None:
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    folder = unit_folder(is_root=is_root, home=Path.home())
    for name, content in systemd(timer).items():
        click.echo(f"# {folder / name}\n{content}")
        if not only_print:
            _write(folder / name, content)
    user = "" if is_root else " --user"
    verb = "would be" if only_print else "was"
    click.echo(f"# This {verb} written. Then: systemctl{user} daemon-reload")
    click.echo(f"#   systemctl{user} enable --now {timer.name}.timer")


def _install_cron(timer: Timer, *, only_print: bool) -> None:
    click.echo(cron(timer))
    if only_print:
        return
    program = shutil.which("crontab")
    if program is None:
        raise UsageError("crontab is not on PATH; put the line above into your crontab yourself")
    known = subprocess.run([program, "-l"], capture_output=True, text=True, check=False)  # noqa: S603  # from PATH, no shell
    fresh = with_line(known.stdout if known.returncode == 0 else "", timer)
    made = subprocess.run([program, "-"], input=fresh, text=True, capture_output=True, check=False)  # noqa: S603  # see above
    if made.returncode:
        raise UsageError(f"crontab refused the line: {made.stderr.strip()}")
    click.echo("# This line is in your crontab now.")


def _install_windows(timer: Timer, *, only_print: bool) -> None:
    content = windows_task(timer)
    click.echo(content)
    file = Path(f"{timer.name}.xml")
    if not only_print:
        try:
            file.write_text(content, encoding="utf-16")
        except OSError as error:
            raise UsageError(error.strerror or "cannot be written", where=file) from error
    click.echo(f"Then: schtasks /create /tn {timer.name} /xml {file} /ru SYSTEM")
    click.echo("Without /ru SYSTEM it runs only while you are logged on; with it [history] state should be named.")


def _write(file: Path, content: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot be written: {error.strerror}", where=file) from error


_WHERE = {
    "systemd": "name a file that sets them as EnvironmentFile= of the service, or use secret files",
    "cron": "set them in lines before the one above, or use secret files",
    "windows": "set them for the account that runs the task, or use secret files",
}
_INSTALLERS = {"systemd": _install_systemd, "cron": _install_cron, "windows": _install_windows}
