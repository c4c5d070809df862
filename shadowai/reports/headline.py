"""The first lines of a page: one sentence with the numbers that matter, and four figures."""

from dataclasses import dataclass

from shadowai.reports import text
from shadowai.reports.sections import Measured
from shadowai.reports.views import Figure
from shadowai.result import Result, SourceReport, Totals


@dataclass(frozen=True, slots=True)
class Scope:
    """What a headline is about: `place` says where (`in Sales`), `whole` what a share is of (`department`)."""

    totals: Totals
    heads: int | None
    known: Measured
    place: str
    whole: str


def nothing_read(result: Result) -> bool:
    """Say whether no sound record was met at all: then a zero would be a claim, and the pages give no figures."""
    return not result.totals.services and not any(map(_was_read, result.sources))


def _was_read(source: SourceReport) -> bool:
    return source.records > 0 and (source.parsed > 0 or source.broken == 0)


def sentence(result: Result, scope: Scope) -> str:
    """Say how many people used how many services, how many are unsanctioned, and what was sent to those."""
    totals = scope.totals
    if nothing_read(result):
        return f"No records could be read, so we cannot say whether AI services were used {scope.place}."
    when = text.during(result.period.start, result.period.end)
    if not totals.services:
        return f"We saw no use of AI services {scope.place} {when}."
    who = text.people_of(totals.people, scope.heads)
    used = f"{who} {scope.place} used {text.plural(totals.services, 'AI service')} {when}"
    bad = totals.services_unsanctioned
    if not bad:
        return f"{used}; no unsanctioned use was seen."
    subject = "the service is" if totals.services == 1 else f"{text.number(bad)} of them {'is' if bad == 1 else 'are'}"
    start = f"{used}; {subject} unsanctioned, used by {text.people(totals.people_unsanctioned)}"
    if totals.bytes_up_unsanctioned is None:
        return f"{start}. How much data was sent there could not be measured."
    return f"{start}, and {sent_unsanctioned(totals, scope.known)} was sent there."


def sent_unsanctioned(totals: Totals, known: Measured) -> str:
    """Say how much data was sent to unsanctioned services: `none` without any, `at least` where not all is measured."""
    if not totals.services_unsanctioned:
        return "none"
    return text.data(totals.bytes_up_unsanctioned, known.unsanctioned, totals.sessions_unsanctioned)


def figures(result: Result, scope: Scope) -> tuple[Figure, ...]:
    """Give the four figures of the first screen; none where nothing was read."""
    if nothing_read(result):
        return ()
    totals, heads = scope.totals, scope.heads
    bad = totals.services_unsanctioned
    percent = text.share(totals.people, heads)
    used = "person used AI" if totals.people == 1 else "people used AI"
    of_heads = f"of {text.plural(heads, 'person', 'people')} used AI" if heads and percent else used
    services = "AI service in use" if totals.services == 1 else "AI services in use"
    unsanctioned = "unsanctioned service" if bad == 1 else "unsanctioned services"
    by_whom = f"used by {text.people(totals.people_unsanctioned)}" if bad else ""
    return (
        Figure(text.number(totals.people), of_heads, f"{percent} of the {scope.whole}" if percent else ""),
        Figure(text.number(totals.services), services, text.plural(totals.sessions, "session")),
        Figure(text.number(bad), unsanctioned, by_whom, alarming=bad > 0),
        _sent(totals, scope.known),
    )


def _sent(totals: Totals, known: Measured) -> Figure:
    to_all = text.data(totals.bytes_up, known.sessions, totals.sessions)
    note = f"to all AI services: {to_all}" if totals.bytes_up is not None else ""
    count = totals.bytes_up_unsanctioned
    if not totals.services_unsanctioned:
        return Figure("none", "sent to unsanctioned services", note)
    if count is None:
        return Figure(text.NOT_MEASURED, "data sent to unsanctioned services", note, alarming=True)
    partly = known.unsanctioned < totals.sessions_unsanctioned
    label = "or more sent to unsanctioned services" if partly else "sent to unsanctioned services"
    return Figure(text.size(count), label, note, alarming=True)
