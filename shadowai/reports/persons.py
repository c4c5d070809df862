"""The people of a department, worst first, as the document names them; small groups are told as a number only."""

from collections.abc import Mapping
from dataclasses import dataclass

from shadowai.reports import text
from shadowai.reports.language import say, say_many
from shadowai.reports.scores import ScoreView, score_view
from shadowai.result import DepartmentUse, PersonUse

SMALL_GROUP = 5  # people; a line or figure about fewer points at somebody, whatever name stands there
MAX_PERSONS = 15


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One person or device, under the label that the document gives. `keys` are what its columns sort by."""

    label: str
    services: str
    unsanctioned: str
    sessions: str
    data: str
    last_seen: str
    score: ScoreView | None
    keys: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Persons:
    """The people: rows, or a sentence in their place; `more` says who is not listed."""

    rows: tuple[PersonRow, ...]
    sentence: str
    more: str


def persons(department: DepartmentUse) -> Persons | None:
    """Lay out the people; None where the document has none."""
    found = department.persons
    if not found:
        return None
    if min(len(found), department.people) < SMALL_GROUP:
        why = say(
            "{people} used AI services. Fewer than {least} are not listed one by one: a line would point at someone.",
            people=text.people(department.people),
            least=SMALL_GROUP,
        )
        return Persons((), why, "")
    rest = len(found) - MAX_PERSONS
    more = ""
    if rest > 0:
        more = say_many(
            "{number} more person is not listed here.",
            "{number} more people are not listed here.",
            rest,
            number=text.number(rest),
        )
    return Persons(tuple(map(_row, found[:MAX_PERSONS])), "", more)


def _row(person: PersonUse) -> PersonRow:
    return PersonRow(
        label=person.label,
        services=text.number(person.services),
        unsanctioned=text.number(person.services_unsanctioned),
        sessions=text.number(person.sessions),
        data=text.size(person.bytes_up),
        last_seen=text.day(person.last_seen),
        score=score_view(person.score),
        keys=_keys(person),
    )


def _keys(person: PersonUse) -> dict[str, float]:
    last = text.parse_day(person.last_seen)
    return {
        "score": person.score.points,
        "services": person.services,
        "unsanctioned": person.services_unsanctioned,
        "sessions": person.sessions,
        "data": -1 if person.bytes_up is None else person.bytes_up,
        "last": last.toordinal() if last else -1,
    }
