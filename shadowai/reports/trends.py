"""What became of the use of a service since the period before, and what must not be taken for a change of use."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from shadowai.reports import text
from shadowai.reports.language import later, say, say_many, translated
from shadowai.result import Change, ServiceChange

_SHAPES = {"new": "new", "grown": "up", "shrunk": "down", "stopped": "down"}
_WORDS = {"new": later("New"), "grown": later("More"), "shrunk": later("Less"), "stopped": later("Stopped")}
_IN_PART = {
    "new": later("New in part"),
    "grown": later("More in part"),
    "shrunk": later("Less in part"),
    "stopped": later("Stopped in part"),
}

_CLAUSES: Mapping[str, Callable[[int, str], str]] = {
    "new": lambda n, names: say_many("{services} is new", "{services} are new", n, services=names),
    "grown": lambda n, names: say_many("{services} is used more", "{services} are used more", n, services=names),
    "shrunk": lambda n, names: say_many("{services} is used less", "{services} are used less", n, services=names),
    "stopped": lambda n, names: say_many(
        "{services} is no longer seen", "{services} are no longer seen", n, services=names
    ),
}


@dataclass(frozen=True, slots=True)
class Trend:
    """A trend: `name` chooses the shape (new, up, down, same, unclear), `word` says it, `note` explains it."""

    name: str
    word: str
    note: str


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes of one department, or of the departments of a division, by service.

    `compared` says whether there is a period before, `whole` whether they are one department's.
    """

    by_service: Mapping[str, tuple[ServiceChange, ...]]
    compared: bool
    whole: bool


def changes_in(change: Change | None, departments: Sequence[str]) -> Changes:
    """Pick the changes of one department, or of those of a division."""
    found: dict[str, list[ServiceChange]] = {}
    for one in change.services if change else ():
        if one.department in departments:
            found.setdefault(one.service, []).append(one)
    by_service = {service: tuple(rows) for service, rows in found.items()}
    return Changes(by_service, change is not None, len(departments) == 1)


def trend(changes: Changes, service: str) -> Trend | None:
    """Give the trend of one service, None without a period before.

    A change that came of our looking is no trend of the people's use.
    """
    if not changes.compared:
        return None
    rows = changes.by_service.get(service, ())
    if not rows:
        return Trend("same", say("Steady"), "")
    note = "; ".join(_note(row) if changes.whole else f"{row.department}: {_note(row)}" for row in rows)
    kinds = {row.change for row in rows}
    if any(row.cause != "use" for row in rows) or len(kinds) > 1:
        return Trend("unclear", _unclear(rows), note)
    kind = kinds.pop()
    word = translated(_WORDS[kind] if changes.whole else _IN_PART[kind])
    return Trend(_SHAPES[kind], word, note)


def in_words(changes: Changes) -> str:
    """Say in a sentence what changed in the use itself; empty where there is nothing to compare with."""
    if not changes.compared:
        return ""
    told = list(_clauses(changes))
    if not told and changes.by_service:
        return say("Whether the use has changed since the period before, we cannot tell.")
    if not told:
        return say("We saw no change since the period before.")
    return say("Since the period before: {changes}.", changes="; ".join(told))


def not_comparable(changes: Changes) -> str:
    """Say which changes came of our looking, not of the people; empty where there is none."""
    rows = [row for rows in changes.by_service.values() for row in rows if row.cause != "use"]
    if not rows:
        return ""
    told = text.listing([f"{row.name} ({_note(row)})" for row in rows])
    return say("Not to be taken for a change of use: {services}.", services=told)


def stopped(changes: Changes) -> str:
    """Say which services are not seen any more, whatever the cause; empty where there is none."""
    rows = [row for rows in changes.by_service.values() for row in rows if row.change == "stopped"]
    if not rows:
        return ""
    told = text.listing([f"{row.name} ({_note(row)})" for row in rows], 5)
    return say("Not seen in this period: {services}.", services=told)


def _note(row: ServiceChange) -> str:
    if row.cause == "signatures":
        return say("our signatures changed, so that the two periods cannot be compared")
    if row.cause == "coverage":
        return say("what the sources cover changed, so that the two periods cannot be compared")
    return say(
        "{before} sessions a day before, {now} now; {people_before} before, {people_now} now",
        before=text.points(row.before),
        now=text.points(row.now),
        people_before=text.people(row.people_before),
        people_now=text.number(row.people_now),
    )


def _unclear(rows: Sequence[ServiceChange]) -> str:
    if all(row.cause == "signatures" for row in rows):
        return say("Newly recognised") if all(row.change == "new" for row in rows) else say("Recognised differently")
    return say("Not comparable") if any(row.cause != "use" for row in rows) else say("Differs below")


def _clauses(changes: Changes) -> Iterator[str]:
    names: dict[str, dict[str, None]] = {}
    for rows in changes.by_service.values():
        for row in rows:
            if row.cause == "use":
                names.setdefault(row.change, {})[row.name] = None
    for kind, clause in _CLAUSES.items():
        if kind in names:
            yield clause(len(names[kind]), text.listing(list(names[kind])))
