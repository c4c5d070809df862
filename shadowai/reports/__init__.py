"""One result document, many renderers: HTML pages, PDF, CSV, XLSX, JSON, Markdown, and the terminal.

Renderers are functions over `shadowai.result.Result` and know nothing else: no clock, no network, no engine. Each is
imported when it is first asked for, since pages bring a template engine, and most commands print no page.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shadowai.reports.document import result_json
    from shadowai.reports.files import write
    from shadowai.reports.html import render_department, render_evidence, render_executive, render_index
    from shadowai.reports.schema import result_schema
    from shadowai.reports.tables import usage_csv
    from shadowai.reports.terminal import summary

__all__ = [
    "render_department",
    "render_evidence",
    "render_executive",
    "render_index",
    "result_json",
    "result_schema",
    "summary",
    "usage_csv",
    "write",
]

_HOMES = {
    "render_department": "html",
    "render_evidence": "html",
    "render_executive": "html",
    "render_index": "html",
    "result_json": "document",
    "result_schema": "schema",
    "summary": "terminal",
    "usage_csv": "tables",
    "write": "files",
}


def __getattr__(name: str) -> object:
    """Import a renderer's module (PEP 562); AttributeError for any other name."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found
