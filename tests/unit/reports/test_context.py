import re
from dataclasses import fields

import pytest
from jinja2 import meta

from shadowai import resources
from shadowai.reports import charts, index_page, steps, views
from shadowai.reports.department_page import DepartmentPage
from shadowai.reports.html import environment
from shadowai.reports.index_page import IndexPage

PAGES = {"index.html": IndexPage, "department.html": DepartmentPage}
VIEWS = (
    views.Figure, views.Fact, views.Mark, steps.Step, views.ServiceRow, views.AsideRow, views.BlindGroup,
    index_page.DepartmentRow, index_page.ServiceTotalRow, index_page.StatusCount, index_page.CandidateRow,
    views.Origin, views.SourceRow, charts.TimeChart, charts.Bar, charts.Segment, charts.Tick, charts.Legend,
    charts.HeatMap, charts.HeatRow, charts.HeatCell,
)  # fmt: skip


def documented() -> dict[str, list[str]]:
    """Give the keys of each heading of README.md."""
    found: dict[str, list[str]] = {}
    heading = ""
    for line in (resources.templates() / "README.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            heading = line.rpartition(" ")[2].strip("`")
            found[heading] = []
        elif key := re.match(r"\| `(\w+)` \| \S", line):
            found[heading].append(key[1])
    return found


@pytest.mark.parametrize("view", [*PAGES.values(), *VIEWS], ids=lambda view: view.__name__)
def test_documented_keys_are_the_real_keys(view: type) -> None:
    assert documented()[view.__name__] == [field.name for field in fields(view)]


def test_nothing_else_is_documented() -> None:
    assert set(documented()) == {view.__name__ for view in (*PAGES.values(), *VIEWS)}


@pytest.mark.parametrize("template", PAGES)
def test_templates_use_their_whole_context_and_nothing_else(template: str) -> None:
    env = environment()
    sources = [(resources.templates() / name).read_text(encoding="utf-8") for name in (template, "base.html")]
    used = set().union(*(meta.find_undeclared_variables(env.parse(source)) for source in sources))
    given = {field.name for field in fields(PAGES[template])}
    assert used - {"parts"} == given


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.__name__)
def test_templates_show_every_field_of_a_view(view: type) -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(resources.templates().glob("*.html")))
    assert not [field.name for field in fields(view) if not re.search(rf'\.{field.name}\b|"{field.name}"', text)]
