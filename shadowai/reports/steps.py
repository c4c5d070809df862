"""What a department head can do next: at most three concrete steps, out of the findings and the policy."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain, islice

from shadowai.model import Status
from shadowai.reports import text, words
from shadowai.reports.sections import Sections, unsanctioned
from shadowai.result import BlindSpot, Period, ServiceUse

STEPS = 3
SOON = timedelta(days=90)  # an approval that ends within this time after the period is worth a question

_HIDING = ("encrypted-dns", "vpn", "tunnel", "ech")


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do, and why."""

    title: str
    why: str


def next_steps(
    sections: Sections, spots: Sequence[BlindSpot], period: Period, names: Mapping[str, str]
) -> tuple[Step, ...]:
    """Choose the steps: at most two about unapproved services while there is something else to do, gravest first."""
    bad = list(_replace(sections.in_use, names))
    others = list(
        chain(
            _accounts(sections.in_use),
            _ending(sections.in_use, period),
            _decisions(sections.in_use),
            _blocked(sections.blocked),
            _unproven(sections.unproven),
            _hidden(spots),
            _good_ones(sections.in_use),
        )
    )
    first = bad[: STEPS - 1]
    return tuple(islice(chain(first, others[: STEPS - len(first)], bad[STEPS - 1 :]), STEPS))


def _replace(services: Sequence[ServiceUse], names: Mapping[str, str]) -> Iterator[Step]:
    groups: dict[tuple[str | None, bool], list[ServiceUse]] = {}
    for service in filter(unsanctioned, services):
        stop = service.alternative is None and service.status is Status.PROHIBITED
        groups.setdefault((service.alternative, stop), []).append(service)
    for (alternative, stop), group in groups.items():
        listed = text.listing([service.name for service in group])
        sessions = text.plural(sum(service.sessions for service in group), "session")
        why = f"{_whose(group)}{sessions} with {_named(group)} in this period."
        if alternative is not None:
            yield Step(f"Move from {listed} to {names.get(alternative, alternative)}", why)
        elif stop:
            yield Step(f"Stop the use of {listed}", f"{why} Ask what the work needs, and tell the security team.")
        else:
            yield Step(f"Talk to the team about {listed}", f"{why} Ask what the work needs, then ask for a decision.")


def _whose(group: Sequence[ServiceUse]) -> str:
    return f"{text.people(group[0].people)} had " if len(group) == 1 else "There were "


def _named(group: Sequence[ServiceUse]) -> str:
    if len(group) > 1:
        return "these services"
    return f"this {words.STATUS[group[0].status].lower()} service"


def _accounts(services: Sequence[ServiceUse]) -> Iterator[Step]:
    for service in services:
        own = service.account.personal + service.account.signed_out
        if own and not unsanctioned(service):
            count = text.plural(own, "session")
            why = f"{count} used a personal account or none, so the company's terms may not cover them."
            yield Step(f"Ask people to use {service.name} with the company account", why)


def _ending(services: Sequence[ServiceUse], period: Period) -> Iterator[Step]:
    end = text.parse_day(period.end)
    for service in services:
        until = text.parse_day(service.status_until)
        if unsanctioned(service) or until is None or end is None or until - end > SOON:
            continue
        owner = service.status_owner or "the owner of the policy"
        verb = "ends" if until >= end else "ended"
        title = f"Ask {owner} about {service.name}"
        yield Step(title, f"Its status \u201c{words.STATUS[service.status].lower()}\u201d {verb} on {text.day(until)}.")


def _decisions(services: Sequence[ServiceUse]) -> Iterator[Step]:
    for service in services:
        if service.status is Status.UNDER_REVIEW:
            owner = service.status_owner or "the owner of the policy"
            why = f"{text.people(service.people)} already use it while the decision is open."
            yield Step(f"Ask {owner} for a decision on {service.name}", why)


def _blocked(services: Sequence[ServiceUse]) -> Iterator[Step]:
    if services:
        blocked = sum(service.blocked for service in services)
        count = f"{text.plural(blocked, 'request')} {'was' if blocked == 1 else 'were'}"
        listed = text.listing([service.name for service in services])
        yield Step(
            f"Ask what {listed} were wanted for" if len(services) > 1 else f"Ask what {listed} was wanted for",
            f"{count} blocked before use. Someone may have a need that no approved service meets.",
        )


def _unproven(services: Sequence[ServiceUse]) -> Iterator[Step]:
    open_ones = [service for service in services if not service.proven]
    if open_ones:
        listed = text.listing([service.name for service in open_ones])
        verb = "is" if len(open_ones) == 1 else "are"
        why = "Only hosts with other purposes were contacted, so the network alone cannot tell."
        yield Step(f"Ask whether {listed} {verb} used", why)


def _hidden(spots: Sequence[BlindSpot]) -> Iterator[Step]:
    kinds = [kind for kind in _HIDING if any(spot.kind == kind for spot in spots)]
    if kinds:
        listed = text.listing([words.blind_heading(kind) for kind in kinds])
        yield Step("Ask the security team to close a blind spot", f"Use can hide in: {listed}.")


def _good_ones(services: Sequence[ServiceUse]) -> Iterator[Step]:
    good = [service.name for service in services if service.status is Status.SANCTIONED]
    if good:
        yield Step(f"Tell the team that {text.listing(good)} may be used", "A known, approved way keeps people on it.")
    yield Step("Tell the team how to ask for a new AI service", "A short way to ask is what keeps use in the open.")
