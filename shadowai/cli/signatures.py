"""`shadowai signatures`: look into the signature database and check it."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import orjson

from shadowai.cli.exits import Exit
from shadowai.errors import UsageError
from shadowai.signatures import load_database, read_files, read_service, service_path

WIDEST = 500  # characters; more than a line with the longest names that the schema allows
_FILE = click.Path(path_type=Path)
_folder = click.option("--folder", type=_FILE, help="Another signature folder than the shipped one.")
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
            entry = {"id": one.id, "name": one.name, "vendor": one.vendor, "category": one.category}
            click.echo(orjson.dumps(entry))
        return
    from rich.console import Console  # noqa: PLC0415  # only a table needs it, and it takes as long as all the rest
    from rich.table import Table  # noqa: PLC0415  # the same

    table = Table("id", "name", "vendor", "category", box=None)
    for one in services:
        table.add_row(one.id, one.name, one.vendor, one.category)
    # A program that reads the list wants one line a service; only a terminal needs them broken.
    Console(markup=False, width=None if sys.stdout.isatty() else WIDEST).print(table)


@signatures.command()
@click.argument("service")
@_folder
@_json
def show(service: str, folder: Path | None, *, as_json: bool) -> None:
    """Show one service with its indicators, references and examples."""
    services = load_database(folder).services
    facts = services.get(service)
    if facts is None:
        near = sorted(name for name in services if service.lower() in name)[:5]
        raise UsageError(f"no service {service!r}" + (f"; did you mean {', '.join(near)}?" if near else ""))
    found = read_service(service_path(facts, folder))
    document = {"id": found.id, "category": found.category, **found.file.model_dump(mode="json")}
    for indicator, shown in zip(found.indicators, document["indicators"], strict=True):
        shown["confidence"] = indicator.certainty
    click.echo(orjson.dumps(document, option=0 if as_json else orjson.OPT_INDENT_2))


@signatures.command()
@_folder
@_json
def stats(folder: Path | None, *, as_json: bool) -> None:
    """Count services and indicators by category, country, kind and role."""
    from shadowai.signatures.statistics import statistics  # noqa: PLC0415  # brings what only reading files needs

    numbers = statistics(read_files(folder))
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
    from shadowai.signatures.lint import lint as run_lint  # noqa: PLC0415  # brings what only reading files needs

    files = read_files(folder)
    findings = run_lint(files, datetime.now(UTC).date())
    for finding in findings:
        click.echo(str(finding))
    indicators = sum(len(service.indicators) for service in files.services.values())
    click.echo(f"{len(files.services)} services, {indicators} indicators: {len(findings) or 'no'} findings", err=True)
    sys.exit(Exit.USAGE if findings else Exit.DONE)
