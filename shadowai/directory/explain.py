"""Why somebody, an address or a device is attributed as it is, in sentences."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from shadowai.directory.clients import Reason
from shadowai.directory.identity import normalise_device, normalise_mac, parse_login
from shadowai.directory.leases.records import NOBODY
from shadowai.directory.survey import names_of
from shadowai.directory.tables import EPOCH
from shadowai.hosts import normalise_address
from shadowai.model import Who, iso_time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shadowai.directory.directory import Directory
    from shadowai.directory.leases import LeaseTable
    from shadowai.directory.people import Period, PersonRow
    from shadowai.verdicts import Attribution

PERSON = "person:"
LATEST = 5  # spells of an address that are told where no time is asked about

SENTENCES = {
    Reason.USER: "the files name this user",
    Reason.UNKNOWN_USER: "no file of people knows this user name",
    Reason.AMBIGUOUS_USER: "several people may be meant by this name",
    Reason.OUTSIDE_PERIOD: "the files know the person, but not at this time",
    Reason.DEVICE: "the device is the person's, or stands for itself where nobody is named as its owner",
    Reason.LEASE: "the leases say who or what held the address at this time",
    Reason.LEARNT: "logs that name both user and address saw them together around this time",
    Reason.CONFLICT: "the files contradict each other, or name several at this time",
    Reason.NETWORK: "only the network of the address is known",
    Reason.SHARED: "the network's addresses stand for many people",
    Reason.SERVER: "the network's addresses are machines",
    Reason.NO_NETWORK: "the address is in no network of networks.csv",
    Reason.NOBODY: "nothing names a user, a device or an address",
}
"""Each reason as a sentence."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What was asked for (`kind` is user, address or device), the answer, and the records behind it, a line each."""

    kind: str
    attribution: Attribution
    sentence: str
    records: tuple[str, ...]


def explain(directory: Directory, text: str, time: int | None) -> Explanation:
    """Say whom a user name, an address or a device is attributed to at a time (ns; None: the latest).

    An address is told by its form; a name is a device's where a record or lease knows such a device and no such user.
    """
    kind, who = _who(directory, text)
    found = directory.resolve(who, time)
    return Explanation(kind, found, SENTENCES[Reason(found.reason)], tuple(_records(directory, who, found, time)))


def _who(directory: Directory, text: str) -> tuple[str, Who]:
    address = normalise_address(text)
    if address is not None:
        return "address", Who(address, None, None)
    login = parse_login(text)
    known = login is not None and directory.roster.find(login)
    device = (login.computer if login is not None else None) or normalise_device(text)
    if known or device is None:
        return "user", Who(None, text, None)
    is_device = device != normalise_device(text) or normalise_mac(device) or directory.roster.owners(device, None)
    return ("device", Who(None, None, device)) if is_device else ("user", Who(None, text, None))


def _records(directory: Directory, who: Who, found: Attribution, time: int | None) -> Iterator[str]:
    if found.key.startswith(PERSON):
        rows = directory.roster.stays(found.key.removeprefix(PERSON))
        yield f"names: {', '.join(names_of(rows))}"
        for row in rows:
            yield _line(row, time)
    if who.source_ip and (network := directory.networks.find(who.source_ip)) is not None:
        yield f"network {network.network}: {network.says}"
    if who.source_ip:
        yield from _leases(directory, who.source_ip, time)
    login = parse_login(who.user)
    if found.reason == Reason.AMBIGUOUS_USER and login is not None:
        for person in sorted(directory.roster.find(login)):
            yield f"may be {person}: {', '.join(names_of(directory.roster.stays(person)))}"


def _leases(directory: Directory, address: str, time: int | None) -> Iterator[str]:
    """Tell who held an address around a time, clocks being what they are; the latest holders where no time is given."""
    leases = directory.content.leases
    line = leases.timeline(address) if leases is not None else None
    if leases is None or line is None:
        return
    drift = directory.content.options.drift
    bounds = (None, *line.bounds, None)
    for number, lessees in enumerate(line.lessees):
        start, end = bounds[number], bounds[number + 1]
        if not lessees or (time is None and number < len(line.lessees) - LATEST - 1):
            continue
        if time is None or ((start is None or start <= time + drift) and (end is None or time - drift < end)):
            names = ", ".join(_lessee(leases, one) for one in lessees)
            yield f"held from {iso_time(start) or 'ever'} to {iso_time(end) or 'ever'}: {names}"


def _lessee(leases: LeaseTable, number: int) -> str:
    if number == NOBODY:
        return "somebody unknown, or too many at once"
    user, device, host = leases.lessees[number]
    return " ".join(filter(None, (user, host, device and f"({device})")))


def _line(row: PersonRow, time: int | None) -> str:
    parts = [f"{row.origin}: {row.department or 'no department'}"]
    parts += [
        f"{word} {_days(period)}" for word, period in (("", row.period), ("employed", row.employed)) if _days(period)
    ]
    if row.device:
        parts.append(f"device {row.device}")
    if not row.active:
        parts.append("disabled")
    if time is not None and not (row.period.holds(time) and row.employed.holds(time)):
        parts.append("not at this time")
    return ", ".join(part.strip() for part in parts)


def _days(period: Period) -> str:
    ends = (("from", period.first), ("until", period.last))
    return " ".join(f"{word} {EPOCH + timedelta(days=day)}" for word, day in ends if day is not None)
