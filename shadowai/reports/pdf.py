"""PDF of every page: what a browser prints of it, with the time of the records in place of the clock's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from shadowai.reports.browser import running_browser
from shadowai.reports.language import LETTER

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from shadowai.provenance import Period
    from shadowai.reports.html import Page

_DATES = re.compile(rb"/(CreationDate|ModDate) \(D:\d{14}\+00'00'\)")
_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)", re.ASCII)
_NO_TIME = "19800101000000"


def print_pages(pages: Iterable[Page], folder: Path, period: Period, paper: tuple[float, float] = LETTER) -> None:
    """Print pages, each beside the place of its HTML, on paper of a size in inches.

    UsageError where no browser can, OSError where the disk refuses. The same pages in the same order give the same
    bytes with the same browser, which numbers what it prints.
    """
    with running_browser() as browser:
        for page in pages:
            place = (folder / page.path).with_suffix(".pdf")
            place.parent.mkdir(exist_ok=True)
            place.write_bytes(dated(browser.pdf(page.html, paper), period.end))


def dated(pdf: bytes, moment: str | None) -> bytes:
    """Put a time into a PDF in the place of the one at which it was made, which is as long (ISO 32000-1, 7.9.4)."""
    found = _TIME.match(moment or "")
    digits = "".join(found.groups()) if found else _NO_TIME
    return _DATES.sub(rb"/\1 (D:%b+00'00')" % digits.encode(), pdf)
