import io
import re
from collections.abc import Callable, Mapping

import pytest
from rich.console import Console

from shadowai.reports.document import result_json
from shadowai.reports.html import render_department, render_index
from shadowai.reports.tables import usage_csv
from shadowai.reports.terminal import summary
from shadowai.result import Result

Examples = Mapping[str, Callable[[], Result]]
Golden = Callable[[str, bytes | str], None]


def unstyled(html: str) -> str:
    """Leave the style sheet out: it is a file of its own, and a change of looks is no change of what a page says."""
    return re.sub(r"<style>.*?</style>", "<style></style>", html, flags=re.DOTALL)


@pytest.mark.parametrize("name", ["small", "empty", "quiet"])
def test_index(examples: Examples, golden: Golden, name: str) -> None:
    golden(f"reports/{name}.index.html", unstyled(render_index(examples[name]())))


@pytest.mark.parametrize("name", ["small", "one", "quiet", "unknown"])
def test_department(examples: Examples, golden: Golden, name: str) -> None:
    result = examples[name]()
    golden(f"reports/{name}.department.html", unstyled(render_department(result, result.departments[0])))


def test_tables(examples: Examples, golden: Golden) -> None:
    golden("reports/small.usage.csv", usage_csv(examples["small"]()))
    golden("reports/small.result.json", result_json(examples["small"]()))


@pytest.mark.parametrize("name", ["small", "empty", "unknown"])
def test_summary(examples: Examples, golden: Golden, name: str) -> None:
    out = io.StringIO()
    Console(file=out, width=80, color_system=None).print(summary(examples[name]()))
    golden(f"reports/{name}.summary.txt", out.getvalue())
