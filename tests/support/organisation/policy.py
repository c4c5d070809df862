"""What the organisation allows: the rules as data, the file that says them, and the verdict worked out by hand.

The most specific rule wins: first by what it is about, then by whom, then by account, then by dates.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from support.organisation.catalogue import OWN_TENANT, SERVICES
from support.organisation.clock import START, date_of, day_of
from support.organisation.people import lineage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from support.organisation.clock import Size
    from support.organisation.people import Person

GRAVITY = ("sanctioned", "tolerated", "under-review", "unsanctioned", "prohibited")
BAD = frozenset({"unsanctioned", "prohibited"})
_DEFAULT = "unsanctioned"
_WHAT = ("services", "vendors", "categories", "countries")
_ACCOUNTS = {"personal": "personal", "work": "work", "tenant": "sanctioned-tenant"}


@dataclass(frozen=True)
class Rule:
    """One rule.

    `what` restricts it to services, vendors, categories or countries, `whom` to departments, people or groups.
    """

    status: str
    what: tuple[str, tuple[str, ...]]
    whom: tuple[str, tuple[str, ...]] | None = None
    accounts: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    first: date | None = None
    last: date | None = None

    def text(self) -> str:
        """Write the rule as YAML."""
        lines = [f"  - status: {self.status}", f"    {self.what[0]}: [{', '.join(self.what[1])}]"]
        if self.whom:
            lines.append(f"    {self.whom[0]}: [{', '.join(self.whom[1])}]")
        if self.accounts:
            lines.append(f"    accounts: [{', '.join(self.accounts)}]")
        if self.kinds:
            lines.append(f"    kinds: [{', '.join(self.kinds)}]")
        lines += [f"    {name}: {day}" for name, day in (("from", self.first), ("until", self.last)) if day]
        return "\n".join([*lines, "    owner: ciso@harbour.example", "    reason: decided by the board"]) + "\n"


def make_rules(size: Size, people: list[Person]) -> tuple[Rule, ...]:
    """Give the rules, the most specific first; a sanction begins in the middle of the period."""
    half, end = date_of(size.half), START.date() + timedelta(days=400)
    chosen = people[0]
    return (
        Rule("tolerated", ("services", ("claude",)), ("people", (chosen.user,))),
        Rule("sanctioned", ("services", ("claude",)), ("groups", ("ai-pilots",))),
        Rule("prohibited", ("services", ("github-copilot",)), ("departments", ("Engineering",)), ("personal",)),
        Rule("tolerated", ("services", ("github-copilot",)), ("departments", ("Research",))),
        Rule("sanctioned", ("services", ("github-copilot",)), ("departments", ("Engineering",))),
        Rule("sanctioned", ("services", ("chatgpt",)), ("departments", ("Commercial",)), first=half, last=end),
        Rule("under-review", ("services", ("chatgpt",)), ("departments", ("Finance",)), last=date_of(size.half - 1)),
        Rule("sanctioned", ("services", ("azure-openai",)), accounts=("sanctioned-tenant",)),
        Rule("sanctioned", ("services", ("copilot-m365",))),
        Rule("prohibited", ("services", ("openai-api",)), kinds=("agent",)),
        Rule("tolerated", ("services", ("openai-api",))),
        Rule("under-review", ("vendors", ("Anthropic",)), ("departments", ("Research",))),
        Rule("tolerated", ("vendors", ("Microsoft",))),
        Rule("prohibited", ("categories", ("meetings",)), ("departments", ("Administration",))),
        Rule("tolerated", ("categories", ("translation",))),
        Rule("prohibited", ("countries", ("CN",))),
    )


def policy_text(rules: Iterable[Rule]) -> str:
    """Write the policy file."""
    tenants = f"tenants: {{azure-openai: [{OWN_TENANT}]}}\n" if any(rule.accounts for rule in rules) else ""
    return f"default: {_DEFAULT}\nrules:\n" + "".join(rule.text() for rule in rules) + tenants


@dataclass(frozen=True)
class Case:
    """One session or look-up to be judged."""

    service: str
    department: str | None
    time: int
    person: Person | None = None
    account: str | None = None
    use: str | None = None


def verdict(case: Case, rules: Sequence[Rule]) -> str:
    """Give the status of a case: that of the most specific rule that fits it."""
    ranked = [(rank, rule.status) for rule in rules if (rank := _rank(rule, case)) is not None]
    return max(ranked)[1] if ranked else _DEFAULT


def _rank(rule: Rule, case: Case) -> tuple[int, int, int, int, int] | None:
    """Say how specific a rule is that fits a case, None where it does not fit."""
    service = SERVICES[case.service]
    values = dict(zip(_WHAT, (service.id, service.vendor, service.category, service.country), strict=True))
    kind, names = rule.what
    whom = _whom(rule, case)
    day = day_of(case.time)
    if values[kind] not in names or whom is None:
        return None
    account = _ACCOUNTS.get(case.account or "")
    if (rule.accounts and account not in rule.accounts) or (rule.kinds and case.use not in rule.kinds):
        return None
    if (rule.first and day < rule.first) or (rule.last and day > rule.last):
        return None
    dates = int(rule.first is not None) + int(rule.last is not None)
    return -_WHAT.index(kind), *whom, len(rule.accounts) + len(rule.kinds), dates


def _whom(rule: Rule, case: Case) -> tuple[int, int] | None:
    if rule.whom is None:
        return 0, 0
    kind, names = rule.whom
    if kind == "departments":
        above = lineage(case.department)
        return next(((1, -distance) for distance, name in enumerate(above) if name in names), None)
    if kind == "groups":
        return (2, 0) if case.person and case.person.is_pilot else None
    return (3, 0) if case.person and case.person.user in names else None
