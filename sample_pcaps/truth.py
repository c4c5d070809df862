"""The true counts, worked out from the script of events by the rules of the result document.

Nothing of shadowai takes part in this, so that the samples can judge it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from organisation import DEPARTMENTS, PEOPLE, headcount
from rules import AI_HOSTS, CANDIDATES, ENCRYPTED_DNS, status_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from events import Event

UNKNOWN = "Unknown department"
_GAP = 30 * 60_000_000_000  # ns
_REACH = 12 * 60  # minutes for which a sighting says who is at an address
_NOISE = {"telemetry", "cdn"}
_PROVING = {"dedicated", "api", "auth", "download"}
_EVIDENCE = {"bind": "dns", "squid": "proxy", "zscaler": "proxy"}
_KINDS = {"bind": "dns", "squid": "proxy", "zscaler": "proxy"}


@dataclass(frozen=True)
class Detection:
    """An event that concerns an AI service."""

    event: Event
    service: str
    role: str

    @property
    def evidence(self) -> str:
        """How it was seen."""
        return _EVIDENCE.get(self.event.medium, self.event.medium)

    @property
    def kind(self) -> str:
        """What sort of source saw it."""
        return _KINDS.get(self.event.medium, "capture")

    @property
    def is_contact(self) -> bool:
        """Whether it was more than a look-up."""
        return self.evidence != "dns"

    @property
    def is_proof(self) -> bool:
        """Whether it proves use."""
        return self.is_contact and self.role in _PROVING


def minute_of(event: Event) -> int:
    """Minutes since the epoch at which an event happened."""
    return event.time // 60_000_000_000


def expected(events: Iterable[Event]) -> dict[str, Any]:
    """Give the expected parts of the result document."""
    real = [event for event in events if event.options.get("status") != "TCP_DENIED/407"]
    check_identities(real)
    rows: dict[tuple[str, str], list[Detection]] = defaultdict(list)
    for event in real:
        if found := detect(event):
            rows[event.actor.department or UNKNOWN, found.service].append(found)
    names = sorted({*DEPARTMENTS, *(department for department, _ in rows)})
    return {
        "departments": [_department(name, rows) for name in names],
        "candidates": [_candidate(host, real) for host in sorted(CANDIDATES)],
        "encrypted_dns": [_hidden(host, name, real) for host, name in ENCRYPTED_DNS.items()],
    }


def detect(event: Event) -> Detection | None:
    """Say which service an event concerns: the longest entry of the list that the host and path begin with."""
    url = event.host + event.path
    best = max((entry for entry in AI_HOSTS if url == entry or url.startswith(f"{entry}/")), key=len, default=None)
    return Detection(event, *AI_HOSTS[best]) if best else None


def check_identities(events: list[Event]) -> None:
    """Make sure that the script's identities can be found out from what the files say.

    A nameless event of a person needs an address that people.csv lists, or one where the proxies saw this person and
    nobody else; or nothing may name the person anywhere, so that the address itself counts as one individual.
    """
    concerned = [event for event in events if _is_kept(event)]
    named = [event for event in concerned if event.named]
    for event in concerned:
        if event.named or not event.actor.key.startswith("person:") or event.address in _listed():
            continue
        near = {
            other.actor.key
            for other in named
            if other.address == event.address and abs(minute_of(other) - minute_of(event)) <= _REACH
        }
        nowhere_named = all(other.actor.key != event.actor.key for other in named)
        if near != {event.actor.key} and not (nowhere_named and not near):
            raise ValueError(f"the script's {event.actor.key} cannot be told at {event.address}")


def _listed() -> set[str]:
    return {person.listed for person in PEOPLE if person.listed}


def _is_kept(event: Event) -> bool:
    return detect(event) is not None or event.host in CANDIDATES or event.host in ENCRYPTED_DNS


def _department(name: str, rows: dict[tuple[str, str], list[Detection]]) -> dict[str, Any]:
    mine = {service: found for (department, service), found in rows.items() if department == name}
    services = [_service(service, name, mine[service]) for service in sorted(mine)]
    proofs = [one for found in mine.values() for one in _individuals(found) if one.is_proof and not one.event.denied]
    people = {one.event.actor.key for one in proofs}
    return {
        "name": name,
        "headcount": headcount(name) if name in DEPARTMENTS else None,
        "people": len(people),
        "services": [service for service in services if service is not None],
    }


def _service(service: str, department: str, found: list[Detection]) -> dict[str, Any] | None:
    denied = [one for one in found if one.event.denied]
    seen = [one for one in found if not one.event.denied and one.role not in _NOISE]
    if not denied and not seen:
        return None
    proven = any(one.is_proof for one in seen)
    contacts = [one for one in seen if one.is_contact and (one.role in _PROVING or not proven)]
    people = {one.event.actor.key for one in _individuals(contacts)}
    only_looked_up = {one.event.actor.key for one in _individuals(seen) if not one.is_contact}
    only_looked_up -= people | {one.event.actor.key for one in denied if one.is_contact}
    sessions = _sessions(seen, set(map(id, contacts)))
    known = None if department == UNKNOWN else department
    evidence = Counter(one.evidence for one in seen)
    return {
        "id": service,
        "status": status_of(service, known),
        "proven": proven,
        "people": len(people),
        "people_dns_only": len(only_looked_up),
        "sessions": len(sessions),
        "blocked": len(denied),
        "bytes_up": _total([_bytes(run, "up") for run in sessions]),
        "bytes_down": _total([_bytes(run, "down") for run in sessions]),
        "evidence": {name: evidence[name] for name in ("dns", "tls", "quic", "http", "proxy", "firewall", "address")},
    }


def _individuals(found: Iterable[Detection]) -> list[Detection]:
    return [one for one in found if one.event.actor.individual]


def _sessions(seen: list[Detection], contacts: set[int]) -> list[list[Detection]]:
    """Cut each actor's detections where 30 minutes or more lie between two; a run without a contact is no session."""
    runs: list[list[Detection]] = []
    last: tuple[str, int] | None = None
    for one in sorted(seen, key=lambda one: (one.event.actor.key, one.event.time)):
        key = one.event.actor.key
        if last is None or last[0] != key or one.event.time - last[1] >= _GAP:
            runs.append([])
        runs[-1].append(one)
        last = (key, one.event.time)
    return [run for run in runs if any(id(one) in contacts for one in run)]


def _bytes(run: list[Detection], direction: str) -> int | None:
    """Bytes of a session: the sum of the source kind that saw most, None where none can tell."""
    sums: Counter[str] = Counter()
    for one in run:
        size = one.event.up if direction == "up" else one.event.down
        if size is not None:
            sums[one.kind] += size
    return max(sums.values()) if sums else None


def _total(sizes: list[int | None]) -> int | None:
    known = [size for size in sizes if size is not None]
    return sum(known) if known else None


def _candidate(host: str, events: list[Event]) -> dict[str, Any]:
    found = [event for event in events if event.host == host]
    return {"host": host, **_counts(found)}


def _hidden(host: str, name: str, events: list[Event]) -> dict[str, Any]:
    found = [event for event in events if event.host == host]
    return {"name": name, **_counts(found)}


def _counts(found: list[Event]) -> dict[str, Any]:
    return {
        "people": len({event.actor.key for event in found if event.actor.individual}),
        "detections": len(found),
        "departments": sorted({event.actor.department or UNKNOWN for event in found}),
    }
