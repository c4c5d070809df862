"""`shadowai observe`: every observation, AI or not, as ECS records."""

from __future__ import annotations

import sys
from typing import Any

import click

from shadowai.cli.common import complain, read_options, reads_sources, settings_of
from shadowai.cli.exits import exit_of
from shadowai.cli.live import captures_live, recorded
from shadowai.cli.options import FILE
from shadowai.errors import UsageError
from shadowai.observe import FORMATS
from shadowai.observe import observe as run_observe


@click.command()
@reads_sources
@captures_live
@click.option(
    "-f", "records", type=click.Choice(FORMATS), default="jsonl", show_default=True, help="Format of the records."
)
@click.option("--out", type=FILE, help="Write into this file instead of standard output.")
def observe(**options: Any) -> None:  # noqa: ANN401  # click hands the options over by name
    """Write every observation, AI or not, under names of ECS.

    \b
    Examples:
      shadowai observe office.pcapng | jq -r '.tls.client.server_name'
      shadowai observe access.log -f csv --out seen.csv
      sudo shadowai observe --live eth0 --for 30s
    """
    if options["records"] == "parquet" and options["out"] is None and sys.stdout.isatty():
        raise UsageError("Parquet is binary; name a file with --out")
    chosen = settings_of(options)
    with recorded(options) as taken:
        reports = run_observe(read_options(options, chosen, taken), options["records"], options["out"])
    complain(reports)
    sys.exit(exit_of(reports))
