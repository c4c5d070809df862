"""`shadowai history`: what is kept, whether it is whole, and forgetting, compacting, copying it."""

from __future__ import annotations

import time
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from shadowai.cli.common import settings
from shadowai.cli.exits import Exit, fail
from shadowai.cli.options import FILE, Moment, with_config
from shadowai.cli.run_options import run_options
from shadowai.errors import UsageError
from shadowai.history.store import UNDATED, date_of, day_of
from shadowai.history.upkeep import backup, check, compact, expire, list_days, restore
from shadowai.model import DAY, SECOND
from shadowai.nightly.lock import locked
from shadowai.nightly.run import DATABASE, lock_of, open_history
from shadowai.reasons import written_reason
from shadowai.reports.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from shadowai.history.store import History
    from shadowai.nightly.run import RunOptions


@click.group()
def history() -> None:
    """Look after what scheduled scans have found.

    \b
    Examples:
      shadowai history list --config shadowai.toml
      shadowai history forget anna --reason "request 117" --config shadowai.toml
      shadowai history backup history-copy.db --config shadowai.toml
    """


@contextmanager
def _opened(config: Path | None, *, alone: bool = True, is_new: bool = False) -> Iterator[tuple[RunOptions, History]]:
    """Open the history; `alone` keeps runs away meanwhile. One that is not there yet is made only where it `is_new`."""
    options = run_options(settings(config=config))
    if options.url is None and not is_new and not (file := options.state / DATABASE).is_file():
        raise UsageError("no history is here; name the settings of its runs: --config, or SHADOWAI_CONFIG", where=file)
    if not alone:
        found = open_history(options)
        yield options, found
        found.engine.dispose()
        return
    with locked(lock_of(options), options.wait):
        found = open_history(options)
        yield options, found
        found.engine.dispose()


@history.command("list")
@with_config
def list_(config: Path | None) -> None:
    """List the days that are kept, the latest runs, and decisions.

    \b
    Example:
      shadowai history list --config shadowai.toml
    """
    with _opened(config, alone=False) as (options, found):
        days = list_days(found)
        if not days and not found.runs(1):
            click.echo(f"nothing is kept yet for the workspace {options.workspace}: no run has read anything")
        if days:
            click.echo(f"{'day':>10}  {'rows':>10}  {'parts':>6}  {'MB':>8}")
        for one in days:
            name = "no time" if one.day == UNDATED else date_of(one.day)
            click.echo(f"{name:>10}  {one.rows:>10}  {one.parts:>6}  {one.size / 1e6:>8.1f}")
        for record in found.runs(10):
            click.echo(f"run of {_written(record.ended)}")
        for made in found.decisions():
            click.echo(f"{_written(made['time'])}  {made['kind']}: {made['reason']} ({made['detail']})")


def _written(moment: int) -> str:
    return f"{datetime.fromtimestamp(moment // SECOND, UTC):%Y-%m-%d %H:%M:%S}Z"


@history.command("check")
@with_config
def check_(config: Path | None) -> None:
    """Read all that is kept and say what of it is damaged.

    Exit code 4 where something is.

    \b
    Example:
      shadowai history check --config shadowai.toml
    """
    with _opened(config, alone=False) as (_, found):
        problems = check(found)
    if problems:
        fail("\n".join([*problems, "restore a backup with `shadowai history restore`"]), Exit.NOTHING_READ)
    click.echo("the history is whole")


@history.command("compact")
@with_config
@click.option("--days", type=click.IntRange(0, 36_500), help="Days to leave as they are [default: the settings'].")
def compact_(config: Path | None, days: int | None) -> None:
    """Make old days smaller and quicker to read.

    Their files cannot be read again then with `run --since`.

    \b
    Example:
      shadowai history compact --days 30 --config shadowai.toml
    """
    with _opened(config) as (options, found):
        keep = options.compact_after if days is None else days * DAY
        click.echo(f"days compacted: {compact(found, day_of(options.now - keep))}")


@history.command("expire")
@with_config
def expire_(config: Path | None) -> None:
    """Delete what is older than `keep`, by your word.

    A run deletes nothing where its clock may be wrong; this does. That you did is written down, and runs believe the
    clock up to that moment.

    \b
    Example:
      shadowai history expire --config shadowai.toml
    """
    with _opened(config) as (options, found):
        gone = expire(found, options.now, options.keep)
        click.echo(f"old activity deleted: {plural(gone, 'part')}")


@history.command("backup")
@with_config
@click.argument("file", type=FILE)
def backup_(config: Path | None, file: Path) -> None:
    """Copy the history into a new file.

    The copy is SQLite, wherever the history itself lies.

    \b
    Example:
      shadowai history backup history-2026-11-20.db --config shadowai.toml
    """
    with _opened(config) as (_, found):
        backup(found, file)


@history.command("restore")
@with_config
@click.argument("file", type=FILE)
def restore_(config: Path | None, file: Path) -> None:
    """Fill an empty history from a backup.

    \b
    Example:
      shadowai history restore history-2026-11-20.db --config shadowai.toml
    """
    with _opened(config, is_new=True) as (_, found):
        restore(found, file)


@history.command("rejudge")
@with_config
@click.option("--since", type=Moment(), default="1970-01-01", help="The first day [default: all that are kept].")
@click.option("--reason", default="the policy or the signatures have changed", show_default=True, help="Why.")
def rejudge_(config: Path | None, since: int, reason: str) -> None:
    """Judge what is kept by the policy and signatures of today.

    The next run writes the reports anew, and each says so in its warnings. Hosts that looked like AI when they were
    read are matched again; of all others no host is kept. Mails that were sent are not sent again.

    \b
    Example:
      shadowai history rejudge --since 2026-10-01 --config shadowai.toml
    """
    with _opened(config) as (options, found):
        rules = options.rules()
        policy, signatures = rules.policy.digest[:16], rules.database.digest[:16]
        detail = f"{date_of(day_of(since))} on, by the policy {policy} and the signatures {signatures}"
        days = found.judge_again(day_of(since), written_reason(reason), detail, options.now)
    click.echo(f"{plural(days, 'day')} will be judged again by the next run")


@history.command("forget")
@with_config
@click.argument("person")
@click.option("--reason", required=True, help="Why; it is written down, without the name.")
def forget_(config: Path | None, person: str, reason: str) -> None:
    """Delete what is kept of a person: a user, device or address.

    Logs that are still there are not read again. The reports that it concerns are written anew by the next run; those
    that were sent are not called back.

    \b
    Example:
      shadowai history forget anna --reason "request 117" \\
        --config shadowai.toml
    """
    from shadowai.nightly.forgetting import forget_person  # few commands need it

    with _opened(config) as (options, found):
        directory = options.rules().directory
        gone = forget_person(found, directory, person, reason, time.time_ns())
    click.echo(f"forgotten: {plural(gone.rows, 'row')} of {plural(gone.days, 'day')}")
