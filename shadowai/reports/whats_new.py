"""What became of the use of services since the period before, over the organisation: for whoever asks "is it growing?".

A change that came of our looking (new signatures, a log that fell silent) is set apart, so that it is never taken for a
change of what people do.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from shadowai.reports import text, views
from shadowai.reports.language import later, say, translated
from shadowai.reports.phrases import worded
from shadowai.result import Change, CoverageChange, ServiceChange

MAX_ROWS = 50  # changes of the use, and of our looking; more are counted

_KINDS = {
    "new": ("new", later("New")),
    "grown": ("up", later("Used more")),
    "shrunk": ("down", later("Used less")),
    "stopped": ("down", later("Not seen any more")),
}
_CAUSES = {
    "signatures": later("The signatures changed between the periods, so it could not be told in both alike."),
    "coverage": later("An input fell silent, or is new."),
}


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One department's use of a service, before and now. `shape` is new, up, down or unclear, and `word` says it.

    `why` is the cause where it is not the people, or empty; `key` sorts by how much the sessions a day changed.
    """

    name: str
    department: str
    page: str
    mark: views.Mark
    shape: str
    word: str
    people: str
    sessions: str
    why: str
    key: float


@dataclass(frozen=True, slots=True)
class News:
    """What changed, gravest status first: in the use, and apart from it what came of our looking.

    `sentence` says how many people use AI now and did before; `coverage` and the document's own `notes` say what makes
    the periods hard to compare. `more` and `more_apart` are not listed.
    """

    sentence: str
    rows: tuple[ChangeRow, ...]
    more: int
    apart: tuple[ChangeRow, ...]
    more_apart: int
    coverage: tuple[str, ...]
    notes: tuple[str, ...]


def news(change: Change | None, pages: Mapping[str, str]) -> News | None:
    """Lay out what changed; `pages` are those of departments by name. None where there is no period before."""
    if change is None:
        return None
    used, looked = _divide(change.services)
    return News(
        sentence=_sentence(change),
        rows=tuple(_row(row, pages) for row in used[:MAX_ROWS]),
        more=max(0, len(used) - MAX_ROWS),
        apart=tuple(_row(row, pages) for row in looked[:MAX_ROWS]),
        more_apart=max(0, len(looked) - MAX_ROWS),
        coverage=tuple(map(_coverage, change.coverage)),
        notes=change.notes,
    )


def in_short(change: Change | None) -> str:
    """Say in a sentence which services are new, and which grow; empty without a period before."""
    if change is None:
        return ""
    new, grown = _names(change.services, "new"), _names(change.services, "grown")
    if new and grown:
        return say("New since the period before: {new}. Used more: {grown}.", new=new, grown=grown)
    if new:
        return say("New since the period before: {new}.", new=new)
    if grown:
        return say("Used more than in the period before: {grown}.", grown=grown)
    return say("No service is new or used more since the period before.")


def _divide(rows: Iterable[ServiceChange]) -> tuple[Sequence[ServiceChange], Sequence[ServiceChange]]:
    ranked = sorted(rows, key=_order)
    return [row for row in ranked if row.cause == "use"], [row for row in ranked if row.cause != "use"]


def _names(rows: Iterable[ServiceChange], kind: str) -> str:
    used, _ = _divide(rows)
    return text.listing(list(dict.fromkeys(row.name for row in used if row.change == kind)))


def _sentence(change: Change) -> str:
    when = text.during(change.period.start, change.period.end)
    now, before = text.people(change.people_now), text.number(change.people_before)
    return say("{people} used AI services; {before} did {when}.", people=now, before=before, when=when)


def _order(row: ServiceChange) -> tuple[int, int, int, float, str, str]:
    kinds = list(_KINDS)
    return (kinds.index(row.change), -row.status.gravity, -row.people_now, -abs(row.now - row.before), row.name,
            row.department)  # fmt: skip


def _row(row: ServiceChange, pages: Mapping[str, str]) -> ChangeRow:
    shape, word = _KINDS[row.change]
    why = translated(_CAUSES[row.cause]) if row.cause in _CAUSES else ""
    return ChangeRow(
        name=row.name,
        department=row.department,
        page=pages.get(row.department, ""),
        mark=views.mark(row.status),
        shape="unclear" if why else shape,
        word=translated(word),
        people=_from_to(text.number(row.people_before), text.number(row.people_now)),
        sessions=_from_to(text.points(row.before), text.points(row.now)),
        why=why,
        key=round(row.now - row.before, 3),
    )


def _from_to(before: str, now: str) -> str:
    return say("{before} before, {now} now", before=before, now=now)


def _coverage(change: CoverageChange) -> str:
    before, now = text.number(round(change.before)), text.number(round(change.now))
    return say("Inputs of the kind {kind}: {before} records a day before, {now} now.", kind=worded(change.kind),
               before=before, now=now)  # fmt: skip
