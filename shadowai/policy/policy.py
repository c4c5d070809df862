"""The policy, read and checked: what it says of a service, for somebody, at a time."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from shadowai.policy.catalogue import Catalogue, KnownNames, covers
from shadowai.policy.precedence import decide, most_specific_first
from shadowai.policy.risk import assess_service
from shadowai.policy.schema import Limits, PolicyFile, Rule
from shadowai.policy.scope import Scope, ready, user_of
from shadowai.policy.tenants import TenantTable
from shadowai.policy.words import period_words, scope_words, use_words, what_words, whom_words
from shadowai.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from shadowai.model import Status
    from shadowai.result import Score
    from shadowai.verdicts import Question, ServiceFacts

_ASKED = {
    "people": "who",
    "groups": "groups",
    "accounts": "account",
    "kinds": "use",
    "from_": "start",
    "until": "start",
}
_CACHE_LIMIT = 100_000  # services remembered beside those of the database


class RuleText(NamedTuple):
    """One rule for a reader: in words, people by number only. `line` is None where the policy is from no file."""

    number: int
    line: int | None
    status: Status
    what: str
    whom: str
    use: str | None
    period: str | None
    starts: date | None
    until: date | None
    owner: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class PolicyException:
    """A rule that ends soon, or has ended: then `days_left` is below 0. It holds on its last day, 0 days before."""

    rule: RuleText
    days_left: int


class Policy:
    """A policy. `known` are the names that exist, `lines` where each rule begins; `warnings` say what is odd in it."""

    def __init__(self, file: PolicyFile, known: KnownNames | None = None, lines: Sequence[int] = ()) -> None:
        self.file = file
        self.known = known or KnownNames()
        self.warnings: tuple[str, ...] = ()
        self.limits: Limits = file.limits
        self._weights: dict[str, float] = file.risk_weights.model_dump()
        self._risks: dict[ServiceFacts, Score] = {}
        self._alternatives = {name.casefold(): service for name, service in file.alternatives.items()}
        self.tenants = TenantTable(file.tenants)
        self.scopes = self._compile(lines)
        self._verdicts = [
            Verdict(rule.status, at, rule.owner, rule.reason, rule.until, scope.line, scope_words(rule))
            for at, (rule, scope) in enumerate(zip(file.rules, self.scopes, strict=True), start=1)
        ]
        self._default = Verdict(file.default)
        self._others: dict[ServiceFacts, tuple[Scope, ...]] = {}

    @classmethod
    def default(cls) -> Policy:
        """Policy of a scan without a policy file: every service is unsanctioned."""
        return cls(PolicyFile())

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of the content: comments, spacing and quoting do not matter.

        The order of the rules does: it decides no status, but which of two that say the same is named.
        """
        content = self.file.model_dump(mode="json", by_alias=True)
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    @cached_property
    def rules(self) -> tuple[RuleText, ...]:
        """The rules in words, in file order."""
        return tuple(_text(scope) for scope in self.scopes)

    @cached_property
    def by_service(self) -> Mapping[str, tuple[Scope, ...]]:
        """The rules that cover each service of the database, the most specific first; none where no rule does."""
        covering: dict[str, list[Scope]] = {}
        for scope in self.scopes:
            for name in scope.services:
                covering.setdefault(name, []).append(scope)
        return {name: most_specific_first(scopes) for name, scopes in covering.items()}

    def scopes_of(self, service: ServiceFacts) -> tuple[Scope, ...]:
        """Give the rules that cover a service, the most specific first."""
        if service.id in self.known.services:
            return self.by_service.get(service.id, ())
        found = self._others.get(service)
        if found is None:
            if len(self._others) >= _CACHE_LIMIT:
                self._others.clear()
            risk = self.risk_of(service).points
            found = most_specific_first(scope for scope in self.scopes if covers(scope.rule, service, risk))
            self._others[service] = found
        return found

    def status_of(self, question: Question) -> Verdict:
        """Give the verdict of the most specific rule that fits, else the default.

        It is judged at the question's own time; where that is unknown, only rules without dates fit. A rule that names
        departments, people, groups, accounts or kinds fits nobody of whom these are not known.
        """
        scopes = self.scopes_of(question.service)
        if not scopes:
            return self._default
        decided = decide(scopes, ready(question))
        return self._default if decided is None else self._verdicts[decided.number - 1]

    @cached_property
    def asks(self) -> frozenset[str]:
        """Name what the rules ask for beside service and department: questions that differ in nothing else are one.

        Of `who`, `groups`, `account`, `use` and `start`, which is the day.
        """
        keys = {key for rule in self.file.rules for key, value in rule if value is not None}
        return frozenset(_ASKED[key] for key in keys & _ASKED.keys())

    def alternative_for(self, service_id: str, category: str) -> str | None:
        """Give the id of the service to use instead: the one named for the service, else for its category."""
        found = self._alternatives.get(service_id.casefold()) or self._alternatives.get(category.casefold())
        return None if found == service_id else found

    def tenant_of(self, host: str | None, path: str | None = None) -> str | None:
        """Give the id of the service of which a host, or a host and path, is the organisation's own account.

        `*` stands for any service, None for no account of ours. `host` is normalised, `path` begins with a slash.
        """
        return self.tenants.find(host, path)

    def risk_of(self, service: ServiceFacts) -> Score:
        """Give the risk of a service, 0 to 10, with its parts (see `shadowai.policy.risk`)."""
        found = self._risks.get(service)
        if found is None:
            if len(self._risks) >= _CACHE_LIMIT:
                self._risks.clear()
            found = assess_service(service, self._weights, self.file.trusted_countries)
            self._risks[service] = found
        return found

    def exceptions(self, on: date) -> tuple[PolicyException, ...]:
        """List the rules that end within `warn_days` of a day, or have ended by then; the first to end first."""
        ending = [
            PolicyException(rule, (rule.until - on).days)
            for rule in self.rules
            if rule.until is not None and (rule.until - on).days <= self.file.warn_days
        ]
        return tuple(sorted(ending, key=lambda one: (one.days_left, one.rule.number)))

    def _compile(self, lines: Sequence[int]) -> tuple[Scope, ...]:
        catalogue = Catalogue(self.known.services, lambda service: self.risk_of(service).points)
        return tuple(
            Scope(
                number=at + 1,
                line=lines[at] if at < len(lines) else None,
                rule=rule,
                services=catalogue.covered_by(rule),
                people=self._users(rule),
            )
            for at, rule in enumerate(self.file.rules)
        )

    def _users(self, rule: Rule) -> frozenset[str] | None:
        """Give the users that a rule's `people` are: as written, and whom the directory knows by that name."""
        if rule.people is None:
            return None
        person = self.known.person or (lambda _name: None)
        return frozenset(user for name in rule.people for user in (user_of(name), user_of(person(name))) if user)


def _text(scope: Scope) -> RuleText:
    rule = scope.rule
    words = (what_words(rule), whom_words(rule), use_words(rule), period_words(rule))
    return RuleText(scope.number, scope.line, rule.status, *words, rule.from_, rule.until, rule.owner, rule.reason)
