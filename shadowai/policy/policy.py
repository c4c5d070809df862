"""The verdict on a service: the first matching rule in file order wins, as in a firewall."""

from __future__ import annotations

import hashlib
import json
from datetime import date, timedelta
from typing import TYPE_CHECKING

from shadowai.model import SECOND, Verdict
from shadowai.policy.schema import PolicyFile, Rule

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shadowai.model import ServiceFacts

_DAY = 24 * 3600 * SECOND  # nanoseconds
_EPOCH = date(1970, 1, 1)
_PERSON_PREFIXES = ("person:", "user:")


class Policy:
    """A policy, read and checked."""

    def __init__(self, file: PolicyFile) -> None:
        self.file = file
        self._rules = [_Matcher(rule) for rule in file.rules]
        self._alternatives = {_fold(name): service for name, service in file.alternatives.items()}

    @classmethod
    def default(cls) -> Policy:
        """Policy of a scan without a policy file: every service is unsanctioned."""
        return cls(PolicyFile())

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the content: comments, spacing and quoting do not matter, the order of the rules does."""
        content = self.file.model_dump(mode="json", by_alias=True)
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def status_of(self, service: ServiceFacts, department: str | None, time: int | None, person: str | None) -> Verdict:
        """Give the verdict of the first rule in file order that matches, else the default.

        `time` is in ns since the epoch; where it is unknown, only rules without dates match. `department` and `person`
        are None where unknown, and then no rule that names departments or people matches. `person` is the user as
        people.csv writes it, with or without the `person:` of an attribution's key.
        """
        day = None if time is None else time // _DAY
        who = (_fold(department), _fold(_user_of(person)))
        for number, matcher in enumerate(self._rules, start=1):
            if matcher.covers(service) and matcher.applies_to(*who) and matcher.holds_on(day):
                rule = matcher.rule
                return Verdict(rule.status, number, rule.owner, rule.reason, rule.until)
        return Verdict(self.file.default)

    def alternative_for(self, service_id: str, category: str) -> str | None:
        """Give the id of the service to use instead: the one named for the service, else for its category."""
        found = self._alternatives.get(_fold(service_id)) or self._alternatives.get(_fold(category))
        return None if found == service_id else found


class _Matcher:
    """One rule made ready: names folded into sets, dates into days since the epoch."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self._services = _fold_all(rule.services)
        self._vendors = _fold_all(rule.vendors)
        self._categories = _fold_all(rule.categories)
        self._countries = _fold_all(rule.countries)
        self._departments = _fold_all(rule.departments)
        self._people = _fold_all(rule.people)
        self._first = (rule.from_ - _EPOCH) // timedelta(days=1) if rule.from_ else None
        self._last = (rule.until - _EPOCH) // timedelta(days=1) if rule.until else None

    def covers(self, service: ServiceFacts) -> bool:
        """Say whether the rule speaks of this service."""
        return (
            _fits(self._services, _fold(service.id))
            and _fits(self._vendors, _fold(service.vendor))
            and _fits(self._categories, _fold(service.category))
            and _fits(self._countries, _fold(service.country))
        )

    def applies_to(self, department: str | None, person: str | None) -> bool:
        """Say whether the rule speaks of this department and person."""
        return _fits(self._departments, department) and _fits(self._people, person)

    def holds_on(self, day: int | None) -> bool:
        """Say whether the rule holds on a day (days since 1970-01-01 UTC)."""
        if self._first is None and self._last is None:
            return True
        if day is None:
            return False
        return (self._first is None or self._first <= day) and (self._last is None or day <= self._last)


def _fits(wanted: frozenset[str] | None, value: str | None) -> bool:
    return wanted is None or value in wanted


def _fold_all(names: Iterable[str] | None) -> frozenset[str] | None:
    return None if names is None else frozenset(name.casefold() for name in names)


def _fold(name: str | None) -> str:
    # No name in a rule is empty, so that the empty text of an unknown value meets none.
    return (name or "").casefold()


def _user_of(person: str | None) -> str | None:
    kind = next((prefix for prefix in _PERSON_PREFIXES if person and person.startswith(prefix)), "")
    return person.removeprefix(kind) if person else None
