"""What a department head can do next: at most three concrete steps, out of the findings and the policy."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain, islice

from shadowai.model import Status
from shadowai.provenance import Period
from shadowai.reports import text, words
from shadowai.reports.language import say, say_many
from shadowai.reports.sections import Sections, unsanctioned
from shadowai.result import BlindSpot, PolicyReport, ServiceUse

STEPS = 3
SOON = timedelta(days=90)  # an approval that ends within this time after the period is worth a question

_HIDING = ("encrypted-dns", "vpn", "tunnel", "ech")


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do, why, and whom to ask."""

    title: str
    why: str
    whom: str


@dataclass(frozen=True, slots=True)
class Findings:
    """What the steps are chosen from: the services by section, blind spots, the period, and how to name things.

    `names` are those of services by id; `owner` is whom to ask where no rule names anybody.
    """

    sections: Sections
    spots: Sequence[BlindSpot]
    period: Period
    names: Mapping[str, str]
    owner: str


def policy_owner(policy: PolicyReport | None) -> str:
    """Say whom to ask in general: the owner of most rules, or the security team."""
    owners = Counter(rule.owner for rule in policy.rules if rule.owner) if policy else Counter[str]()
    return min(owners, key=lambda owner: (-owners[owner], owner)) if owners else say("the security team")


def next_steps(found: Findings) -> tuple[Step, ...]:
    """Choose the steps: at most two about unapproved services while there is something else to do, gravest first."""
    bad = list(_replace(found))
    others = list(
        chain(
            _accounts(found),
            _ending(found),
            _decisions(found),
            _blocked(found),
            _unproven(found),
            _hidden(found),
            _good_ones(found),
        )
    )
    first = bad[: STEPS - 1]
    return tuple(islice(chain(first, others[: STEPS - len(first)], bad[STEPS - 1 :]), STEPS))


def steps_of_nobody(people: int, others: Sequence[Step]) -> tuple[Step, ...]:
    """Put first, where no department is known, finding out whose use it is: no team could be talked to before."""
    why = say(
        "The directory names no department for {people}, so nobody answers for this use.", people=text.people(people)
    )
    first = Step(say("Find out whose use this is"), why, say("the security team"))
    return (first, *others)[:STEPS]


def _replace(found: Findings) -> Iterator[Step]:
    groups: dict[tuple[str | None, bool], list[ServiceUse]] = {}
    for service in filter(unsanctioned, found.sections.in_use):
        stop = service.alternative is None and service.status is Status.PROHIBITED
        groups.setdefault((service.alternative, stop), []).append(service)
    for (alternative, stop), group in sorted(groups.items(), key=_forbidden_last, reverse=True):
        listed, why = text.listing([service.name for service in group]), _extent(group)
        owner = next((service.status_owner for service in group if service.status_owner), found.owner)
        if alternative is not None:
            other = found.names.get(alternative, alternative)
            yield Step(say("Move from {services} to {other}", services=listed, other=other), why, owner)
        elif stop:
            more = say("{why} Ask what the work needs, and tell the security team.", why=why)
            yield Step(say("Stop the use of {services}", services=listed), more, owner)
        else:
            more = say("{why} Ask what the work needs, then ask for a decision.", why=why)
            yield Step(say("Talk to the team about {services}", services=listed), more, owner)


def _forbidden_last(item: tuple[object, Sequence[ServiceUse]]) -> bool:
    """Sort what is forbidden behind the rest, whatever its score: what to do first is what a rule says already."""
    return any(service.status is Status.PROHIBITED for service in item[1])


def _extent(group: Sequence[ServiceUse]) -> str:
    sessions = text.sessions(sum(service.sessions for service in group))
    if len(group) > 1:
        return say("There were {sessions} with these services in this period.", sessions=sessions)
    people, status = text.people(group[0].people), words.status_inside(group[0].status)
    if not group[0].people:
        return say(
            "An unknown number of people had {sessions} with this {status} service in this period.",
            sessions=sessions,
            status=status,
        )
    return say(
        "{people} had {sessions} with this {status} service in this period.",
        people=people,
        sessions=sessions,
        status=status,
    )


def _accounts(found: Findings) -> Iterator[Step]:
    for service in found.sections.in_use:
        own = service.account.personal + service.account.signed_out
        if own and service.status is Status.SANCTIONED:  # no other has a company account to sign in with
            why = say_many(
                "{sessions} used a personal account or none, so the company's terms may not cover it.",
                "{sessions} used a personal account or none, so the company's terms may not cover them.",
                own,
                sessions=text.sessions(own),
            )
            title = say("Ask people to use {service} with the company account", service=service.name)
            yield Step(title, why, service.status_owner or found.owner)


def _ending(found: Findings) -> Iterator[Step]:
    end = text.parse_day(found.period.end)
    for service in found.sections.in_use:
        until = text.parse_day(service.status_until)
        if unsanctioned(service) or until is None or end is None or until - end > SOON:
            continue
        status, day = words.status_inside(service.status), text.day(until)
        if until >= end:
            why = say("Its status \u201c{status}\u201d ends on {day}.", status=status, day=day)
        else:
            why = say("Its status \u201c{status}\u201d ended on {day}.", status=status, day=day)
        title = say("Ask whether {service} may still be used", service=service.name)
        yield Step(title, why, service.status_owner or found.owner)


def _decisions(found: Findings) -> Iterator[Step]:
    for service in found.sections.in_use:
        if service.status is Status.UNDER_REVIEW:
            why = say_many(
                "{people} already uses it while the decision is open.",
                "{people} already use it while the decision is open.",
                service.people,
                people=text.people(service.people),
            )
            if not service.people:
                why = say("An unknown number of people already use it while the decision is open.")
            title = say("Ask for a decision on {service}", service=service.name)
            yield Step(title, why, service.status_owner or found.owner)


def _blocked(found: Findings) -> Iterator[Step]:
    services = found.sections.blocked
    if services:
        blocked = sum(service.blocked for service in services)
        listed = text.listing([service.name for service in services])
        title = say_many(
            "Ask what {services} was wanted for", "Ask what {services} were wanted for", len(services), services=listed
        )
        why = say_many(
            "{requests} was blocked before use. Someone may have a need that no approved service meets.",
            "{requests} were blocked before use. Someone may have a need that no approved service meets.",
            blocked,
            requests=text.requests(blocked),
        )
        yield Step(title, why, say("your team"))


def _unproven(found: Findings) -> Iterator[Step]:
    open_ones = [service.name for service in found.sections.unproven if not service.proven]
    if open_ones:
        listed = text.listing(open_ones)
        title = say_many(
            "Ask whether {services} is used", "Ask whether {services} are used", len(open_ones), services=listed
        )
        why = say("Only hosts with other purposes were contacted, so the network alone cannot tell.")
        yield Step(title, why, say("your team"))


def _hidden(found: Findings) -> Iterator[Step]:
    kinds = [kind for kind in _HIDING if any(spot.kind == kind for spot in found.spots)]
    if kinds:
        listed = text.listing([words.blind_heading(kind) for kind in kinds])
        why = say("Use can hide in: {kinds}.", kinds=listed)
        yield Step(say("Close a blind spot"), why, say("the security team"))


def _good_ones(found: Findings) -> Iterator[Step]:
    good = [service.name for service in found.sections.in_use if service.status is Status.SANCTIONED]
    if good:
        why = say("A known, approved way keeps people on it.")
        yield Step(say("Tell the team that {services} may be used", services=text.listing(good)), why, found.owner)
    why = say("A short way to ask is what keeps use in the open.")
    yield Step(say("Tell the team how to ask for a new AI service"), why, found.owner)
    why = say("Private devices and other networks are in no record that was read.")
    yield Step(say("Ask the team what they use where we cannot see"), why, say("your team"))
