"""`shadowai signatures`: look into the signature database and check it."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click
import orjson
from rich.console import Console
from rich.table import Table

from shadowai.cli.common import FILE
from shadowai.cli.exits import Exit
from shadowai.errors import UsageError
from shadowai.signatures import lint as run_lint
from shadowai.signatures import load_database
from shadowai.signatures import statistics as count

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
@_json
def list_(category: str | None, folder: Path | None, *, as_json: bool) -> None:
    """List the services: id, name, vendor, category."""
    database = load_database(folder)
    if category and category not in database.categories:
        raise UsageError(f"no category {category}; there are {', '.join(sorted(database.categories))}")
    services = [one for one in database.services.values() if category in (None, one.category)]
    services.sort(key=lambda one: (one.category, one.id))
    if as_json:
        for one in services:
            entry = {"id": one.id, "name": one.file.name, "vendor": one.file.vendor, "category": one.category}
            click.echo(orjson.dumps(entry))
        return
    table = Table("id", "name", "vendor", "category", box=None)
    for one in services:
        table.add_row(one.id, one.file.name, one.file.vendor, one.category)
    # A program that reads the list wants one line a service; only a terminal needs them broken.
    Console(markup=False, width=None if sys.stdout.isatty() else WIDEST).print(table)


@signatures.command()
@click.argument("service")
@_folder
@_json
def show(service: str, folder: Path | None, *, as_json: bool) -> None:
    """Show one service with its indicators, references and examples."""
    database = load_database(folder)
    found = database.services.get(service)
    if found is None:
        near = sorted(name for name in database.services if service.lower() in name)[:5]
        raise UsageError(f"no service {service!r}" + (f"; did you mean {', '.join(near)}?" if near else ""))
    document = {"id": found.id, "category": found.category, **found.file.model_dump(mode="json")}
    for indicator, shown in zip(found.indicators, document["indicators"], strict=True):
        shown["confidence"] = indicator.certainty
    if as_json:
        click.echo(orjson.dumps(document))
    else:
        click.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2))


@signatures.command()
@_folder
@_json
def stats(folder: Path | None, *, as_json: bool) -> None:
    """Count services and indicators by category, country, kind and role."""
    numbers = count(load_database(folder))
    if as_json:
        click.echo(orjson.dumps(numbers))
        return
    for name, value in numbers.items():
        click.echo(f"{name.replace('_', ' ')}: {value if not isinstance(value, dict) else ''}".rstrip())
        if isinstance(value, dict):
            _print_counts(value)


def _print_counts(counts: dict[str, Any]) -> None:
    for name, number in counts.items():
        click.echo(f"  {name:<16} {number:>5}")


@signatures.command()
@_folder
def lint(folder: Path | None) -> None:
    """Check every file: schema, examples, duplicates, width, reach. Exit 2 where something is wrong."""
    database = load_database(folder)
    findings = run_lint(database, datetime.now(UTC).date())
    for finding in findings:
        click.echo(str(finding))
    total = f"{len(database.services)} services, {database.indicator_count} indicators"
    click.echo(f"{total}: {len(findings) or 'no'} findings", err=True)
    sys.exit(Exit.USAGE if findings else Exit.DONE)
