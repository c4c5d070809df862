"""What the organisation can do next: at most three decisions, out of the findings and the policy, and whose they are.

The same answers stand on the first screen of the index and on the executive sheet: how bad, how sure, what to do.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from shadowai.model import Status
from shadowai.reports import headline, text, words
from shadowai.reports.governance import Decisions, decisions, exceptions, in_use
from shadowai.reports.language import say, say_many
from shadowai.reports.sections import ServiceTotal, over_departments, worst_first
from shadowai.reports.steps import Step, policy_owner
from shadowai.reports.views import Fact
from shadowai.result import DepartmentUse, Result, ServiceUse

STEPS = 3
_HIDING = ("vpn", "tunnel", "encrypted-dns", "ech")


def board_steps(result: Result) -> tuple[Step, ...]:
    """Choose what to decide or to do, most urgent first."""
    if headline.nothing_read(result):
        return tuple(_inputs(result)) or (_no_input(),)
    totals = {one.example.id: one for one in over_departments(result.departments)}
    found = decisions(in_use(result), result.policy)
    owner = policy_owner(result.policy)
    steps = (
        _prohibited(result, owner),
        _undecided(totals, found, owner) if found else _unsanctioned(totals, owner),
        _ended(result, owner),
        _inputs(result),
        _accounts(result, owner),
        _review(result, owner),
        _hiding(result),
        _candidates(result),
        _nothing(owner),
    )
    return tuple(islice((step for group in steps for step in group), STEPS))


def answers(result: Result, steps: tuple[Step, ...]) -> tuple[Fact, ...]:
    """Give the first screen's answers: how bad, how sure, what to do first. None where nothing was read."""
    if headline.nothing_read(result):
        return ()
    return (
        Fact(say("How bad"), _how_bad(result)),
        Fact(say("How sure"), how_sure(result)),
        Fact(say("What to do first"), steps[0].title),
    )


def how_sure(result: Result) -> str:
    """Say what the figures rest on, and what of it is missing."""
    failed = sum(1 for one in result.sources if one.error)
    gaps = sum(1 for one in result.sources if one.silent)
    read = say_many(
        "{read} of {inputs} was read.",
        "{read} of {inputs} were read.",
        len(result.sources) - failed,
        read=text.number(len(result.sources) - failed),
        inputs=text.inputs(len(result.sources)),
    )
    if gaps:
        lost = say_many("{n} has hours without records.", "{n} have hours without records.", gaps, n=text.number(gaps))
        read = say("{read} {lost}", read=read, lost=lost)
    kinds = [words.blind_inside(kind) for kind in _HIDING if any(spot.kind == kind for spot in result.blind_spots)]
    if kinds:
        return say(
            "{read} The figures are a lower bound: use can hide in {kinds}.", read=read, kinds=text.listing(kinds)
        )
    return say("{read} The figures are a lower bound: we see only what these records cover.", read=read)


def _how_bad(result: Result) -> str:
    totals = over_departments(result.departments)
    if not totals:
        return say("No risk from use that we saw.")
    worst, bad = totals[0], [one for one in totals if _bad(one)]
    if not bad:
        risk, name = words.risk(worst.risk), worst.example.name
        return say("No unsanctioned use was seen. {risk} risk at worst: {service}.", risk=risk, service=name)
    grave = [one.example.name for one in bad if one.risk in ("critical", "high")]
    if not grave:
        names = text.listing([one.example.name for one in bad])
        return say("None of the services used without approval is of high risk: {names}.", names=names)
    return say_many(
        "{number} service of high or critical risk is used without approval: {names}.",
        "{number} services of high or critical risk are used without approval: {names}.",
        len(grave),
        number=text.number(len(grave)),
        names=text.listing(grave),
    )


def _bad(total: ServiceTotal) -> bool:
    return Status.UNSANCTIONED in total.statuses or Status.PROHIBITED in total.statuses


def _prohibited(result: Result, owner: str) -> Iterator[Step]:
    found = _rows(result, Status.PROHIBITED)
    if found:
        names = text.listing(_named(use.name for _, use in found))
        sessions = text.sessions(sum(use.statuses.prohibited or use.sessions for _, use in found))
        places = text.listing(_named(one.name for one, _ in found))
        why = say("Prohibited, and still used in {places}: {sessions} got through.", places=places, sessions=sessions)
        yield Step(say("Stop the use of {services}", services=names), why, found[0][1].status_owner or owner)


def _rows(result: Result, status: Status) -> list[tuple[DepartmentUse, ServiceUse]]:
    """Pick the uses of one status, gravest service first: the same service may be allowed in the next department."""
    rows = [(one, use) for one, services in in_use(result) for use in services if use.status is status]
    return sorted(rows, key=lambda row: worst_first(row[1]))


def _named(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _unsanctioned(totals: Mapping[str, ServiceTotal], owner: str) -> Iterator[Step]:
    found = sorted((one for one in totals.values() if Status.UNSANCTIONED in one.statuses), key=lambda one: -one.people)
    if found:
        first = found[0].example.name
        why = say("Used without approval. Most used: {service}, by {people}.", service=first,
                  people=text.people(found[0].people))  # fmt: skip
        yield Step(say("Decide on {services}", services=text.listing([one.example.name for one in found])), why, owner)


def _undecided(totals: Mapping[str, ServiceTotal], found: Decisions, owner: str) -> Iterator[Step]:
    if not found.default:
        return
    open_ones = sorted(
        (totals[name] for name in found.default if name in totals),
        key=lambda one: (-one.people, one.example.name, one.example.id),
    )
    names = text.listing([one.example.name for one in open_ones])
    why = say_many(
        "{number} service is in use that no rule of the policy covers everywhere. Most used: {service}, by {people}.",
        "{number} services are in use that no rule of the policy covers everywhere. Most used: {service}, by {people}.",
        len(open_ones),
        number=text.number(len(open_ones)),
        service=open_ones[0].example.name,
        people=text.people(open_ones[0].people),
    )
    yield Step(say("Decide on {services}", services=names), why, owner)


def _ended(result: Result, owner: str) -> Iterator[Step]:
    rows = list(exceptions(result.policy))
    if rows:
        first = rows[0]
        title = say("Renew or end {rule}: {what}", rule=first.rule, what=first.what)
        why = say_many(
            "{number} rule of the policy has ended or ends soon. This one {when}.",
            "{number} rules of the policy have ended or end soon. This one {when}.",
            len(rows),
            number=text.number(len(rows)),
            when=first.when,
        )
        yield Step(title, why, first.owner or owner)


def _inputs(result: Result) -> Iterator[Step]:
    lost = [one.path for one in result.sources if one.error]
    silent = [one.path for one in result.sources if one.silent]
    team = say("the security team")
    if lost:
        why = say("It could not be read, so whatever only it shows is missing here.")
        yield Step(say("Restore the input {paths}", paths=text.listing(lost)), why, team)
    elif silent:
        why = say("It has hours without records, so use in that time is missing here.")
        yield Step(say("Find out why {paths} fell silent", paths=text.listing(silent)), why, team)


def _no_input() -> Step:
    why = say("Nothing was read, so nothing is known.")
    return Step(say("Give the scan inputs that it can read"), why, say("the security team"))


def _accounts(result: Result, owner: str) -> Iterator[Step]:
    used = [service for _, services in in_use(result) for service in services]
    own = sum(one.account.personal for one in used)
    if own:
        names = _named(one.name for one in used if one.account.personal)
        why = say_many(
            "{sessions} used a personal account, where the company's contract does not reach.",
            "{sessions} used a personal account, where the company's contract does not reach.",
            own,
            sessions=text.sessions(own),
        )
        yield Step(say("Offer a company account for {services}", services=text.listing(names)), why, owner)


def _review(result: Result, owner: str) -> Iterator[Step]:
    waiting = _rows(result, Status.UNDER_REVIEW)
    if waiting:
        names = text.listing(_named(use.name for _, use in waiting))
        people = sum(use.people for _, use in waiting)
        why = say_many(
            "{people} already uses them while the decision is open.",
            "{people} already use them while the decision is open.",
            people,
            people=text.people(people),
        )
        yield Step(say("Close the review of {services}", services=names), why, waiting[0][1].status_owner or owner)


def _hiding(result: Result) -> Iterator[Step]:
    for kind in _HIDING:
        spots = [spot for spot in result.blind_spots if spot.kind == kind]
        if spots:
            names = text.listing([spot.name for spot in spots])
            why = say("{kind}: {meaning}", kind=words.blind_heading(kind), meaning=words.blind_meaning(kind))
            yield Step(say("Decide whether {names} is allowed", names=names), why, say("the security team"))
            return


def _candidates(result: Result) -> Iterator[Step]:
    if result.candidates:
        hosts = text.listing([one.host for one in result.candidates])
        why = say("They look like AI and are in no database, so nobody has judged them.")
        yield Step(say("Check {hosts}", hosts=hosts), why, say("the security team"))


def _nothing(owner: str) -> Iterator[Step]:
    yield Step(say("Tell people what is allowed, and how to ask"), say("A short way keeps use in the open."), owner)
