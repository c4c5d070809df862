"""`shadowai reveal`: who is behind a pseudonym, for who has the key and a reason."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, TextIO

import click
import orjson

from shadowai.cli.common import settings
from shadowai.cli.exits import Exit
from shadowai.cli.from_settings import directory_options_of, labels_of
from shadowai.cli.options import FILE, with_config
from shadowai.directory import Directory, load_directory
from shadowai.errors import UsageError
from shadowai.reports.text import clean
from shadowai.revealing import Revealed, too_large, write_down
from shadowai.revealing import reveal as find
from shadowai.settings.nightly import default_state

if TYPE_CHECKING:
    from pathlib import Path

    from shadowai.config import Settings

LOG = "reveals.jsonl"


@click.command()
@click.argument("pseudonyms", nargs=-1, required=True, metavar="PSEUDONYM...")
@click.option("--reason", required=True, help="Why; it is written into the log, with who asked and when.")
@click.option("--key-file", type=FILE, help="Key with which the report was made [default: the settings'].")
@click.option("--directory", type=FILE, help="Folder whose people, and addresses of client networks, are tried.")
@click.option(
    "--among",
    type=click.File(encoding="utf-8"),
    help="Users, devices and addresses to try too, one a line; - reads them.",
)
@click.option("--log", type=FILE, help=f"Where it is written down [default: {LOG} in the folder for state].")
@with_config
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def reveal(  # noqa: PLR0913  # click hands the options over by name
    pseudonyms: tuple[str, ...],
    *,
    reason: str,
    key_file: Path | None,
    directory: Path | None,
    among: TextIO | None,
    log: Path | None,
    config: Path | None,
    as_json: bool,
) -> None:
    """Say who is behind the pseudonyms of a report.

    Needs the key with which the report was made, and writes down first who asked, when and why. That log names no one:
    it holds the pseudonyms, the reason and whether somebody was found. Exit code 1: nobody was found for one of them.

    \b
    Examples:
      shadowai reveal P-0A1B2C3D4E --reason "incident 2026-117" \\
        --key-file pseudonyms.key --directory directory
      cut -d, -f3 export.csv | shadowai reveal P-0A1B2C3D4E --among - \\
        --reason "incident 2026-117" --config shadowai.toml
    """
    chosen = settings(config=config, key_file=key_file, directory=directory)
    known = load_directory(chosen.directory, directory_options_of(chosen)) if chosen.directory else Directory.empty()
    found = find(pseudonyms, _key(chosen), known, map(str.strip, among or ()))
    write_down(log or default_state() / LOG, found, reason, time.time_ns())
    if as_json:
        click.echo(orjson.dumps([{"label": one.label, "keys": one.keys} for one in found], option=orjson.OPT_INDENT_2))
    else:
        _tell(found, known)
    if not all(one.keys for one in found):
        sys.exit(Exit.FAIL_ON_MET)


def _key(chosen: Settings) -> bytes:
    key = labels_of(chosen.model_copy(update={"names": False})).key
    if key is None:
        raise UsageError("needs the key with which the report was made: --key-file, or `key_file` in the settings")
    return key


def _tell(found: list[Revealed], known: Directory) -> None:
    for one in found:
        said = ", ".join(one.keys) or "nobody of those who were tried; name more with --directory or --among"
        click.echo(clean(f"{one.label}: {said}"))
    if not all(one.keys for one in found):
        for network in too_large(known):
            click.echo(f"not tried: {network}, which has too many addresses; name some with --among", err=True)
