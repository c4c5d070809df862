"""The summary that a scan prints: a headline, one line a department, and what the figures do not show."""

from collections.abc import Iterator, Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from shadowai.reports import text, whats_new, words
from shadowai.reports.board import board_steps
from shadowai.reports.governance import exceptions
from shadowai.reports.index_page import lead
from shadowai.reports.language import say, say_many
from shadowai.reports.sections import measured, most_unsanctioned_first, unsanctioned, used
from shadowai.reports.tidying import tidy
from shadowai.reports.views import unread_group
from shadowai.result import DepartmentUse, Result, ServiceUse, Totals

MAX_ROWS = 40  # departments; of more, those with the most people who use unsanctioned services are shown
TOP = 3  # services named on a department's line
NAME = 22  # characters of a service's name


LAYOUT_LINES = ("comment", "header")  # reasons for setting aside that are no news


def summary(result: Result) -> RenderableType:
    """Give the summary for a terminal, good at 80 columns; names from outside can neither style nor move anything."""
    neat = tidy(result)
    shown, hidden = _shown(neat.departments)
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)
    table.add_column(say("Department"), overflow="fold", min_width=12, max_width=20)
    for name in (say("People"), say("Services"), say("Sessions"), say("Data up")):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column(say("Top services"), overflow="fold", ratio=1)
    for department in shown:
        table.add_row(*map(Text, _line(department)))
    tables: list[RenderableType] = [Text(), table, Text()] if shown else []
    if hidden:
        more = say_many("and {n} more department", "and {n} more departments", hidden, n=text.number(hidden))
        tables.insert(2, Text(more, style="dim"))
    notes = [Text(note, style=style) for note, style in _notes(neat)]
    return Group(Text(lead(neat), style="bold"), *tables, *notes)


def _shown(departments: Sequence[DepartmentUse]) -> tuple[Sequence[DepartmentUse], int]:
    """Choose the lines: all of a few, in the document's order, else the worst."""
    if len(departments) <= MAX_ROWS:
        return departments, 0
    return most_unsanctioned_first(departments)[:MAX_ROWS], len(departments) - MAX_ROWS


def _line(department: DepartmentUse) -> tuple[str, ...]:
    totals, heads = department.totals, department.headcount
    top = [_named(service) for service in used(department.services)[:TOP]]
    people = text.users(totals.people) if totals.services else text.number(totals.people)
    return (
        text.shorten(department.name, 2 * NAME),
        people if heads is None else say("{part} of {whole}", part=people, whole=text.number(heads)),
        _services(totals),
        text.number(totals.sessions),
        _data_up(department) if totals.services else "-",
        ", ".join(top) or "-",
    )


def _services(totals: Totals) -> str:
    bad, whole = totals.services_unsanctioned, text.number(totals.services)
    return say("{whole} ({bad}!)", whole=whole, bad=text.number(bad)) if bad else whole


def _named(service: ServiceUse) -> str:
    return text.shorten(service.name, NAME) + ("!" if unsanctioned(service) else "")


def _data_up(department: DepartmentUse) -> str:
    count, totals = department.totals.bytes_up, department.totals
    if count is None:
        return say("unmeasured")
    return text.size(count) + ("+" if measured([department]).sessions < totals.sessions else "")


def _notes(neat: Result) -> Iterator[tuple[str, str]]:
    if neat.totals.services:
        yield say("! unsanctioned or prohibited   + or more: not every session was measured"), "dim"
    unread = unread_group(neat.sources)
    if unread:
        names = text.listing([place.name for place in unread.places])
        yield say("{heading}: {names}.", heading=unread.heading, names=names), "bold red"
    if neat.change:
        yield whats_new.in_short(neat.change), ""
    yield from ((note, "") for note in _apart(neat))
    yield from ((note, "") for note in _limits(neat))
    if neat.totals.services:
        first = board_steps(neat)[0]
        yield say("What to do first: {step}.", step=first.title), "bold"


def _apart(neat: Result) -> Iterator[str]:
    totals = neat.totals
    if totals.people_dns_only:
        people = text.people(totals.people_dns_only)
        yield say("Looked up only: {people} (not counted as use).", people=people)
    if totals.blocked:
        yield say("Blocked before use: {requests}.", requests=text.requests(totals.blocked))
    if neat.candidates:
        hosts = text.listing([candidate.host for candidate in neat.candidates])
        yield say("Looks like AI, not in the database: {hosts}.", hosts=hosts)
    past = sum(1 for one in exceptions(neat.policy) if one.past)
    if past:
        yield say_many("{n} rule of the policy has ended.", "{n} rules of the policy have ended.", past,
                       n=text.number(past))  # fmt: skip


def _limits(neat: Result) -> Iterator[str]:
    silent = [source.path for source in neat.sources if source.silent]
    if silent:
        yield say("Hours without records: {paths}.", paths=text.listing(silent))
    kinds = sorted({words.blind_heading(spot.kind) for spot in neat.blind_spots})
    if kinds:
        yield say("Blind spots: {kinds}.", kinds=text.listing(kinds, len(kinds)))
    skipped = sum(
        number for source in neat.sources for reason, number in source.skipped.items() if reason not in LAYOUT_LINES
    )
    if skipped:
        damaged = text.number(sum(source.broken for source in neat.sources))
        told = say_many(
            "{n} record, {damaged} of them damaged",
            "{n} records, {damaged} of them damaged",
            skipped,
            n=text.number(skipped),
            damaged=damaged,
        )
        yield say("Set aside: {records}; see result.json.", records=told)
