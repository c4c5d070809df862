"""`shadowai demo`: the whole journey on the shipped samples."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from shadowai.cli.common import settings
from shadowai.cli.exits import exit_of_scan
from shadowai.cli.options import FILE
from shadowai.cli.progress import progress_bar
from shadowai.cli.scan import tell
from shadowai.scan import demo_options
from shadowai.scan import scan as run_scan


@click.command()
@click.option("--out", type=FILE, default=Path("shadowai-demo"), show_default=True, help="Folder for the report.")
def demo(out: Path) -> None:
    """Scan the shipped samples, a small organisation's morning.

    Prints a summary, as `scan` does, and writes the reports.

    \b
    Example:
      shadowai demo --out /tmp/demo
    """
    with progress_bar(quiet=False) as advance:
        result = run_scan(demo_options(out, settings().workers), advance)
    tell(result, out, quiet=False, as_json=False)
    sys.exit(exit_of_scan(result, None))
