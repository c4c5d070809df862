"""`shadowai send`: mail, webhooks and SIEM records of a report, and what the outbox holds."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click
import orjson

from shadowai.cli.common import complain, settings
from shadowai.cli.exits import Exit
from shadowai.cli.options import FILE, with_config
from shadowai.cli.orders import ordered
from shadowai.delivery.deliver import PARTS, Subject, deliver, send_waiting, write_letters
from shadowai.delivery.outbox import OUTBOX, Outbox, State
from shadowai.errors import unknown_name
from shadowai.reports.document import read_result
from shadowai.reports.text import clean, plural
from shadowai.settings.nightly import default_state

if TYPE_CHECKING:
    from pathlib import Path

    from shadowai.config import Settings
    from shadowai.delivery.drain import Delivered


@click.group()
def send() -> None:
    """Send a report's mails, webhooks and SIEM records, each once.

    \b
    Examples:
      shadowai send report report --config shadowai.toml --dry-run mails
      shadowai send report report --config shadowai.toml
      shadowai send status --config shadowai.toml
    """


@send.command()
@click.argument("source", type=FILE, metavar="RESULT")
@with_config
@click.option("--previous", type=FILE, help="Earlier report: alerts tell what is new, gone or risen.")
@click.option("--occasion", metavar="NAME", help="What the report is called, such as 2026-W47: mailed once for it.")
@click.option("--only", type=click.Choice(PARTS), multiple=True, help="Only these parts.")
@click.option("--dry-run", type=FILE, metavar="DIR", help="Write the mails as .eml files there, and send nothing.")
def report(  # noqa: PLR0913  # click hands the options over by name
    *,
    source: Path,
    config: Path | None,
    previous: Path | None,
    occasion: str | None,
    only: tuple[str, ...],
    dry_run: Path | None,
) -> None:
    """Send what a report is to tell, by the settings.

    RESULT is a result.json, or the folder of a report. The same report is not sent twice: the outbox remembers.

    \b
    Examples:
      shadowai send report report --config shadowai.toml \\
        --occasion 2026-W47 --previous last-week
      shadowai send report report --config shadowai.toml --dry-run mails

    \b
    Exit codes:
      0 all sent    2 wrong usage    3 something is not sent; it says what
    """
    chosen = settings(config=config)
    earlier = read_result(previous) if previous else None
    subject = Subject(read_result(source), ordered(chosen).look, earlier, occasion, parts=only or PARTS)
    if dry_run:
        files, problems = write_letters(chosen.channels, subject, dry_run, time.time())
        complain((), problems)
        click.echo(f"{plural(len(files), 'mail')} written into {dry_run}")
        sys.exit(Exit.SOME_UNREAD if problems else Exit.DONE)
    with Outbox(outbox_path(chosen)) as outbox:
        _tell(deliver(chosen.channels, subject, outbox))


@send.command()
@with_config
def waiting(config: Path | None) -> None:
    """Send what still waits in the outbox.

    \b
    Examples:
      shadowai send waiting --config shadowai.toml
    """
    chosen = settings(config=config)
    with Outbox(outbox_path(chosen)) as outbox:
        _tell(send_waiting(chosen.channels, outbox))


@send.command()
@with_config
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object an item.")
@click.option("--all", "everything", is_flag=True, help="Also what was sent.")
def status(config: Path | None, *, as_json: bool, everything: bool) -> None:
    """List what is not sent, and why.

    \b
    Examples:
      shadowai send status --config shadowai.toml --json
    """
    states = [one for one in State if everything or one is not State.SENT]
    with Outbox(outbox_path(settings(config=config))) as outbox:
        for row in outbox.rows(*states):
            if as_json:
                click.echo(orjson.dumps(row._asdict()))
            else:
                why = f": {row.why}" if row.why else ""
                click.echo(clean(f"{row.key}  {row.state}, {plural(row.attempts, 'attempt')}: {row.title}{why}"))


@send.command()
@click.argument("keys", nargs=-1, required=True, metavar="KEY...")
@with_config
def again(keys: tuple[str, ...], config: Path | None) -> None:
    """Put items back that were refused, given up or are in doubt.

    They may arrive twice.

    \b
    Examples:
      shadowai send again mail:5f0c9e2a --config shadowai.toml
    """
    with Outbox(outbox_path(settings(config=config))) as outbox:
        over = [row.key for row in outbox.rows(State.DOUBT, State.REFUSED, State.EXPIRED)]
        for given in keys:
            found = [key for key in over if key.startswith(given)]
            if len(found) != 1:
                raise unknown_name("item", given, over, "`shadowai send status` lists them")
            outbox.retry(found[0], time.time())
    click.echo(f"{plural(len(keys), 'item')} will be sent by the next run, or by `shadowai send waiting`")


def outbox_path(chosen: Settings) -> Path:
    """Give the place of the outbox: in the folder of state."""
    return (chosen.history.state or default_state()) / OUTBOX


def _tell(delivered: Delivered) -> None:
    complain((), delivered.problems)
    parts = [f"{delivered.sent} sent"]
    others = ("waiting", "refused", "doubt", "expired")
    parts += [f"{number} {name}" for name in others if (number := getattr(delivered, name))]
    click.echo(", ".join(parts))
    sys.exit(Exit.DONE if delivered.is_well else Exit.SOME_UNREAD)
