"""`shadowai init`: ask, look, and write a first settings file."""

from __future__ import annotations

import tempfile
import zoneinfo
from pathlib import Path

import click

from shadowai.cli.common import complain
from shadowai.cli.options import FILE, asking
from shadowai.errors import UsageError
from shadowai.reports.text import plural
from shadowai.settings.first import Answers, recognised, settings_text

_REMEDY = "--yes takes what is found and the defaults"


@click.command()
@click.argument("folders", nargs=-1, type=FILE)
@click.option("--out", type=FILE, default=Path("shadowai.toml"), show_default=True, help="File to write.")
@click.option("--yes", is_flag=True, help="Ask nothing; take what is found and the defaults.")
def init(folders: tuple[Path, ...], out: Path, *, yes: bool) -> None:
    """Write a first settings file for `shadowai run`, with comments.

    FOLDERS are where logs and captures lie; the formats of what is in them are recognised.

    \b
    Example:
      shadowai init /var/log/squid /var/log/named --out shadowai.toml
    """
    if out.exists():
        raise UsageError("is there already; name another file with --out", where=out)
    if not folders and not yes:
        with asking(_REMEDY):
            named = click.prompt("Folders with logs or captures, separated by commas", default="/var/log")
        folders = tuple(Path(name.strip()) for name in named.split(",") if name.strip())
    with tempfile.TemporaryDirectory(prefix="shadowai-") as spool:
        found = recognised(folders, Path(spool))
    complain((), found.notes)
    for source in found.sources:
        click.echo(f"found {source.name}: {source.format}, {plural(source.files, 'file')} in {source.pattern}")
    if not found.sources:
        click.echo("nothing was recognised there; write [[sources]] yourself")
    with asking(_REMEDY):
        text = settings_text(found.sources, Answers() if yes else _asked())
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot be written: {error.strerror}", where=out) from error
    click.echo(f"written: {out}; next: shadowai config check {out}")


def _asked() -> Answers:
    directory = click.prompt("Folder with people.csv and networks.csv (empty: none)", default="", show_default=False)
    policy = click.prompt("Policy file (empty: none, everything is unsanctioned)", default="", show_default=False)
    zone = click.prompt("Time zone of logs that name none", default="UTC", value_proc=_zone)
    out = click.prompt("Folder for reports", default="reports")
    return Answers(directory or None, policy or None, zone, out)


def _zone(name: str) -> str:
    """Take the name of a time zone; click asks again after its own error."""
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise click.UsageError(f"{name!r} is no IANA time zone (for example Europe/Berlin)") from error
    return name
