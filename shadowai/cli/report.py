"""`shadowai report`: the files of a report once more, out of its result.json."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from shadowai.cli.common import settings_of
from shadowai.cli.options import FILE, with_config
from shadowai.cli.orders import ordered, orders
from shadowai.reports.document import read_result
from shadowai.reports.folder import check_folder, manifest_of, publish

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("source", type=FILE, metavar="RESULT")
@click.option("--out", type=FILE, required=True, help="Write the report into this folder.")
@orders
@click.option("--department", metavar="NAME", help="About this department or division alone.")
@with_config
def report(source: Path, out: Path, department: str | None, **options: Any) -> None:  # noqa: ANN401  # click's names
    """Write a report once more, out of its result.json.

    RESULT is that file, or the folder that holds it. The pages are byte for byte those of the scan, in any language and
    format. With --department, nothing in the folder is about another department.

    \b
    Examples:
      shadowai report report/result.json --out bericht --lang de
      shadowai report report --out for-sales --formats html,pdf \\
        --department Sales
      shadowai report report --out report --templates our-templates
    """
    order = ordered(settings_of(options), department)
    check_folder(out)
    result = read_result(source)
    publish(result, manifest_of(source, result), out, order)
    index = out / "index.html"
    click.echo(f"Report: {index if index.is_file() else out}")
