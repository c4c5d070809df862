"""What the templates may show: small frozen views, every text ready to print. Their fields are the documented context.

reports/templates/README.md lists every field; a test compares the two.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shadowai.model import Status
from shadowai.provenance import SourceReport
from shadowai.reports import text, words
from shadowai.reports.language import ENGLISH, later, say, say_many, spoken, translated
from shadowai.reports.phrases import worded
from shadowai.result import BlindSpot, Result, ServiceUse

MAX_SOURCES = 100  # inputs; more are counted
MAX_LISTED = 50  # blind spots of one kind, or candidates; more are counted, and result.json has them all


_MISSING = later("Use that only these inputs show is missing here.")


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
    """One input: how sure its format is, what was read, what was set aside and why, and what went wrong."""

    path: str
    format: str
    recognition: str
    records: str
    parsed: str
    skipped: tuple[str, ...]
    period: str
    error: str
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the figures come from: signatures, policy, version of the program, inputs, and how many more there are."""

    generator: str
    signatures: str
    policy: str
    sources: tuple[SourceRow, ...]
    more: int


def period(result: Result) -> str:
    """Say which days the records cover; empty where no record had a time."""
    bounds = result.period
    return text.span(bounds.start, bounds.end) if bounds.start or bounds.end else ""


def mark(status: Status) -> Mark:
    """Give the mark of a status."""
    return Mark(status.value, words.status(status), translated(words.STATUS_MEANING[status]))


def all_marks() -> tuple[Mark, ...]:
    """Give the marks of all statuses for a legend, from welcome to forbidden."""
    return tuple(mark(status) for status in Status)


def what(service: ServiceUse) -> str:
    """Say what a service is, and who runs it from where."""
    return f"{summary(service)} \u00b7 {vendor(service)}"


def summary(service: ServiceUse) -> str:
    """Say what a service is: in English as the database says it, in other languages by its category."""
    return service.summary.rstrip(".") if spoken() is ENGLISH else worded(service.category_name)


def beside_category(service: ServiceUse) -> str:
    """Say what a service is where its category is said already."""
    return vendor(service) if summary(service) == worded(service.category_name) else what(service)


def vendor(service: ServiceUse) -> str:
    """Say who runs a service and from which country."""
    return ", ".join(part for part in (service.vendor, service.country) if part)


def unproven_row(service: ServiceUse) -> AsideRow:
    """Lay out a service that was contacted without proof of use."""
    seen = words.evidence(service.evidence)
    if service.proven:
        note = say(
            "Only background traffic was seen, which runs without anyone using the service. Seen: {seen}.", seen=seen
        )
    else:
        note = say("Only hosts were seen that also serve other purposes. Seen: {seen}.", seen=seen)
    visits = say_many("{n} visit", "{n} visits", service.sessions, n=text.number(service.sessions))
    extent = text.listing([text.people(service.people), visits])
    return AsideRow(service.name, what(service), mark(service.status), extent, note)


def looked_up_row(service: ServiceUse) -> AsideRow:
    """Lay out a service of which only the name was looked up."""
    note = say("A device asked for the address of this service; no connection to it was seen.")
    return AsideRow(service.name, what(service), mark(service.status), text.people(service.people_dns_only), note)


def blocked_row(service: ServiceUse) -> AsideRow:
    """Lay out a service to which requests were denied."""
    used = service.proven and service.sessions
    note = say("It was also used: see above.") if used else say("No use got through that we can see.")
    return AsideRow(service.name, what(service), mark(service.status), text.requests(service.blocked), note)


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
    groups = [_group(say("Inputs that could not be read"), translated(_MISSING), unread), _silent(sources)]
    for kind in kinds:
        ranked = sorted(by_kind[kind], key=lambda spot: (-spot.count, spot.name, spot.detail))
        places = [Fact(worded(spot.name), _place(spot)) for spot in ranked]
        groups.append(_group(words.blind_heading(kind), words.blind_meaning(kind), places))
    return tuple(group for group in groups if group.places)


def _silent(sources: Iterable[SourceReport]) -> BlindGroup:
    places = [Fact(source.path, text.hours(gap.start, gap.end)) for source in sources for gap in source.silent]
    meaning = say("These inputs have no records then, although others or other days have. Use in that time is missing.")
    return _group(say("Hours without records"), meaning, places)


def unread_sources(sources: Iterable[SourceReport]) -> tuple[Fact, ...]:
    """List the inputs that could not be read, and why."""
    return tuple(Fact(source.path, text.capital(worded(source.error))) for source in sources if source.error)


def origin(result: Result) -> Origin:
    """Lay out where the figures come from; inputs that could not be read come first."""
    version = result.signatures
    ranked = sorted(result.sources, key=lambda source: not source.error)
    return Origin(
        generator=result.generator,
        signatures=say(
            "version {version}, {services}, {indicators} indicators",
            version=version.version,
            services=text.services(version.services),
            indicators=text.number(version.indicators),
        ),
        policy=_policy(result),
        sources=tuple(map(source_row, ranked[:MAX_SOURCES])),
        more=max(0, len(ranked) - MAX_SOURCES),
    )


def source_row(source: SourceReport) -> SourceRow:
    """Lay out one input."""
    reasons = sorted(source.skipped.items(), key=lambda item: (-item[1], item[0]))
    skipped = tuple(f"{text.number(count)} {worded(reason)}" for reason, count in reasons)
    broken = (say("{number} of them damaged", number=text.number(source.broken)),) if source.broken else ()
    return SourceRow(
        path=source.path,
        format=source.format_name or source.format or say("not recognised"),
        recognition=worded(source.recognition or ""),
        records=text.number(source.records),
        parsed=text.number(source.parsed),
        skipped=skipped + broken,
        period=text.span(source.first, source.last),
        error=worded(source.error or ""),
        warnings=source.warnings,
    )


def unread_group(sources: Sequence[SourceReport]) -> BlindGroup | None:
    """Lay out the inputs that could not be read, with how many there are in the heading; None where all were read."""
    unread = unread_sources(sources)
    if not unread:
        return None
    failed, whole = text.number(len(unread)), text.number(len(sources))
    heading = say_many(
        "{failed} of {all} input could not be read",
        "{failed} of {all} inputs could not be read",
        len(sources),
        failed=failed,
        all=whole,
    )
    return _group(heading, translated(_MISSING), unread)


def _policy(result: Result) -> str:
    policy = result.policy
    if policy is None:
        return ""
    rules = say_many("{n} rule", "{n} rules", len(policy.rules), n=text.number(len(policy.rules)))
    default = words.status_inside(policy.default)
    return say("version {version}, {rules}, otherwise {status}", version=policy.digest, rules=rules, status=default)


def _group(heading: str, meaning: str, places: Sequence[Fact]) -> BlindGroup:
    return BlindGroup(heading, meaning, tuple(places[:MAX_LISTED]), max(0, len(places) - MAX_LISTED))


def _place(spot: BlindSpot) -> str:
    told = (words.blind_extent(spot) if spot.count else "", text.capital(worded(spot.detail)).rstrip("."))
    return ". ".join(filter(None, told)) + "."
