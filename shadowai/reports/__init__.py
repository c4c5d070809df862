"""One result document, many renderers: HTML pages, CSV, JSON and the summary in the terminal.

Renderers are functions over `shadowai.result.Result` and know nothing else: no clock, no network, no engine.
"""

from shadowai.reports.document import result_json
from shadowai.reports.html import render_department, render_index
from shadowai.reports.schema import result_schema
from shadowai.reports.tables import usage_csv
from shadowai.reports.terminal import summary
from shadowai.reports.write import write

__all__ = [
    "render_department",
    "render_index",
    "result_json",
    "result_schema",
    "summary",
    "usage_csv",
    "write",
]
