"""The files of one report, written into a folder that the caller makes appear at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shadowai.reports.document import RESULT, result_json
from shadowai.reports.html import Page, department_pages, pages
from shadowai.reports.order import STANDARD_ORDER, Order
from shadowai.reports.selection import only

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from shadowai.result import Result


def write(result: Result, folder: Path, order: Order = STANDARD_ORDER) -> None:
    """Write the files that are ordered (see `docs/reports.md`) into an existing empty folder.

    OSError where the disk refuses, UsageError where an ordered format cannot be made here. The caller makes the folder
    appear at once, and adds its manifest.
    """
    for name, writer in _WRITERS.items():
        if name in order.formats:
            writer(result, folder, order)


def _html(result: Result, folder: Path, order: Order) -> None:
    for page in _pages(result, order):
        _save(folder / page.path, page.html)


def _pages(result: Result, order: Order) -> Iterator[Page]:
    if order.department:
        return department_pages(result, order.department, order.look)
    return pages(result, order.look)


def _narrowed(result: Result, order: Order) -> Result:
    return only(result, order.department) if order.department else result


def _save(place: Path, content: str) -> None:
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(content.encode())


def _json(result: Result, folder: Path, _order: Order) -> None:
    (folder / RESULT).write_bytes(result_json(result))


def _csv(result: Result, folder: Path, order: Order) -> None:
    from shadowai.reports.tables import csv_files  # noqa: PLC0415  # each format's own, when it is ordered

    for name, content in csv_files(_narrowed(result, order)):
        _save(folder / name, content)


def _xlsx(result: Result, folder: Path, order: Order) -> None:
    from shadowai.reports.xlsx import write_workbook  # noqa: PLC0415  # see above

    write_workbook(_narrowed(result, order), folder / "report.xlsx", order.look)


def _markdown(result: Result, folder: Path, order: Order) -> None:
    from shadowai.reports.markdown import summary_markdown  # noqa: PLC0415  # see above

    _save(folder / "summary.md", summary_markdown(_narrowed(result, order), order.look))


def _pdf(result: Result, folder: Path, order: Order) -> None:
    from shadowai.reports.pdf import print_pages  # noqa: PLC0415  # see above

    print_pages(_pages(result, order), folder, result.period, order.look.language.paper)


_WRITERS: dict[str, Callable[[Result, Path, Order], None]] = {
    "html": _html,
    "csv": _csv,
    "json": _json,
    "xlsx": _xlsx,
    "md": _markdown,
    "pdf": _pdf,
}
