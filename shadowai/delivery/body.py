"""What a mail says, before it is text or HTML: for a department head, and the digest for the whole organisation.

The words are those of the reports' pages, in their language; only the summary goes into the mail, the page itself is
attached or linked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from shadowai.reports import text
from shadowai.reports.department_page import department_page
from shadowai.reports.executive_page import executive_page
from shadowai.reports.language import say, speaking, spoken
from shadowai.reports.views import Fact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shadowai.reports.department_page import DepartmentPage
    from shadowai.reports.executive_page import ExecutivePage
    from shadowai.reports.look import Look
    from shadowai.reports.steps import Step
    from shadowai.reports.views import Figure
    from shadowai.result import DepartmentUse, Result

MAX_ROWS = 10  # of a mail's table; the report has all


@dataclass(frozen=True, slots=True)
class Body:
    """A mail's content, ready to be shown: `columns` and `rows` are its table, `next` is the heading of its steps.

    `chart` is the picture's text alternative, empty without a picture; `links` are sentences with an address or a file.
    """

    language: str
    title: str
    period: str
    headline: str
    change: str
    figures: tuple[Figure, ...]
    answers: tuple[Fact, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    more: str
    next: str
    steps: tuple[Fact, ...]
    chart: str
    links: tuple[str, ...]
    closing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Extras:
    """What goes with a mail: the chart's text alternative, the names of attached files, and a link."""

    chart: str = ""
    files: Sequence[str] = ()
    link: str = ""


def department_body(neat: Result, department: DepartmentUse, look: Look, extras: Extras) -> Body:
    """Lay out the mail about a department or division of a tidied result."""
    with speaking(look.language):
        page = department_page(neat, department)
        rows = tuple((row.name, row.mark.word, row.risk, row.people, row.data) for row in page.services[:MAX_ROWS])
        columns = (say("Service"), say("Status"), say("Risk"), say("People"), say("Data sent"))
        more = _more(len(page.services) + len(page.brief) - len(rows))
        steps = tuple(_step(step, say("Whom to ask:")) for step in page.steps)
        return _body(page, _Table(columns, rows, more), _Steps(say("What to do next"), steps), _end(look, extras))


def digest_body(neat: Result, look: Look, extras: Extras) -> Body:
    """Lay out the digest about the whole organisation of a tidied result."""
    with speaking(look.language):
        page = executive_page(neat)
        rows = tuple(
            (row.name, _with_share(row.people, row.share), row.unsanctioned, row.data) for row in page.departments
        )
        columns = (
            say("Department"),
            say("People using AI"),
            say("Using unsanctioned services"),
            say("Data sent to unsanctioned"),
        )
        steps = tuple(_step(step, say("Whose decision:")) for step in page.steps)
        page = replace(page, title=say("AI use in the organisation"))  # a mail is no sheet
        return _body(page, _Table(columns, rows, ""), _Steps(say("What to decide next"), steps), _end(look, extras))


class _Table(NamedTuple):
    """A mail's table, and a sentence about the rows that are left out, or nothing."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    more: str


class _Steps(NamedTuple):
    """What to do: the heading, and the steps with whom to turn to."""

    heading: str
    steps: tuple[Fact, ...]


class _End(NamedTuple):
    """What closes a mail: where the report is, and what else is to be known; and the picture's text alternative."""

    chart: str
    links: tuple[str, ...]
    closing: tuple[str, ...]


def _body(page: DepartmentPage | ExecutivePage, table: _Table, steps: _Steps, end: _End) -> Body:
    return Body(
        language=spoken().code,
        title=page.title,
        period=page.period,
        headline=page.headline,
        change=page.change,
        figures=page.figures,
        answers=page.answers,
        columns=table.columns,
        rows=table.rows,
        more=table.more,
        next=steps.heading,
        steps=steps.steps,
        chart=end.chart,
        links=end.links,
        closing=end.closing,
    )


def _with_share(people: str, share: str) -> str:
    return f"{people} ({share})" if share else people


def _step(step: Step, asks: str) -> Fact:
    return Fact(step.title, f"{step.why} {asks} {step.whom}")


def _end(look: Look, extras: Extras) -> _End:
    return _End(extras.chart, _links(extras), _closing(look))


def subject(body: Body) -> str:
    """Give the subject: what it is about, and when."""
    return f"{body.title}, {body.period}"


def _more(number: int) -> str:
    if number <= 0:
        return ""
    return say("{number} more are in the report.", number=text.number(number))


def _links(extras: Extras) -> tuple[str, ...]:
    found = []
    if extras.files:
        found.append(say("The full report is attached: {files}.", files=text.listing(list(extras.files), 5)))
    if extras.link:
        found.append(say("The full report: {link}", link=extras.link))
    return tuple(found)


def _closing(look: Look) -> tuple[str, ...]:
    about = say("Made from network records by shadowai. A look-up or a blocked request is not counted as use.")
    contact = look.brand.contact
    return (about, say("Questions: {contact}", contact=contact)) if contact else (about,)
