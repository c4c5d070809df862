"""The true numbers of one department's use of one service, by the definitions of the result document."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from support.organisation.catalogue import PROVING, SERVICES
from support.organisation.clock import HOUR, MINUTE, iso
from support.organisation.places import AGENT
from support.organisation.policy import BAD, GRAVITY, Case, verdict
from support.organisation.visits import BROWSER, PROGRAM

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from support.organisation.answers import Answer, Detection
    from support.organisation.policy import Rule

GAP = 30 * MINUTE
EVIDENCE = ("dns", "tls", "quic", "http", "proxy", "firewall", "address")
UPLOAD = 1_000_000  # bytes; everything that is made is far below it or above
_AGENT_SPAN = 4 * HOUR
_INTERFACES = ("model-api", "cloud-ai")
KINDS = ("chat", "code", "api", "agent", "download")
_BY_WEIGHT = ("personal", "signed-out", "tenant", "work")


class Item(NamedTuple):
    """A detection with one of its answers."""

    detection: Detection
    answer: Answer

    @property
    def time(self) -> int:
        """When its source says that it was."""
        return self.detection.record.time


@dataclass(frozen=True)
class Session:
    """A maximal run of one who's activity on one service without a gap of 30 minutes or more."""

    items: tuple[Item, ...]
    basis: tuple[Item, ...]
    status: str

    @property
    def who(self) -> Answer:
        """Whose it is."""
        return self.items[0].answer

    @property
    def account(self) -> str | None:
        """Whose account it was made with, as its hosts tell: of several the one that matters most."""
        found = {item.detection.place.account for item in self.basis if item.detection.place}
        return next((one for one in _BY_WEIGHT if one in found), None)

    @property
    def is_upload(self) -> bool:
        """Whether much was sent, as far as the sources tell."""
        return (self.size("up") or 0) >= UPLOAD

    @property
    def is_agent(self) -> bool:
        """Whether it is the agent's work of four hours or more."""
        times = [item.time for item in self.basis]
        return self.items[0].detection.record.address == AGENT and max(times) - min(times) >= _AGENT_SPAN

    @property
    def kind(self) -> str | None:
        """What it plainly was: chat, code, api, agent or download; None where the evidence may be read in two ways."""
        roles = {item.detection.role for item in self.basis}
        agents = {item.detection.record.agent for item in self.basis}
        category = SERVICES[self.items[0].detection.name].category
        if self.is_agent:
            return "agent"
        if roles == {"download"}:
            return "download"
        if roles == {"dedicated"} and category in ("chat", "search"):
            return "chat"
        if roles == {"api"} and category == "code" and PROGRAM not in agents:
            return "code"
        return "api" if roles == {"api"} and category in _INTERFACES and BROWSER not in agents else None

    def size(self, direction: str) -> int | None:
        """Bytes up or down of the kind of source that saw most; None where none can tell."""
        sums: Counter[str] = Counter()
        for item in self.items:
            record = item.detection.record
            size = record.up if direction == "up" else record.down
            if size is not None:
                sums[record.source.kind] += size
        return max(sums.values()) if sums else None


@dataclass(frozen=True)
class Row:
    """One department's use of one service: `numbers` as the result document has them, and what totals are made of.

    `statuses` are those that the row may have: the gravest of its sessions, or where there is none, of any look-up.
    """

    numbers: dict[str, Any]
    statuses: frozenset[str]
    sessions: tuple[Session, ...] = ()
    users: frozenset[str] = frozenset()
    askers: frozenset[str] = frozenset()
    bad_users: frozenset[str] = field(default=frozenset())

    @property
    def kinds(self) -> dict[str, tuple[int, int]]:
        """Least and greatest number of sessions of each kind."""
        told = Counter(one.kind for one in self.sessions)
        return {kind: (told[kind], told[kind] + told[None]) for kind in KINDS}

    @property
    def is_proven(self) -> bool:
        """Whether it counts in the headline."""
        return bool(self.numbers["proven"])


def row_of(service: str, department: str | None, items: Iterable[Item], rules: Sequence[Rule]) -> Row | None:
    """Work out a row from all detections that belong to it; None where they make none."""
    concerned = [item for item in items if item.detection.record.denied or not item.detection.is_noise]
    if not concerned:
        return None
    denied = [item for item in concerned if item.detection.record.denied]
    seen, background = _without_idle([item for item in concerned if not item.detection.record.denied])
    concerned = [*seen, *denied]
    if not concerned:
        return None
    proofs = [item for item in seen if item.detection.is_contact and item.detection.role in PROVING]
    basis = proofs or [item for item in seen if item.detection.is_contact]
    sessions = _sessions(seen, set(map(id, basis)), Case(service, department, 0), rules)
    people = _individuals(basis)
    contacts = [item for item in (*seen, *denied) if item.detection.is_contact]
    askers = _individuals(item for item in seen if not item.detection.is_contact) - _individuals(contacts)
    times = [item.time for item in concerned]
    numbers = {
        "proven": bool(proofs),
        "people": len(people),
        "people_dns_only": len(askers),
        "sessions": len(sessions),
        "blocked": len(denied),
        "bytes_up": total(one.size("up") for one in sessions),
        "bytes_down": total(one.size("down") for one in sessions),
        "first_seen": iso(min(times)),
        "last_seen": iso(max(times)),
        "evidence": _counted((item.detection.record.evidence for item in seen), EVIDENCE),
        "account": _accounts(sessions),
        "statuses": _counted((one.status.replace("-", "_") for one in sessions), _STATUSES),
        "uses": {
            "upload": sum(one.is_upload for one in sessions),
            "background": background,
        },
    }
    bad = frozenset(one.who.key for one in sessions if one.status in BAD and one.who.is_individual)
    return Row(numbers, _row_statuses(service, concerned, sessions, rules), sessions, _individuals(proofs), askers, bad)


_STATUSES = tuple(status.replace("-", "_") for status in GRAVITY)


def total(sizes: Iterable[int | None]) -> int | None:
    """Add up what is known; None where nothing is."""
    known = [size for size in sizes if size is not None]
    return sum(known) if known else None


def _individuals(items: Iterable[Item]) -> frozenset[str]:
    return frozenset(item.answer.key for item in items if item.answer.is_individual)


def _counted(values: Iterable[str], names: Sequence[str]) -> dict[str, int]:
    counts = Counter(values)
    return {name: counts[name] for name in names}


def _accounts(sessions: Sequence[Session]) -> dict[str, int]:
    counts = Counter(one.account for one in sessions)
    told = {"sanctioned_tenant": counts["tenant"], "personal": counts["personal"], "signed_out": counts["signed-out"]}
    return {**told, "unknown": len(sessions) - sum(told.values()), "work": counts["work"]}


def _runs(seen: Iterable[Item]) -> list[list[Item]]:
    """Cut each who's detections where 30 minutes or more lie between two."""
    runs: list[list[Item]] = []
    last: Item | None = None
    for item in sorted(seen, key=lambda one: (one.answer.key, one.time)):
        if last is None or last.answer.key != item.answer.key or item.time - last.time >= GAP:
            runs.append([])
        runs[-1].append(item)
        last = item
    return runs


def _without_idle(seen: list[Item]) -> tuple[list[Item], int]:
    """Take out the runs in which nobody did anything: a page left open for an hour and more; say how many there are."""
    kept, idle = [], 0
    for run in _runs(seen):
        requests = [item.detection.record.request for item in run if item.detection.is_contact]
        is_idle = bool(requests) and all(request and request.is_idle for request in requests)
        if is_idle and run[-1].time - run[0].time >= HOUR:
            idle += 1
        else:
            kept += run
    return kept, idle


def _sessions(seen: list[Item], basis: set[int], case: Case, rules: Sequence[Rule]) -> tuple[Session, ...]:
    found = []
    for run in _runs(seen):
        mine = tuple(item for item in run if id(item) in basis)
        if mine:
            draft = Session(tuple(run), mine, "")
            found.append(replace(draft, status=verdict(_case(case, draft), rules)))
    return tuple(found)


def _case(case: Case, session: Session) -> Case:
    """Say what is to be judged of a session: it counts for the time at which it begins."""
    use = "agent" if session.is_agent else None
    return replace(case, time=session.items[0].time, person=session.who.person, account=session.account, use=use)


def _row_statuses(
    service: str, concerned: Sequence[Item], sessions: Sequence[Session], rules: Sequence[Rule]
) -> frozenset[str]:
    if sessions:
        return frozenset({max((one.status for one in sessions), key=GRAVITY.index)})
    department = concerned[0].answer.department
    cases = [
        Case(service, department, item.time, item.answer.person, account)
        for item in concerned
        for account in {None, item.detection.place.account if item.detection.place else None}
    ]
    return frozenset(verdict(case, rules) for case in cases)
