from support.report_world import large, world
from support.results import EXAMPLES

from shadowai.reports.executive_page import CHART, MAX_NAME, MAX_SENTENCE, TOP, executive_page
from shadowai.reports.html import render_executive
from shadowai.reports.index_page import index_page
from shadowai.reports.relatives import Links
from shadowai.reports.tidying import tidy


def test_it_says_what_the_index_says() -> None:
    sheet = executive_page(world(), Links("index.html", {"Research": "departments/research.html"}))
    index = index_page(world(), {})
    assert sheet.headline == index.headline
    assert sheet.steps == index.steps
    assert sheet.figures == index.figures
    assert sheet.answers == index.answers
    assert index.departments is not None
    assert [row.name for row in sheet.departments] == [row.name for row in index.departments.rows[:TOP]]
    assert sheet.departments[0].page == "departments/research.html"
    assert [row.name for row in sheet.services] == [row.name for row in index.services[:TOP]]
    assert index.governance is not None
    assert sheet.governed == index.governance.figures
    assert sheet.index == "index.html"


def test_the_chart_is_lower_and_its_bars_stay_inside() -> None:
    chart = executive_page(world()).chart
    assert chart is not None
    assert chart.height == CHART
    parts = [part for entry in chart.legend for part in entry.segments]
    assert parts
    assert all(0 <= part.top <= part.top + part.height <= CHART for part in parts)


def test_long_names_are_cut() -> None:
    sheet = executive_page(tidy(EXAMPLES["long"]()))
    names = [*(row.name for row in sheet.departments), *(row.name for row in sheet.services)]
    assert max(map(len, names)) <= MAX_NAME
    assert all(len(step.title) <= 2 * MAX_NAME and len(step.why) <= MAX_SENTENCE for step in sheet.steps)


def test_departments_without_use_are_not_among_the_worst() -> None:
    assert executive_page(EXAMPLES["quiet"]()).departments == ()
    assert len(executive_page(large(departments=30, people=900, services=60)).departments) == TOP


def test_nothing_read_is_a_page_too() -> None:
    sheet = executive_page(EXAMPLES["empty"]())
    assert (sheet.chart, sheet.figures, sheet.statuses, sheet.governed) == (None, (), (), ())
    assert len(sheet.steps) == 1
    assert "No records could be read" in render_executive(EXAMPLES["empty"]())
