"""What a policy may name, and which services of the database a rule covers."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from shadowai.policy.schema import Rule
    from shadowai.verdicts import Department, ServiceFacts


@dataclass(frozen=True, slots=True)
class KnownNames:
    """What exists: services by id, categories, departments by name, groups, people, and hosts that everybody uses.

    No `departments` or `groups` means that they are not known, and none is checked. `person` gives the key
    (`person:...`) of whoever a name in any spelling stands for, None where nobody is known by it. `hosts` are the names
    and patterns of the signatures, which prove nobody's own account.
    """

    services: Mapping[str, ServiceFacts] = field(default_factory=dict)
    categories: Collection[str] = ()
    departments: Mapping[str, Department] = field(default_factory=dict)
    groups: Collection[str] = ()
    person: Callable[[str], str | None] | None = None
    hosts: Collection[str] = ()

    @property
    def vendors(self) -> frozenset[str]:
        """The companies behind the services."""
        return frozenset(service.vendor for service in self.services.values())


class Catalogue:
    """The services by what rules name them by; `risk_of` gives the risk score of a service."""

    def __init__(self, services: Mapping[str, ServiceFacts], risk_of: Callable[[ServiceFacts], float]) -> None:
        self._services = services
        self._risk_of = risk_of
        self._ids: dict[str, list[str]] = defaultdict(list)
        self._vendors: dict[str, list[str]] = defaultdict(list)
        self._categories: dict[str, list[str]] = defaultdict(list)
        self._countries: dict[str, list[str]] = defaultdict(list)
        for name, service in services.items():
            self._ids[name.casefold()].append(name)
            self._vendors[service.vendor.casefold()].append(name)
            self._categories[service.category.casefold()].append(name)
            self._countries[service.country.casefold()].append(name)

    def covered_by(self, rule: Rule) -> frozenset[str]:
        """Give the ids of the services that a rule covers: those that fit each of its keys."""
        found: frozenset[str] | None = None
        for names, index in (
            (rule.services, self._ids),
            (rule.vendors, self._vendors),
            (rule.categories, self._categories),
            (rule.countries, self._countries),
        ):
            if names is not None:
                some = frozenset(one for name in names for one in index.get(name.casefold(), ()))
                found = some if found is None else found & some
        some = frozenset(self._services) if found is None else found
        if rule.risk is None:
            return some
        return frozenset(name for name in some if self._risk_of(self._services[name]) >= rule.risk)


def covers(rule: Rule, service: ServiceFacts, risk: float) -> bool:
    """Say whether a rule covers one service, whether or not the database has it."""
    return (
        _names(rule.services, service.id)
        and _names(rule.vendors, service.vendor)
        and _names(rule.categories, service.category)
        and _names(rule.countries, service.country)
        and (rule.risk is None or risk >= rule.risk)
    )


def _names(listed: Iterable[str] | None, value: str) -> bool:
    return listed is None or any(name.casefold() == value.casefold() for name in listed)
