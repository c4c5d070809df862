"""The first lines of a page: one sentence with the numbers that matter, and four figures."""

from dataclasses import dataclass

from shadowai.provenance import SourceReport
from shadowai.reports import text
from shadowai.reports.language import say, say_many
from shadowai.reports.sections import Measured
from shadowai.reports.views import Figure
from shadowai.result import Result, Totals


@dataclass(frozen=True, slots=True)
class Scope:
    """What a headline is about: `place` says where (`in Sales`), `whole` what a share is of (`of the department`).

    `prohibited` is how many of the unsanctioned services are forbidden.
    """

    totals: Totals
    heads: int | None
    known: Measured
    place: str
    whole: str
    prohibited: int


def nothing_read(result: Result) -> bool:
    """Say whether no sound record was met at all: then a zero would be a claim, and the pages give no figures."""
    return not result.totals.services and not any(map(_was_read, result.sources))


def _was_read(source: SourceReport) -> bool:
    return source.records > 0 and (source.parsed > 0 or source.broken == 0)


def sentence(result: Result, scope: Scope) -> str:
    """Say how many people used how many services, how many are unsanctioned, and what was sent to those."""
    totals, place = scope.totals, scope.place
    if nothing_read(result):
        return say("No records could be read, so we cannot say whether AI services were used {place}.", place=place)
    when = text.during(result.period.start, result.period.end)
    if not totals.services:
        return say("We saw no use of AI services {place} {when}.", place=place, when=when)
    used = say_many(
        "{people} {place} used {number} AI service {when}",
        "{people} {place} used {number} AI services {when}",
        totals.services,
        people=text.people_of(totals.people, scope.heads) if totals.people else say("An unknown number of people"),
        place=place,
        number=text.number(totals.services),
        when=when,
    )
    bad = totals.services_unsanctioned
    if not bad:
        return say("{used}; no unsanctioned use was seen.", used=used)
    told = _unsanctioned(totals, _users(totals.people_unsanctioned))
    if totals.bytes_up_unsanctioned is None:
        return say("{used}; {told}. How much data was sent there could not be measured.", used=used, told=told)
    sent = sent_unsanctioned(totals, scope.known)
    return say("{used}; {told}, and {data} was sent there.", used=used, told=told, data=sent)


def _unsanctioned(totals: Totals, people: str) -> str:
    if totals.services == 1:
        return say("the service is unsanctioned, used by {people}", people=people)
    bad = totals.services_unsanctioned
    return say_many(
        "{number} of them is unsanctioned, used by {people}",
        "{number} of them are unsanctioned, used by {people}",
        bad,
        number=text.number(bad),
        people=people,
    )


def _users(count: int) -> str:
    """Write how many people used what was used; of nobody where the sources cannot tell several people apart."""
    return text.people(count) if count else say("an unknown number of people")


def sent_unsanctioned(totals: Totals, known: Measured) -> str:
    """Say how much data was sent to unsanctioned services: `none` without any, `at least` where not all is measured."""
    if not totals.services_unsanctioned:
        return say("none")
    return text.data(totals.bytes_up_unsanctioned, known.unsanctioned, totals.sessions_unsanctioned)


def figures(result: Result, scope: Scope) -> tuple[Figure, ...]:
    """Give the four figures of the first screen; none where nothing was read."""
    if nothing_read(result):
        return ()
    totals, bad = scope.totals, scope.totals.services_unsanctioned
    services = say_many("AI service in use", "AI services in use", totals.services)
    unsanctioned = say_many("unsanctioned service", "unsanctioned services", bad)
    return (
        _people(scope),
        Figure(text.number(totals.services), services, text.sessions(totals.sessions)),
        Figure(text.number(bad), unsanctioned, _by_whom(scope), alarming=bad > 0),
        _sent(totals, scope.known),
    )


def _by_whom(scope: Scope) -> str:
    """Say who uses unsanctioned services, and how many of these are forbidden: a reader meets that word below."""
    if not scope.totals.services_unsanctioned:
        return ""
    people = _users(scope.totals.people_unsanctioned)
    if not scope.prohibited:
        return say("used by {people}", people=people)
    return say_many(
        "used by {people}; {number} is prohibited",
        "used by {people}; {number} are prohibited",
        scope.prohibited,
        people=people,
        number=text.number(scope.prohibited),
    )


def _people(scope: Scope) -> Figure:
    people, heads = scope.totals.people, scope.heads
    if not people and scope.totals.services:
        return Figure(say("unknown"), say("how many people used AI"), "")
    share = text.share(people, heads)
    if not heads or not share:
        return Figure(text.number(people), say_many("person used AI", "people used AI", people), "")
    label = say_many("of {heads} person used AI", "of {heads} people used AI", heads, heads=text.number(heads))
    return Figure(text.number(people), label, say("{share} {whole}", share=share, whole=scope.whole))


def _sent(totals: Totals, known: Measured) -> Figure:
    to_all = text.data(totals.bytes_up, known.sessions, totals.sessions)
    note = say("to all AI services: {data}", data=to_all) if totals.bytes_up is not None else ""
    count = totals.bytes_up_unsanctioned
    if not totals.services_unsanctioned:
        return Figure(say("none"), say("sent to unsanctioned services"), note)
    if count is None:
        return Figure(text.size(None), say("data sent to unsanctioned services"), note, alarming=True)
    if known.unsanctioned < totals.sessions_unsanctioned:
        return Figure(text.size(count), say("or more sent to unsanctioned services"), note, alarming=True)
    return Figure(text.size(count), say("sent to unsanctioned services"), note, alarming=True)
