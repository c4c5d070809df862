"""`shadowai scan`: read sources, print a summary, write the report."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from shadowai.cli.common import complain, read_options, reads_sources, settings_of
from shadowai.cli.engines import cluster_of, runs_on_engine
from shadowai.cli.exits import exit_of_scan
from shadowai.cli.from_settings import directory_options_of, labels_of
from shadowai.cli.live import captures_live, recorded
from shadowai.cli.options import FILE, Moment, with_signatures
from shadowai.cli.orders import ordered, orders
from shadowai.cli.progress import progress_bar
from shadowai.model import Status
from shadowai.reports.document import result_json
from shadowai.reports.terminal import summary
from shadowai.scan import ScanOptions
from shadowai.scan import scan as run_scan

if TYPE_CHECKING:
    from pathlib import Path

    from shadowai.result import Result


@click.command()
@reads_sources
@captures_live
@click.option("--directory", type=FILE, help="Folder with networks.csv, people.csv, departments.csv.")
@click.option("--policy", type=FILE, help="YAML file that says what is sanctioned, and where.")
@with_signatures
@click.option("--out", type=FILE, help="Write the report into this folder.")
@orders
@click.option("--since", type=Moment(), help="Only what happened at or after this time.")
@click.option("--until", type=Moment(), help="Only what happened before this time.")
@click.option("--previous", type=FILE, help="Earlier report (folder or result.json): say what changed since.")
@click.option("--names", is_flag=True, default=None, help="Call people by their names instead of numbers.")
@click.option("--key-file", type=FILE, help="Key of pseudonyms that stay the same from report to report.")
@click.option("--workers", type=click.IntRange(1, 256), help="Worker processes [default: one a core].")
@runs_on_engine
@click.option("--fail-on", type=click.Choice([status.value for status in Status]), help="Exit 1 at use this grave.")
@click.option("--quiet", is_flag=True, help="Print only errors.")
@click.option("--json", "as_json", is_flag=True, help="Print result.json instead of the summary.")
def scan(**options: Any) -> None:  # noqa: ANN401  # click hands the options over by name
    """Scan captures and logs, and report AI use by department.

    SOURCE is a file, a folder, a glob, a URL or - for standard input; formats, compression and archives are told from
    the content.

    \b
    Examples:
      shadowai scan access.log dns.log.gz office.pcap
      shadowai scan /var/log/squid --directory directory \\
        --policy policy.yaml --out report
      tcpdump -w - -c 100000 | shadowai scan - --json
      sudo shadowai scan --live eth0 --for 10m --out report
      shadowai scan june/*.log --previous may-report --out june-report
      shadowai scan export.zip 's3://logs/proxy/2026-11-*.gz'
      shadowai scan export.csv --columns time=When --columns host=Site \\
        --columns user=Who

    \b
    Exit codes:
      0 done                         3 done, but some input could not be read
      1 done, --fail-on was met      4 nothing could be read
      2 wrong usage or configuration, or the report cannot be written
    """
    chosen = settings_of(options)
    with recorded(options, quiet=options["quiet"]) as taken:
        scan_options = ScanOptions(
            read=read_options(options, chosen, taken),
            directory=chosen.directory,
            policy=chosen.policy,
            signatures=chosen.signatures,
            out=options["out"],
            since=options["since"],
            until=options["until"],
            workers=chosen.workers,
            directory_options=directory_options_of(chosen),
            previous=options["previous"],
            labels=labels_of(chosen),
            order=ordered(chosen),
            cluster=cluster_of(options, chosen),
        )
        with progress_bar(quiet=options["quiet"]) as advance:
            result = run_scan(scan_options, advance)
    tell(result, options["out"], quiet=options["quiet"], as_json=options["as_json"])
    sys.exit(exit_of_scan(result, Status(options["fail_on"]) if options["fail_on"] else None))


def tell(result: Result, out: Path | None, *, quiet: bool, as_json: bool) -> None:
    """Print what a scan found to standard output, and what it could not read to standard error."""
    complain(result.sources, result.warnings)
    if as_json:
        sys.stdout.buffer.write(result_json(result))
    elif not quiet:
        Console().print(summary(result))
        if out:
            index = out / "index.html"
            click.echo(f"Report: {index if index.is_file() else out}")
