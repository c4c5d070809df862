"""`shadowai signatures`: look into the signature database and check it."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click
import orjson

from shadowai.cli.exits import end_check
from shadowai.cli.options import FILE, overlays_of, with_signatures
from shadowai.cli.signature_release import RELEASES
from shadowai.cli.signature_tools import TOOLS
from shadowai.errors import UsageError, unknown_name
from shadowai.reports.text import clean, plural
from shadowai.signatures import load_database, read_files, read_service, service_path

if TYPE_CHECKING:
    from pathlib import Path

WIDEST = 500  # characters; more than a line with the longest names that the schema allows
_folder = click.option("--folder", type=FILE, help="Another signature folder than the shipped one.")
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def signatures() -> None:
    """Look into the signature database and check it.

    \b
    Examples:
      shadowai signatures show chatgpt
      shadowai signatures lint --folder my-signatures
    """


@signatures.command("list")
@click.option("--category", help="Only this category.")
@_folder
@with_signatures
@_json
def list_(category: str | None, folder: Path | None, signatures: Path | None, *, as_json: bool) -> None:
    """List the services: id, name, vendor, category.

    \b
    Example:
      shadowai signatures list --category chat
    """
    database = load_database(folder, overlays_of(signatures))
    if category and category not in database.categories:
        raise UsageError(f"no category {category}; there are {', '.join(sorted(database.categories))}")
    services = [one for one in database.services.values() if category in (None, one.category)]
    services.sort(key=lambda one: (one.category, one.id))
    if as_json:
        for one in services:
            entry = {"id": one.id, "name": one.name, "vendor": one.vendor, "category": one.category}
            click.echo(orjson.dumps(entry))
        return
    from rich.console import Console  # only a table needs it, and it takes as long as all the rest
    from rich.table import Table  # the same

    table = Table("id", "name", "vendor", "category", box=None)
    for one in services:
        table.add_row(one.id, one.name, one.vendor, one.category)
    # A program that reads the list wants one line a service; only a terminal needs them broken.
    Console(markup=False, width=None if sys.stdout.isatty() else WIDEST).print(table)


@signatures.command()
@click.argument("service")
@_folder
@with_signatures
@_json
def show(service: str, folder: Path | None, signatures: Path | None, *, as_json: bool) -> None:
    """Show one service with its indicators, references and examples.

    \b
    Example:
      shadowai signatures show chatgpt
    """
    services = load_database(folder, overlays_of(signatures)).services
    facts = services.get(service)
    if facts is None:
        raise unknown_name("service", service, services, "see `shadowai signatures list`")
    found = read_service(service_path(facts, folder, overlays_of(signatures)))
    document = {"id": found.id, "category": found.category, **found.file.model_dump(mode="json")}
    for indicator, shown in zip(found.indicators, document["indicators"], strict=True):
        shown["confidence"] = indicator.certainty
    click.echo(orjson.dumps(document, option=0 if as_json else orjson.OPT_INDENT_2))


@signatures.command()
@_folder
@with_signatures
@_json
def stats(folder: Path | None, signatures: Path | None, *, as_json: bool) -> None:
    """Count services and indicators.

    By category, country, kind, role and age.

    \b
    Example:
      shadowai signatures stats --json
    """
    from shadowai.signatures.statistics import statistics  # brings what only reading files needs

    numbers = statistics(read_files(folder, overlays_of(signatures)), datetime.now(UTC).date())
    if as_json:
        click.echo(orjson.dumps(numbers))
        return
    for name, value in numbers.items():
        click.echo(f"{name.replace('_', ' ')}: {value if not isinstance(value, dict) else ''}".rstrip())
        if isinstance(value, dict):
            _print_counts(value)


def _print_counts(counts: dict[str, Any]) -> None:
    for name, number in counts.items():
        click.echo(f"  {name:<20} {number:>5}")


@signatures.command()
@click.argument("paths", nargs=-1, type=FILE, metavar="[PATH ...]")
@_folder
@_json
def lint(paths: tuple[Path, ...], folder: Path | None, *, as_json: bool) -> None:
    """Check every file, or these: one line an issue.

    Exit 2 where one is an error. PATH is a file or folder of the database, or of an overlay, which is checked as laid
    over the database.

    \b
    Examples:
      shadowai signatures lint
      shadowai signatures lint my-signatures/chat/our-chat.yaml
    """
    from shadowai.signatures.lint.run import lint_paths  # brings what only reading files needs

    done = lint_paths(paths, folder, datetime.now(UTC).date())
    for issue in done.issues:
        click.echo(orjson.dumps(issue.as_json()) if as_json else clean(str(issue)))
    read = f"{plural(done.services, 'service')}, {plural(done.indicators, 'indicator')}"
    end_check(read, (issue.level for issue in done.issues))


for tool in (*TOOLS, *RELEASES):
    signatures.add_command(tool)
