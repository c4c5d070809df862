"""The reports' vocabulary: how the words of the design are said to a reader who is no security person.

The tables hold messages in English; the functions say them in the language that is being written.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from shadowai.model import Status
from shadowai.reports import text
from shadowai.reports.language import later, say, say_many, translated
from shadowai.result import AccountCounts, BlindSpot, EvidenceCounts, ServiceUse, UseCounts

STATUS = {
    Status.SANCTIONED: later("Sanctioned"),
    Status.TOLERATED: later("Tolerated"),
    Status.UNDER_REVIEW: later("Under review"),
    Status.UNSANCTIONED: later("Unsanctioned"),
    Status.PROHIBITED: later("Prohibited"),
}

STATUS_MEANING = {
    Status.SANCTIONED: later("Approved by the company for this department."),
    Status.TOLERATED: later("Not approved, but accepted for now."),
    Status.UNDER_REVIEW: later("A decision is being prepared."),
    Status.UNSANCTIONED: later("Not approved by the company."),
    Status.PROHIBITED: later("Forbidden by the company."),
}

_STATUS_INSIDE = {
    Status.SANCTIONED: later("sanctioned"),
    Status.TOLERATED: later("tolerated"),
    Status.UNDER_REVIEW: later("under review"),
    Status.UNSANCTIONED: later("unsanctioned"),
    Status.PROHIBITED: later("prohibited"),
}

RISK = {"low": later("Low"), "medium": later("Medium"), "high": later("High"), "critical": later("Critical")}
RISK_ORDER = tuple(RISK)

_RISK_QUESTION = {
    "low": later("Why low risk, and more"),
    "medium": later("Why medium risk, and more"),
    "high": later("Why high risk, and more"),
    "critical": later("Why critical risk, and more"),
}

_RISK_AT_WORST = {
    "low": later("Low risk at worst: {service} is {status}."),
    "medium": later("Medium risk at worst: {service} is {status}."),
    "high": later("High risk at worst: {service} is {status}."),
    "critical": later("Critical risk at worst: {service} is {status}."),
}

# kind of blind spot -> (heading, what it means for the reader)
BLIND = {
    "encrypted-dns": (
        later("Encrypted name look-ups"),
        later("We cannot see which services were looked up there."),
    ),
    "vpn": (later("VPN services"), later("We cannot see what was used inside the VPN.")),
    "tunnel": (later("Tunnels"), later("We cannot see what was used inside the tunnel.")),
    "ech": (
        later("Hidden server names (ECH)"),
        later("We cannot see which services these connections went to."),
    ),
    "no-name": (
        later("Encrypted connections without a name"),
        later("We cannot see which services these connections went to."),
    ),
    "unknown-quic": (
        later("Connections of an unknown protocol version"),
        later("We cannot see where these connections went to."),
    ),
    "no-client-identity": (
        later("Records that do not say who"),
        later("We cannot tell whose use this was, so it may be missing from the number of people."),
    ),
    "unknown-department": (
        later("People or devices without a department"),
        later("We cannot tell which department this use belongs to."),
    ),
    "shared-address": (
        later("Addresses shared by several people"),
        later("We cannot tell these people apart, so the number of people may be too low."),
    ),
    "conflicting-identity": (
        later("Records that disagree about who"),
        later("We cannot be sure whose use this was."),
    ),
    "unnamed-address": (
        later("Addresses that nobody is known behind"),
        later("Each counts as one person, so somebody who is known by name elsewhere may be counted twice."),
    ),
    "unparsed-records": (
        later("Records that could not be read"),
        later("We cannot see use that only these records show."),
    ),
}

_BLIND_INSIDE = {
    "encrypted-dns": later("encrypted name look-ups"),
    "vpn": later("VPNs"),
    "tunnel": later("tunnels"),
    "ech": later("hidden server names (ECH)"),
}

_EVIDENCE: Mapping[str, Callable[[int, str], str]] = {
    "dns": lambda number, n: say_many("{n} name look-up (DNS)", "{n} name look-ups (DNS)", number, n=n),
    "tls": lambda number, n: say_many(
        "{n} encrypted connection naming it (TLS)", "{n} encrypted connections naming it (TLS)", number, n=n
    ),
    "quic": lambda number, n: say_many(
        "{n} encrypted connection naming it (QUIC)", "{n} encrypted connections naming it (QUIC)", number, n=n
    ),
    "http": lambda number, n: say_many("{n} unencrypted web request", "{n} unencrypted web requests", number, n=n),
    "proxy": lambda number, n: say_many("{n} web proxy record", "{n} web proxy records", number, n=n),
    "firewall": lambda number, n: say_many("{n} firewall record", "{n} firewall records", number, n=n),
    "address": lambda number, n: say_many(
        "{n} connection known by address only", "{n} connections known by address only", number, n=n
    ),
}

# from which percent, the word, what it stands for, inside a sentence about some services, a sentence about all
_CONFIDENCE = (
    (
        90,
        later("High"),
        later("What was seen belongs to this service alone (90% and more)."),
        later("high for {number}"),
        later("Confidence is high for every service in use."),
    ),
    (
        70,
        later("Good"),
        later("What was seen belongs to the service, but need not be a person using it (70% to 89%)."),
        later("good for {number}"),
        later("Confidence is good for every service in use."),
    ),
    (
        50,
        later("Fair"),
        later("What was seen points to the service without proving its use (50% to 69%)."),
        later("fair for {number}"),
        later("Confidence is fair for every service in use."),
    ),
    (
        0,
        later("Low"),
        later("What was seen has other explanations that are as likely (below 50%)."),
        later("low for {number}"),
        later("Confidence is low for every service in use."),
    ),
)


def status(value: Status) -> str:
    """Say a status."""
    return translated(STATUS[value])


def status_inside(value: Status) -> str:
    """Say a status inside a sentence, behind a verb."""
    return translated(_STATUS_INSIDE[value])


def risk(level: str) -> str:
    """Say a level of risk."""
    return translated(RISK[level])


def risk_question(level: str) -> str:
    """Ask why a risk is as it is."""
    return translated(_RISK_QUESTION[level])


def risk_at_worst(level: str) -> str:
    """Say the highest risk of a department; the message has places for the service and its status."""
    return translated(_RISK_AT_WORST[level])


def confidence(percent: int) -> str:
    """Say a confidence of 0 to 100 percent in a word."""
    return translated(_CONFIDENCE[_grade(percent)][1])


def confidence_scale() -> tuple[tuple[str, str], ...]:
    """Give the words of confidence and what each stands for, surest first."""
    return tuple((translated(word), translated(meaning)) for _, word, meaning, _, _ in _CONFIDENCE)


def confidence_of(percents: Sequence[int]) -> str:
    """Say in a sentence how sure some services in use are; there is at least one."""
    grades = Counter(map(_grade, percents))
    if len(grades) == 1:
        return translated(_CONFIDENCE[next(iter(grades))][4])
    told = [say(_CONFIDENCE[grade][3], number=text.number(grades[grade])) for grade in sorted(grades)]
    return say(
        "Confidence is {grades} of the {number} services in use.",
        grades=text.listing(told, 4),
        number=text.number(len(percents)),
    )


def _grade(percent: int) -> int:
    return next(place for place, (least, *_) in enumerate(_CONFIDENCE) if percent >= least)


def evidence_kind(kind: str, number: int) -> str:
    """Say a number of detections by one kind of evidence; a kind of a later version keeps its own name."""
    shown = text.number(number)
    return _EVIDENCE[kind](number, shown) if kind in _EVIDENCE else f"{shown} {kind}"


def evidence(counts: EvidenceCounts) -> str:
    """Say how a service was seen: `12 web proxy records, 3 name look-ups (DNS)`; most frequent first."""
    seen = sorted(((number, kind) for kind, number in counts if number), key=lambda item: (-item[0], item[1]))
    return text.listing([evidence_kind(kind, number) for number, kind in seen], len(seen)) or say("nothing")


def account_counts(counts: AccountCounts) -> str | None:
    """Say with which accounts the sessions were made; None where nothing is known of any of them.

    `work` are among the unknown: some organisation's account, and nothing says whether it is ours.
    """
    if not any((counts.sanctioned_tenant, counts.personal, counts.signed_out, counts.work)):
        return None
    rows = (
        (counts.sanctioned_tenant, later("{sessions} with the company account")),
        (counts.personal, later("{sessions} with a personal account")),
        (counts.signed_out, later("{sessions} without signing in")),
        (counts.work, later("{sessions} with some organisation's account, perhaps ours")),
        (max(0, counts.unknown - counts.work), later("{sessions} with an account we could not tell")),
    )
    told = [say(message, sessions=text.sessions(number)) for number, message in rows if number]
    return text.listing(told, len(told))


def accounts(service: ServiceUse) -> str | None:
    """Say with which accounts a service was used; None where nothing is known of any session's."""
    return account_counts(service.account)


def account_verdict(service: ServiceUse) -> str:
    """Say in a few words whose account was used, the most worrying that is known first."""
    counts, whole = service.account, text.number(service.sessions)
    if counts.personal:
        return say("Personal in {number} of {all}", number=text.number(counts.personal), all=whole)
    if counts.signed_out:
        return say("Not signed in, {number} of {all}", number=text.number(counts.signed_out), all=whole)
    if counts.sanctioned_tenant >= service.sessions > 0:
        return say("Company account")
    if counts.sanctioned_tenant:
        return say("Company account in {number} of {all}", number=text.number(counts.sanctioned_tenant), all=whole)
    return say("Some organisation's") if counts.work else say("Cannot tell")


def uses(counts: UseCounts) -> str | None:
    """Say what a service was used for, most sessions first; None where nothing is known of it."""
    said = {
        "chat": later("{sessions} of chat"),
        "code": later("{sessions} of writing code"),
        "api": later("{sessions} of a program"),
        "agent": later("{sessions} of an agent that works on its own"),
        "download": later("{sessions} of downloading models"),
        "unknown": later("{sessions} of a kind we could not tell"),
    }
    found = sorted(((getattr(counts, kind), kind) for kind in said), key=lambda item: -item[0])
    if not any(number for number, kind in found if kind != "unknown") and not counts.upload:
        return None
    told = [say(said[kind], sessions=text.sessions(number)) for number, kind in found if number]
    if counts.upload:
        told.append(say("{number} of them sent much at once", number=text.number(counts.upload)))
    return text.listing(told, len(told))


def blind_heading(kind: str) -> str:
    """Give the heading for a kind of blind spot; a kind of a later version keeps its own name."""
    return translated(BLIND[kind][0]) if kind in BLIND else kind


def blind_inside(kind: str) -> str:
    """Name a kind of blind spot in the middle of a sentence; the heading where it has no form of its own for that."""
    return translated(_BLIND_INSIDE[kind]) if kind in _BLIND_INSIDE else blind_heading(kind)


def blind_meaning(kind: str) -> str:
    """Say what a kind of blind spot means for the figures."""
    return translated(BLIND[kind][1]) if kind in BLIND else say("We cannot see into this.")


def amount(number: int, unit: str) -> str:
    """Say a number of what blind spots are counted in; a unit of a later version keeps its own name."""
    shown = text.number(number)
    if unit == "requests":
        return text.requests(number)
    if unit == "records":
        return say_many("{n} record", "{n} records", number, n=shown)
    if unit == "connections":
        return say_many("{n} connection", "{n} connections", number, n=shown)
    return f"{shown} {unit.removesuffix('s') if number == 1 else unit}"


def blind_extent(spot: BlindSpot) -> str:
    """Say how large a blind spot is: `1,204 requests by 3 people`."""
    extent = amount(spot.count, spot.unit)
    if spot.people:
        extent = say("{amount} by {people}", amount=extent, people=text.people(spot.people))
    return say("{extent}, {data} sent", extent=extent, data=text.size(spot.bytes_up)) if spot.bytes_up else extent
