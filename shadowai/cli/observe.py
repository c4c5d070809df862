"""`shadowai observe`: every observation, AI or not, as ECS records."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from typing import Any

import click

from shadowai.cli.common import FILE, columns_option, complain, settings
from shadowai.cli.exits import exit_of
from shadowai.errors import UsageError
from shadowai.inputs import ReadOptions
from shadowai.observe import FORMATS, open_writer
from shadowai.observe import observe as run_observe


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option(
    "-f", "records", type=click.Choice(FORMATS), default="jsonl", show_default=True, help="Format of the records."
)
@click.option("--out", type=FILE, help="Write into this file instead of standard output.")
@click.option("--format", "format_", metavar="ID", help="Read every log as this format (see `shadowai formats`).")
@click.option(
    "--columns", multiple=True, metavar="FIELD=HEADER", help="A CSV of your own: map our field to its header."
)
@click.option("--zone", help="IANA time zone of log times that name none [default: UTC].")
@click.option("--tls-secrets", type=FILE, help="TLS key log: read captures deeply with tshark, URLs included.")
@click.option("--config", type=FILE, help="Settings file [default: the variable SHADOWAI_CONFIG].")
def observe(**options: Any) -> None:  # noqa: ANN401  # click hands the options over by name
    """Write every observation of the sources, AI or not, with the field names of ECS.

    \b
    Examples:
      shadowai observe office.pcapng | jq -r '.tls.client.server_name'
      shadowai observe access.log -f csv --out seen.csv
    """  # noqa: D301  # \b is click's mark for lines to be kept
    if options["records"] == "parquet" and options["out"] is None and sys.stdout.isatty():
        raise UsageError("Parquet is binary; name a file with --out")
    chosen = settings(config=options["config"], zone=options["zone"])
    read = ReadOptions(
        arguments=options["sources"],
        format=options["format_"],
        columns={**chosen.columns, **columns_option(options["columns"])},
        zone=chosen.zone,
        secrets=options["tls_secrets"],
    )
    out = options["out"]
    with out.open("wb") if out else nullcontext(sys.stdout.buffer) as stream:
        reports = run_observe(read, open_writer(options["records"], stream))
    complain(reports)
    sys.exit(exit_of(reports))
