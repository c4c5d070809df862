"""To whom each record may truly be attributed, and where the sources do not suffice, what else may be said.

Nothing of the product takes part: who it was is known, and whether the files can tell it is worked out from the leases,
the networks and the names in the proxies' logs.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from support.organisation.catalogue import CANDIDATES, HIDING, NOISE, Place, place_of
from support.organisation.clock import HOUR, SECOND
from support.organisation.places import network_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from support.organisation.people import Person
    from support.organisation.records import Record
    from support.organisation.tenancy import Tenancies

_DRIFT = 90 * SECOND  # around a change of holder nobody can be named: a minute, and what the clocks are wrong
_REACH, _ALONE = HOUR // 2, HOUR // 4  # how far sightings on both sides, and on one side alone, may lie off
_UNSURE_EDGE = 60 * SECOND
_UNLISTED = "a fixed address that no file lists"


class Answer(NamedTuple):
    """One identity: its key, its department (None: unknown), whether it is one person or device."""

    key: str
    department: str | None
    is_individual: bool = True
    person: Person | None = None


@dataclass(frozen=True)
class Detection:
    """A record that concerns an AI service, a candidate or a hiding place, with the answers that are right.

    The first answer is the truth; the others may be given too, for the reason `why`.
    """

    record: Record
    name: str
    place: Place | None
    answers: tuple[Answer, ...]
    why: str | None = None

    @property
    def role(self) -> str:
        """What the indicator proves; empty for what is no service."""
        return self.place.role if self.place else ""

    @property
    def is_contact(self) -> bool:
        """Whether it was more than a look-up."""
        return self.record.evidence != "dns"

    @property
    def is_noise(self) -> bool:
        """Whether it can never be use."""
        return self.role in NOISE


def detections(records: Iterable[Record], tenancies: Tenancies) -> list[Detection]:
    """Give all records that matter, each with its right answers."""
    concerned = [one for one in records if one.request and _subject(one)]
    sightings = _Sightings.of(concerned)
    found = []
    for record in concerned:
        place = place_of(record.host, record.path)
        answers, why = _answers(record, tenancies, sightings)
        found.append(Detection(record, place.service if place else record.host, place, answers, why))
    return found


def _subject(record: Record) -> bool:
    known = record.host in CANDIDATES or record.host in HIDING
    return known or place_of(record.host, record.path) is not None


def _answers(record: Record, tenancies: Tenancies, sightings: _Sightings) -> tuple[tuple[Answer, ...], str | None]:
    """Give the answers that are right, the truth first, and why there are several."""
    department, kind = network_of(record.address)
    sure = _named(record, department) or _for_many(record, department, kind)
    if sure:
        return (sure,), None
    truth = _truth(record, department)
    if why := _doubt(record, truth, tenancies, sightings):
        computer = _computer(record)
        key = f"device:{computer}" if computer else f"address:{record.address}"
        in_doubt = Answer(key, department, is_individual=False)  # one of several who are counted by name
        alone = (Answer(key, department),) if why == _UNLISTED else ()
        return (truth, in_doubt, *alone), why
    return (truth,), None


def _named(record: Record, department: str | None) -> Answer | None:
    """Whoever a proxy names: a person of people.csv, or somebody whom it does not know."""
    if record.named:
        return _person(record.named, record.time)
    stranger = record.request.stranger if record.request else None
    return Answer(f"user:{stranger}", department) if stranger and record.user else None


def _for_many(record: Record, department: str | None, kind: str) -> Answer | None:
    """Name the address where it stands for many people, or for a machine."""
    if kind == "client":
        return None
    prefix = "server" if kind == "server" else "shared"
    return Answer(f"{prefix}:{record.address}", department, is_individual=False)


def _doubt(record: Record, truth: Answer, tenancies: Tenancies, sightings: _Sightings) -> str | None:
    """Say why the sources do not suffice to tell the truth; None where they do."""
    tenure = record.request.tenure if record.request else None
    computer = _computer(record)
    if tenure and tenancies.is_lent(tenure):
        return "somebody else uses the computer under that lease"
    if computer and (truth.person is None or truth.person.listed == computer):
        return None  # it names itself
    if tenure is None:
        certain = truth.person is not None and truth.person.seat == "desk"
        certain = certain or sightings.are_certain(record.address, record.time)
        return None if certain else _UNLISTED
    settled = tenancies.is_settled(record.address, record.time, _DRIFT)
    return None if settled else "the address changes hands within a minute and a half"


def _computer(record: Record) -> str | None:
    """Give the host name that a record tells of the client: in a field of its own, or as the computer's account."""
    if record.device or not record.user:
        return record.device
    return record.user.rpartition("\\")[2].rstrip("$").lower()


def _truth(record: Record, department: str | None) -> Answer:
    request = record.request
    if request is None or (request.person is None and request.tenure is None):
        return Answer(f"address:{record.address}", department)
    if request.person:
        return _person(request.person, record.time)
    return Answer(f"device:{request.tenure.device.host if request.tenure else ''}", department)


def _person(person: Person, time: int) -> Answer:
    return Answer(person.key, person.department_at(time), person=person)


@dataclass
class _Sightings:
    """When somebody was named at an address, as records about AI tell it."""

    times: dict[str, list[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, records: Iterable[Record]) -> _Sightings:
        found: dict[str, list[int]] = {}
        for record in records:
            if record.named:
                found.setdefault(record.address, []).append(record.time)
        return cls({address: sorted(times) for address, times in found.items()})

    def are_certain(self, address: str, time: int) -> bool:
        """Say whether the names on both sides, or one within a quarter of an hour, tell who it was."""
        times = self.times.get(address, [])
        before, after = bisect_right(times, time) - 1, bisect_left(times, time)
        back = time - times[before] if before >= 0 else None
        ahead = times[after] - time if after < len(times) else None
        if back is not None and ahead is not None and max(back, ahead) <= _REACH - _UNSURE_EDGE:
            return True
        return any(one is not None and one <= _ALONE - _UNSURE_EDGE for one in (back, ahead))
