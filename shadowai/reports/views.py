"""What the templates may show: small frozen views, every text ready to print. Their fields are the documented context.

reports/templates/README.md lists every field; a test compares the two.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from shadowai.model import Status
from shadowai.reports import text, words
from shadowai.result import BlindSpot, Result, ServiceUse, SourceReport

MAX_SOURCES = 100  # inputs; more are counted
MAX_LISTED = 50  # blind spots of one kind, or candidates; more are counted, and result.json has them all


_MISSING = "Use that only these inputs show is missing here."


@dataclass(frozen=True, slots=True)
class Mark:
    """A status: `name` chooses shape and colour, `word` says it, `meaning` explains it."""

    name: str
    word: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Figure:
    """One headline figure: the value large, what it counts below, and a note or nothing."""

    value: str
    label: str
    note: str
    alarming: bool = False


@dataclass(frozen=True, slots=True)
class Fact:
    """A name and a text, for definition lists."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """One service of a department that is in use."""

    name: str
    what: str
    mark: Mark
    risk: str
    risk_reasons: tuple[str, ...]
    people: str
    sessions: str
    data: str
    confidence: str
    instead: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class AsideRow:
    """One service apart from the headline: not proven, only looked up, or blocked; `extent` says how much of it."""

    name: str
    what: str
    mark: Mark
    extent: str
    note: str


@dataclass(frozen=True, slots=True)
class BlindGroup:
    """One kind of blind spot: what it means, where it was seen, and how many more places are not listed."""

    heading: str
    meaning: str
    places: tuple[Fact, ...]
    more: int


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One input: what was read, what was set aside and why, and what went wrong."""

    path: str
    format: str
    records: str
    parsed: str
    skipped: tuple[str, ...]
    period: str
    error: str
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the figures come from: signatures, version of the program, inputs and how many more are not listed."""

    generator: str
    signatures: str
    sources: tuple[SourceRow, ...]
    more: int


def mark(status: Status) -> Mark:
    """Give the mark of a status."""
    return Mark(status.value, words.STATUS[status], words.STATUS_MEANING[status])


def all_marks() -> tuple[Mark, ...]:
    """Give the marks of all statuses for a legend, from welcome to forbidden."""
    return tuple(mark(status) for status in Status)


def what(service: ServiceUse) -> str:
    """Say what a service is: its summary and who runs it from where."""
    return f"{service.summary.rstrip('.')} \u00b7 {vendor(service)}"


def vendor(service: ServiceUse) -> str:
    """Say who runs a service and from which country."""
    return ", ".join(part for part in (service.vendor, service.country) if part)


def service_row(service: ServiceUse, names: Mapping[str, str]) -> ServiceRow:
    """Lay out a service in use."""
    return ServiceRow(
        name=service.name,
        what=what(service),
        mark=mark(service.status),
        risk=words.RISK[service.risk],
        risk_reasons=tuple(map(text.capital, service.risk_reasons)),
        people=text.number(service.people),
        sessions=text.number(service.sessions),
        data=text.data(service.bytes_up, service.sessions_with_bytes_up, service.sessions),
        confidence=words.confidence(service.confidence),
        instead=_instead(service, names),
        facts=_facts(service),
    )


def unproven_row(service: ServiceUse) -> AsideRow:
    """Lay out a service that was contacted without proof of use."""
    seen = words.evidence(service.evidence)
    if service.proven:
        note = "Only background traffic was seen, which runs without anyone using the service."
    else:
        note = "Only hosts were seen that also serve other purposes."
    extent = f"{text.people(service.people)}, {text.plural(service.sessions, 'visit')}"
    return AsideRow(service.name, what(service), mark(service.status), extent, f"{note} Seen: {seen}.")


def looked_up_row(service: ServiceUse) -> AsideRow:
    """Lay out a service of which only the name was looked up."""
    note = "A device asked for the address of this service; no connection to it was seen."
    return AsideRow(service.name, what(service), mark(service.status), text.people(service.people_dns_only), note)


def blocked_row(service: ServiceUse) -> AsideRow:
    """Lay out a service to which requests were denied."""
    note = (
        "It was also used: see above." if service.proven and service.sessions else "No use got through that we can see."
    )
    return AsideRow(service.name, what(service), mark(service.status), text.plural(service.blocked, "request"), note)


def blind_groups(spots: Iterable[BlindSpot], sources: Sequence[SourceReport]) -> tuple[BlindGroup, ...]:
    """Lay out blind spots by kind, in the order of `words.BLIND`; inputs that could not be read come first."""
    by_kind: dict[str, list[BlindSpot]] = {}
    unread = unread_sources(sources)
    told = {fact.name for fact in unread}
    for spot in spots:
        if not (spot.kind == "unparsed-records" and spot.name in told and not spot.count):
            by_kind.setdefault(spot.kind, []).append(spot)
    order = list(words.BLIND)
    kinds = sorted(by_kind, key=lambda kind: (order.index(kind) if kind in order else len(order), kind))
    groups = [_group("Inputs that could not be read", _MISSING, unread)]
    for kind in kinds:
        ranked = sorted(by_kind[kind], key=lambda spot: (-spot.count, spot.name, spot.detail))
        places = [Fact(spot.name, _place(spot)) for spot in ranked]
        groups.append(_group(words.blind_heading(kind), words.blind_meaning(kind), places))
    return tuple(group for group in groups if group.places)


def unread_sources(sources: Iterable[SourceReport]) -> tuple[Fact, ...]:
    """List the inputs that could not be read, and why."""
    return tuple(Fact(source.path, text.capital(source.error)) for source in sources if source.error)


def origin(result: Result) -> Origin:
    """Lay out where the figures come from; inputs that could not be read come first."""
    version = result.signatures
    ranked = sorted(result.sources, key=lambda source: not source.error)
    return Origin(
        generator=result.generator,
        signatures=(
            f"version {version.version}, {text.plural(version.services, 'service')}, "
            f"{text.plural(version.indicators, 'indicator')}"
        ),
        sources=tuple(map(source_row, ranked[:MAX_SOURCES])),
        more=max(0, len(ranked) - MAX_SOURCES),
    )


def source_row(source: SourceReport) -> SourceRow:
    """Lay out one input."""
    reasons = sorted(source.skipped.items(), key=lambda item: (-item[1], item[0]))
    skipped = tuple(f"{text.number(count)} {reason}" for reason, count in reasons)
    broken = (f"{text.number(source.broken)} of them damaged",) if source.broken else ()
    return SourceRow(
        path=source.path,
        format=source.format_name or source.format or "not recognised",
        records=text.number(source.records),
        parsed=text.number(source.parsed),
        skipped=skipped + broken,
        period=text.span(source.first, source.last),
        error=source.error or "",
        warnings=source.warnings,
    )


def unread_group(sources: Sequence[SourceReport]) -> BlindGroup | None:
    """Lay out the inputs that could not be read, with how many there are in the heading; None where all were read."""
    unread = unread_sources(sources)
    if not unread:
        return None
    return _group(f"{len(unread):,} of {text.plural(len(sources), 'input')} could not be read", _MISSING, unread)


def _group(heading: str, meaning: str, places: Sequence[Fact]) -> BlindGroup:
    return BlindGroup(heading, meaning, tuple(places[:MAX_LISTED]), max(0, len(places) - MAX_LISTED))


def _place(spot: BlindSpot) -> str:
    told = (words.blind_extent(spot) if spot.count else "", text.capital(spot.detail).rstrip("."))
    return ". ".join(filter(None, told)) + "."


def _instead(service: ServiceUse, names: Mapping[str, str]) -> str:
    own_account = service.account.personal + service.account.signed_out
    if service.status is Status.SANCTIONED:
        return "Keep, but sign in with the company account" if own_account else "Keep using it"
    if service.alternative:
        return names.get(service.alternative, service.alternative)
    return {
        Status.TOLERATED: "Accepted for now",
        Status.UNDER_REVIEW: "Wait for the decision",
    }.get(service.status, "No alternative named yet")


def _facts(service: ServiceUse) -> tuple[Fact, ...]:
    policy = [service.status_reason]
    if service.status_until:
        policy.append(f"until {text.day(service.status_until)}")
    if service.status_owner:
        policy.append(f"decided by {service.status_owner}")
    looked_up = text.people(service.people_dns_only) if service.people_dns_only else None
    blocked = text.plural(service.blocked, "request") if service.blocked else None
    rows = (
        ("Policy", ", ".join(part for part in policy if part) or None),
        ("Seen in", words.evidence(service.evidence)),
        ("Period", text.span(service.first_seen, service.last_seen)),
        ("Accounts", words.accounts(service)),
        ("Data received", text.size(service.bytes_down)),
        ("Only looked it up", looked_up),
        ("Blocked before use", blocked),
    )
    return tuple(Fact(name, value) for name, value in rows if value)
