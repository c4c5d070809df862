"""The summary that a scan prints: a headline, one line a department, and what the figures do not show."""

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from shadowai.reports import text, words
from shadowai.reports.index_page import lead
from shadowai.reports.sections import measured, split, unsanctioned
from shadowai.reports.views import unread_group
from shadowai.result import DepartmentUse, Result, ServiceUse

TOP = 3  # services named on a department's line
NAME = 22  # characters of a service's name


LAYOUT_LINES = ("comment", "header")  # reasons for setting aside that are no news


def summary(result: Result) -> RenderableType:
    """Give the summary for a terminal, good at 80 columns; names from outside can neither style nor move anything."""
    neat = text.tidy(result)
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)
    table.add_column("Department", overflow="fold", min_width=12, max_width=20)
    for name in ("People", "Services", "Unsanct.", "Sessions", "Data up"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("Top services", overflow="fold", ratio=1)
    for department in neat.departments:
        table.add_row(*map(Text, _line(department)))
    notes = [Text(note, style=style) for note, style in _notes(neat)]
    tables: list[RenderableType] = [Text(), table, Text()] if neat.departments else []
    return Group(Text(lead(neat), style="bold"), *tables, *notes)


def _line(department: DepartmentUse) -> tuple[str, ...]:
    totals, heads = department.totals, department.headcount
    top = [_named(service) for service in split(department.services).in_use[:TOP]]
    return (
        text.shorten(department.name, 2 * NAME),
        text.number(totals.people) if heads is None else f"{totals.people:,} of {heads:,}",
        text.number(totals.services),
        text.number(totals.services_unsanctioned),
        text.number(totals.sessions),
        _data_up(department) if totals.services else "-",
        ", ".join(top) or "-",
    )


def _named(service: ServiceUse) -> str:
    return text.shorten(service.name, NAME) + ("!" if unsanctioned(service) else "")


def _data_up(department: DepartmentUse) -> str:
    count, totals = department.totals.bytes_up, department.totals
    if count is None:
        return "unmeasured"
    return text.size(count) + ("+" if measured([department]).sessions < totals.sessions else "")


def _notes(neat: Result) -> list[tuple[str, str]]:
    totals = neat.totals
    notes = (
        [("! unsanctioned or prohibited   + or more: not every session was measured", "dim")] if totals.services else []
    )
    unread = unread_group(neat.sources)
    if unread:
        notes.append((f"{unread.heading}: {text.listing([place.name for place in unread.places])}.", "bold red"))
    if totals.people_dns_only:
        notes.append((f"Looked up only: {text.people(totals.people_dns_only)} (not counted as use).", ""))
    if totals.blocked:
        notes.append((f"Blocked before use: {text.plural(totals.blocked, 'request')}.", ""))
    if neat.candidates:
        hosts = text.listing([candidate.host for candidate in neat.candidates])
        notes.append((f"Looks like AI, not in the database: {hosts}.", ""))
    kinds = sorted({words.blind_heading(spot.kind) for spot in neat.blind_spots})
    if kinds:
        notes.append((f"Blind spots: {text.listing(kinds, len(kinds))}.", ""))
    skipped = sum(
        number for source in neat.sources for reason, number in source.skipped.items() if reason not in LAYOUT_LINES
    )
    if skipped:
        damaged = text.number(sum(source.broken for source in neat.sources))
        notes.append((f"Set aside: {text.plural(skipped, 'record')}, {damaged} of them damaged; see result.json.", ""))
    return notes
