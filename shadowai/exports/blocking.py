"""What a block list or a detection rule is made of: the indicators of the services that are meant, and what is spared.

Only what proves a service is listed: `dedicated` and `api` indicators. A host with other uses is never blocked. Where a
name below a listed domain belongs to another service that is not meant, or has other uses, it is spared by name, as the
matcher's rule "the most specific indicator wins" has it. What a format cannot say is told, never left out silently.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from shadowai.exports.record import counted
from shadowai.model import Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

PROVING = (Role.DEDICATED, Role.API)
OTHER_USES = (Role.SHARED, Role.EMBEDDED)
NAMES = ("domain", "host")
KINDS = ("domain", "host", "pattern", "url", "address")
"""Kinds of indicators that a list can hold; the others (user agents, paths, protocols) are for the scan alone."""


class Entry(NamedTuple):
    """One indicator: its service (id and name), its kind (see `KINDS`), its value, its role, the service's status."""

    service: str
    name: str
    kind: str
    value: str
    role: str
    status: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What is listed, what is spared below it, and why services were left out: a sentence each."""

    listed: tuple[Entry, ...]
    spared: tuple[Entry, ...] = ()
    notes: tuple[str, ...] = ()
    title: str = "AI services by policy"
    version: str = ""

    def of(self, *kinds: str) -> tuple[Entry, ...]:
        """Give the listed entries of some kinds."""
        return tuple(one for one in self.listed if one.kind in kinds)

    def outermost(self) -> tuple[Entry, ...]:
        """Give the listed names without those that a listed domain above them covers anyway.

        What is below a spared name stays, however: the domain does not cover it.
        """
        domains = {one.value for one in self.of("domain")}
        spared = {one.value for one in self.spared}
        return tuple(one for one in self.of(*NAMES) if not (above(one.value) & domains) or above(one.value) & spared)

    def header(self, kinds: Sequence[str]) -> tuple[str, ...]:
        """Give the lines of a comment: what this is, what was left out, and what the format cannot say."""
        missing = [one for one in self.listed if one.kind not in kinds]
        lines = [
            f"{self.title}; signatures {self.version}",
            counted(len(self.listed) - len(missing), "entry", "entries"),
        ]
        for kind in dict.fromkeys(one.kind for one in missing):
            values = [one.value for one in missing if one.kind == kind]
            lines.append(f"not in this format: {len(values)} of kind {kind}, such as {values[0]}")
        return tuple(map(one_line, (*lines, *self.notes)))


def plan_of(entries: Iterable[Entry], wanted: Iterable[str], notes: Iterable[str] = (), version: str = "") -> Plan:
    """Choose what is listed for the services with these ids, and what has to be spared below it."""
    everything = sorted(set(entries), key=lambda one: (one.service, one.kind, one.value))
    chosen = set(wanted)
    listed = [one for one in everything if one.service in chosen and one.role in PROVING and one.kind in KINDS]
    others = [one for one in everything if one.kind in NAMES and (one.service not in chosen or one.role in OTHER_USES)]
    taken = {one.value for one in others}
    kept = tuple(one for one in listed if not (one.kind in NAMES and one.value in taken))
    shared = [one for one in listed if one not in set(kept)]
    told = [f"left out, since others use it too: {one.value} ({one.service})" for one in shared]
    domains = {one.value for one in kept if one.kind == "domain"}
    spared = {one.value: one for one in others if above(one.value) & domains}
    listed_names = {one.value for one in kept if one.kind in NAMES}
    below = tuple(one for value, one in sorted(spared.items()) if value not in listed_names)
    return Plan(kept, below, (*notes, *told), version=version)


def above(name: str) -> set[str]:
    """Give the names above a name: of `a.b.c`, `b.c` and `c`."""
    labels = name.split(".")
    return {".".join(labels[at:]) for at in range(1, len(labels))}


def one_line(text: str) -> str:
    """Make a text fit for a comment: one line of printable characters."""
    return "".join(one if one.isprintable() else "\ufffd" for one in " ".join(text.splitlines()))[:300]
