"""What is ordered of a report: which formats, of which department, in which look."""

from __future__ import annotations

from dataclasses import dataclass

from shadowai.errors import UsageError
from shadowai.reports.look import PLAIN, Look

FORMATS = ("html", "csv", "json", "xlsx", "md", "pdf")
"""Every format that a report can be written in."""

STANDARD = ("html", "csv", "json", "xlsx", "md")
"""What is written where nobody says otherwise: a PDF needs a browser, and takes up to a second a page."""


@dataclass(frozen=True, slots=True)
class Order:
    """The formats, the look, and the name of a department or division that the report is about alone."""

    formats: tuple[str, ...] = STANDARD
    look: Look = PLAIN
    department: str | None = None

    def checked(self) -> Order:
        """Give the order itself; UsageError where something of it cannot be made, before any work is done."""
        if self.department and "json" in self.formats:
            raise UsageError("result.json is about everybody; with --department, leave json out of --formats")
        if "pdf" in self.formats:
            from shadowai.reports.browser import find_browser  # noqa: PLC0415  # only a PDF needs one

            find_browser()
        return self


STANDARD_ORDER = Order()
