"""What commands share that have settings or read sources: the settings, the sources' options, complaints."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from shadowai.cli.from_settings import read_options_of
from shadowai.cli.options import FILE, with_config
from shadowai.config import Settings, load_settings
from shadowai.errors import UsageError
from shadowai.reports.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from shadowai.inputs import ReadOptions, Recorded
    from shadowai.provenance import SourceReport

_OPTIONS = [name for name in Settings.model_fields if name != "columns"]  # --columns is read apart: it adds to a map


def settings(**given: object) -> Settings:
    """Read the settings behind a command from its options, the environment and shadowai.toml."""
    config = given.pop("config", None)
    return load_settings(config if isinstance(config, Path) else None, os.environ, **given)


def settings_of(options: Mapping[str, Any]) -> Settings:
    """Read the settings behind a command that takes its sources' options (see `reads_sources`)."""
    return settings(**{name: options[name] for name in ("config", *_OPTIONS) if name in options})


def reads_sources(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the sources as arguments and the options that say how to read them (see `read_options`)."""
    columns = "A CSV of your own: map our field to its header."
    keylog = "TLS key log: read captures deeply with tshark, URLs included."
    for add in (
        with_config,
        click.option("--tls-keylog", type=FILE, help=keylog),
        click.option("--zone", help="IANA time zone of log times that name none [default: UTC]."),
        click.option("--columns", multiple=True, metavar="FIELD=HEADER", help=columns),
        click.option(
            "--format", "format_", metavar="ID", help="Read every log as this format (see `shadowai formats`)."
        ),
        click.argument("sources", nargs=-1, metavar="SOURCE..."),
    ):
        command = add(command)
    return command


def read_options(options: Mapping[str, Any], chosen: Settings, recorded: Sequence[Recorded] = ()) -> ReadOptions:
    """Make of a command's options, and of the settings behind them, what is to be read and how."""
    return replace(
        read_options_of(chosen),
        arguments=options["sources"],
        format=options["format_"],
        columns={**chosen.columns, **_column_map(options["columns"])},
        recorded=recorded,
    )


def _column_map(pairs: Iterable[str]) -> dict[str, dict[str, str]]:
    mapping: dict[str, str] = {}
    for pair in pairs:
        field, equals, header = pair.partition("=")
        if not equals:
            raise UsageError(f"--columns {pair!r} is not FIELD=HEADER, such as host=Destination")
        mapping[field.strip()] = header.strip()
    return {"csv": mapping} if mapping else {}


def complain(sources: Iterable[SourceReport], warnings: Iterable[str] = ()) -> None:
    """Tell on standard error which inputs could not be read, whole or in part, and what else is odd."""
    for warning in warnings:
        click.echo(f"shadowai: {clean(warning)}", err=True)
    for source in sources:
        if source.error:
            click.echo(f"shadowai: {clean(source.path)}: {clean(source.error)}", err=True)
        for warning in source.warnings:
            click.echo(f"shadowai: {clean(source.path)}: {clean(warning)}", err=True)
