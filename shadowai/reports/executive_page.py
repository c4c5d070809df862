"""One printed sheet for the board: what is going on, how bad, how sure, what to decide; the rest is on the index."""

from dataclasses import dataclass, replace

from shadowai.reports import board, charts, compare, governance, headline, text, views, whats_new
from shadowai.reports.index_page import ServiceTotalRow, lead, scope, service_rows
from shadowai.reports.language import say
from shadowai.reports.relatives import Links
from shadowai.reports.sections import over_departments
from shadowai.reports.steps import Step
from shadowai.result import Result

TOP = 5  # departments, and services
MAX_NAME = 40  # characters, so that the sheet stays one sheet
MAX_SENTENCE = 180
MAX_HEADLINE = 300
CHART = 96  # height of the chart in pixels; `.sheet .axis-y` in executive.css is as high


@dataclass(frozen=True, slots=True)
class ExecutivePage:
    """The context of executive.html; reports/templates/README.md documents every field."""

    title: str
    period: str
    index: str
    headline: str
    change: str
    figures: tuple[views.Figure, ...]
    answers: tuple[views.Fact, ...]
    chart: charts.TimeChart | None
    steps: tuple[Step, ...]
    departments: tuple[compare.DepartmentRow, ...]
    services: tuple[ServiceTotalRow, ...]
    statuses: tuple[governance.StatusShare, ...]
    governed: tuple[views.Figure, ...]
    origin: views.Origin


def executive_page(result: Result, links: Links | None = None) -> ExecutivePage:
    """Build the context from a tidied result."""
    ways = links or Links()
    steps = board.board_steps(result)
    used = governance.in_use(result)
    found = governance.governance(result)
    return ExecutivePage(
        title=say("AI use in the organisation, on one sheet"),
        period=views.period(result),
        index=ways.index,
        headline=text.shorten(lead(result), MAX_HEADLINE),
        change=text.shorten(whats_new.in_short(result.change), MAX_SENTENCE),
        figures=headline.figures(result, scope(result)),
        answers=tuple(
            views.Fact(one.name, text.shorten(one.text, MAX_SENTENCE)) for one in board.answers(result, steps)
        ),
        chart=_low(charts.time_chart((service for _, services in used for service in services), result.period)),
        steps=tuple(map(_short_step, steps)),
        departments=_departments(result, ways),
        services=tuple(
            replace(row, name=text.shorten(row.name, MAX_NAME))
            for row in service_rows(over_departments(result.departments)[:TOP])
        ),
        statuses=found.statuses if found else (),
        governed=found.figures if found else (),
        origin=views.origin(result),
    )


def _low(chart: charts.TimeChart | None) -> charts.TimeChart | None:
    """Draw a chart lower than usual, so that the sheet holds it."""
    if chart is None:
        return None
    scale = CHART / chart.height
    return replace(chart, height=CHART, legend=tuple(_scaled(entry, scale) for entry in chart.legend))


def _scaled(entry: charts.Legend, scale: float) -> charts.Legend:
    segments = (
        replace(one, top=round(one.top * scale, 2), height=round(one.height * scale, 2)) for one in entry.segments
    )
    return replace(entry, segments=tuple(segments))


def _departments(result: Result, links: Links) -> tuple[compare.DepartmentRow, ...]:
    pages = [links.departments.get(one.name, "") for one in result.departments]
    found = compare.comparison(result.departments, pages)
    rows = [row for row in found.rows if row.keys["people"]] if found else []
    return tuple(replace(row, name=text.shorten(row.name, MAX_NAME)) for row in rows[:TOP])


def _short_step(step: Step) -> Step:
    return Step(text.shorten(step.title, 2 * MAX_NAME), text.shorten(step.why, MAX_SENTENCE),
                text.shorten(step.whom, MAX_NAME))  # fmt: skip
