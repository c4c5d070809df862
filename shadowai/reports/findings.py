"""What was found, sorted by what an auditor asks for: each finding with its figures, where it holds, and for what.

A finding is a fact of the network records. `duties` says which duties it touches.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from shadowai.countries import EEA
from shadowai.model import Status
from shadowai.reports import text, words
from shadowai.reports.governance import decisions, exceptions, in_use
from shadowai.reports.heat_map import sessions_unsanctioned
from shadowai.reports.language import say, say_many
from shadowai.reports.sections import unsanctioned
from shadowai.result import DepartmentUse, Result, ServiceUse
from shadowai.verdicts import Sensitivity

MAX_NAMES = 12  # of departments or services in a sentence; more are counted


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: `key` is that of the mapping, `extent` its figures, `places` and `services` where and of what."""

    key: str
    title: str
    extent: str
    places: str
    services: str


Use = tuple[DepartmentUse, ServiceUse]


@dataclass(frozen=True)
class _Found:
    """The document, and every department's use of every service."""

    result: Result

    @cached_property
    def uses(self) -> tuple[Use, ...]:
        return tuple((one, service) for one, services in in_use(self.result) for service in services)

    def where(self, wanted: Callable[[ServiceUse], bool]) -> list[Use]:
        return [(one, service) for one, service in self.uses if wanted(service)]


def findings(result: Result) -> tuple[Finding, ...]:
    """List what was found, in the order in which an auditor would ask."""
    found = _Found(result)
    return tuple(one for make in _FINDINGS.values() for one in make(found))


def keys() -> tuple[str, ...]:
    """Give the keys of all findings that can be made."""
    return tuple(_FINDINGS)


def _use(found: _Found) -> Iterator[Finding]:
    if found.uses:
        totals = found.result.totals
        extent = say("{people} used {services} in {sessions}.", people=text.people(totals.people),
                     services=text.services(totals.services), sessions=text.sessions(totals.sessions))  # fmt: skip
        yield _about("use", say("AI services are in use"), extent, found.uses)


def _unsanctioned(found: _Found) -> Iterator[Finding]:
    bad = found.where(unsanctioned)
    if bad:
        totals = found.result.totals
        sessions = text.sessions(sum(sessions_unsanctioned(service) for _, service in bad))
        measured = sum(one.sessions_with_bytes_up for _, one in bad)
        sent = text.data(totals.bytes_up_unsanctioned, measured, totals.sessions_unsanctioned)
        extent = say("{people}, {sessions}; data sent: {sent}.", people=text.people(totals.people_unsanctioned),
                     sessions=sessions, sent=sent)  # fmt: skip
        yield _about("unsanctioned", say("Services are used without approval"), extent, bad)


def _prohibited(found: _Found) -> Iterator[Finding]:
    bad = found.where(lambda one: one.status is Status.PROHIBITED)
    if bad:
        told = text.sessions(sum(one.statuses.prohibited or one.sessions for _, one in bad))
        blocked = text.requests(sum(one.blocked for _, one in bad))
        extent = say("{sessions} got through, {requests} were blocked.", sessions=told, requests=blocked)
        yield _about("prohibited", say("Prohibited services were reached"), extent, bad)


def _undecided(found: _Found) -> Iterator[Finding]:
    decided = decisions(in_use(found.result), found.result.policy)
    if decided is None:
        return
    waiting = decided.open | decided.default
    if waiting:
        extent = say("{none} without a rule, {open} under review.", none=text.services(len(decided.default)),
                     open=text.number(len(decided.open)))  # fmt: skip
        rows = found.where(lambda one: one.id in waiting)
        yield _about("undecided", say("Services are in use before a decision"), extent, rows)


def _personal(found: _Found) -> Iterator[Finding]:
    rows = found.where(lambda one: one.account.personal > 0)
    if rows:
        extent = say("{sessions} with a personal account.",
                     sessions=text.sessions(sum(one.account.personal for _, one in rows)))  # fmt: skip
        yield _about("personal-accounts", say("Personal accounts are used"), extent, rows)


def _uploads(found: _Found) -> Iterator[Finding]:
    rows = found.where(lambda one: one.uses.upload > 0)
    if rows:
        number = sum(one.uses.upload for _, one in rows)
        extent = say("{sessions} that sent much at once.", sessions=text.sessions(number))
        yield _about("uploads", say("Large amounts of data were sent"), extent, rows)


def _countries(found: _Found) -> Iterator[Finding]:
    rows = found.where(lambda one: one.country.upper() not in EEA)
    if rows:
        counts = Counter(one.country for one in {one.id: one for _, one in rows}.values())
        listed = [say("{country}: {services}", country=country or say("unknown"), services=text.services(number))
                  for country, number in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]  # fmt: skip
        title = say("Services are run by vendors outside the EEA")
        yield _about("third-countries", title, f"{text.listing(listed, MAX_NAMES)}.", rows)


def _agents(found: _Found) -> Iterator[Finding]:
    rows = found.where(lambda one: one.uses.agent > 0)
    if rows:
        number = sum(one.uses.agent for _, one in rows)
        extent = say("{sessions} of tools that act without a person at each step.", sessions=text.sessions(number))
        yield _about("agents", say("Agents act by themselves"), extent, rows)


def _sensitive(found: _Found) -> Iterator[Finding]:
    rows = [(one, use) for one, use in found.uses if one.sensitivity is Sensitivity.HIGH and _is_loose(use)]
    if rows:
        people = {one.name: one.totals.people_unsanctioned for one, _ in rows}
        extent = say("{people} there used services without approval; personal accounts are counted too.",
                     people=text.people(sum(people.values())))  # fmt: skip
        title = say("Departments with sensitive data use services without approval")
        yield _about("sensitive", title, extent, rows)


def _unseen(found: _Found) -> Iterator[Finding]:
    result = found.result
    kinds = list(dict.fromkeys(words.blind_heading(spot.kind) for spot in result.blind_spots))
    lost = [one.path for one in result.sources if one.error or one.silent]
    told = []
    if lost:
        told.append(say_many("{n} input is missing, or has hours without records: {paths}.",
                             "{n} inputs are missing, or have hours without records: {paths}.", len(lost),
                             n=text.number(len(lost)), paths=text.listing(lost)))  # fmt: skip
    if kinds:
        told.append(say("Blind spots: {kinds}.", kinds=text.listing(kinds, MAX_NAMES)))
    if told:
        places = sorted({name for spot in result.blind_spots for name in spot.departments})
        listed = text.listing(places, MAX_NAMES) if places else say("everywhere")
        yield Finding("unseen", say("Use could be hidden, or was not recorded"), " ".join(told), listed, "")


def _exceptions(found: _Found) -> Iterator[Finding]:
    rows = list(exceptions(found.result.policy))
    if rows:
        past = sum(1 for one in rows if one.past)
        extent = say("{past} ended, {soon} soon.", past=text.number(past), soon=text.number(len(rows) - past))
        places = text.listing(list(dict.fromkeys(one.whom for one in rows)), MAX_NAMES)
        names = text.listing([one.what for one in rows], MAX_NAMES)
        yield Finding("exceptions", say("Decisions have lapsed, or lapse soon"), extent, places, names)


def _candidates(found: _Found) -> Iterator[Finding]:
    rows = found.result.candidates
    if rows:
        hosts = text.listing([one.host for one in rows])
        extent = say_many("{n} host: {hosts}.", "{n} hosts: {hosts}.", len(rows), n=text.number(len(rows)), hosts=hosts)
        places = sorted({name for one in rows for name in one.departments})
        listed = text.listing(places, MAX_NAMES)
        yield Finding("candidates", say("Hosts look like AI that nobody has judged"), extent, listed, "")


_FINDINGS: Mapping[str, Callable[[_Found], Iterator[Finding]]] = {
    "use": _use,
    "unsanctioned": _unsanctioned,
    "prohibited": _prohibited,
    "undecided": _undecided,
    "personal-accounts": _personal,
    "uploads": _uploads,
    "third-countries": _countries,
    "agents": _agents,
    "sensitive": _sensitive,
    "unseen": _unseen,
    "exceptions": _exceptions,
    "candidates": _candidates,
}


def _is_loose(service: ServiceUse) -> bool:
    return unsanctioned(service) or service.account.personal > 0


def _about(key: str, title: str, extent: str, uses: Iterable[Use]) -> Finding:
    rows = list(uses)
    places = list(dict.fromkeys(one.name for one, _ in rows))
    services = sorted({one.name: one.sessions for _, one in rows}.items(), key=lambda item: (-item[1], item[0]))
    names = [name for name, _ in services]
    return Finding(key, title, extent, text.listing(places, MAX_NAMES), text.listing(names, MAX_NAMES))
