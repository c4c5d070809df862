"""One rule made ready: whether it fits a question, how specific it is, and where it meets another.

How specific a rule is decides which of those that fit wins, whatever their order in the file
(docs/decisions/policy-precedence.md). Four things are compared one after the other: what it is about, whom, how, when.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from shadowai.model import DAY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from shadowai.model import Account, Use
    from shadowai.policy.schema import Rule
    from shadowai.verdicts import Department, Question

WHAT = ("services", "vendors", "categories", "countries", "risk")
"""Keys that say what a rule is about, the closest first."""
WHOM = ("people", "groups", "departments")
"""Keys that say whom a rule is about, the closest first."""
HOW = ("accounts", "kinds")
"""Keys that say which use a rule is about."""

_EPOCH = date(1970, 1, 1)
_PERSON_PREFIXES = ("person:", "user:")


class Rank(NamedTuple):
    """How specific a rule is, as far as the rule alone tells: the greater one wins.

    `what` is the place of its closest key of `WHAT` (5 for services, 0 for none), how many it has, which, and its
    least risk: the higher, the fewer services it is about. `whom` says which keys of `WHOM` it has.
    """

    what: tuple[int, int, tuple[bool, ...], float]
    whom: tuple[bool, ...]


class Manner(NamedTuple):
    """The rest of how specific a rule is, compared after how near its department is.

    `how` counts its keys of `HOW`, `ends` its dates. `narrow` orders periods so that one inside another is greater; it
    says nothing of two of which neither is inside the other.
    """

    how: int
    ends: int
    narrow: int


class Asked(NamedTuple):
    """A question made ready: names folded, the time as a day since 1970-01-01 UTC."""

    departments: tuple[str, ...]
    day: int | None
    person: str
    groups: tuple[str, ...]
    account: Account | None
    use: Use | None


@dataclass(frozen=True)
class Scope:
    """A rule with its number (from 1), its line, the services that it covers and the users that its `people` are."""

    number: int
    line: int | None
    rule: Rule
    services: frozenset[str]
    people: frozenset[str] | None = None

    @cached_property
    def groups(self) -> frozenset[str] | None:
        """Its groups, folded."""
        return fold_all(self.rule.groups)

    @cached_property
    def departments(self) -> frozenset[str] | None:
        """Its departments, folded."""
        return fold_all(self.rule.departments)

    @cached_property
    def accounts(self) -> frozenset[Account] | None:
        """Its accounts."""
        return None if self.rule.accounts is None else frozenset(self.rule.accounts)

    @cached_property
    def kinds(self) -> frozenset[Use] | None:
        """Its kinds of use."""
        return None if self.rule.kinds is None else frozenset(self.rule.kinds)

    @cached_property
    def first(self) -> int | None:
        """Its first day since 1970-01-01."""
        return None if self.rule.from_ is None else _days(self.rule.from_)

    @cached_property
    def last(self) -> int | None:
        """Its last day since 1970-01-01."""
        return None if self.rule.until is None else _days(self.rule.until)

    @cached_property
    def rank(self) -> Rank:
        """How specific it is in what and whom."""
        what = tuple(getattr(self.rule, key) is not None for key in WHAT)
        whom = tuple(getattr(self.rule, key) is not None for key in WHOM)
        closest = len(WHAT) - what.index(True) if any(what) else 0
        return Rank((closest, sum(what), what, self.rule.risk or 0.0), whom)

    @cached_property
    def manner(self) -> Manner:
        """How specific it is in how and when."""
        first, last = self.first, self.last
        how = (self.accounts is not None) + (self.kinds is not None)
        if first is not None and last is not None:
            return Manner(how, 2, first - last)
        if first is not None:
            return Manner(how, 1, first)
        return Manner(how, 0, 0) if last is None else Manner(how, 1, -last)

    @cached_property
    def order(self) -> tuple[Manner, int, int]:
        """What decides between rules of one rank that are equally near; of those that tie in all else, the milder."""
        return (self.manner, -self.rule.status.gravity, -self.number)

    def nearness(self, departments: tuple[str, ...]) -> int | None:
        """Say how near its departments are: 0 the own one, -1 the one above; None where it names none of these."""
        if self.departments is None:
            return 0
        return next((-at for at, name in enumerate(departments) if name in self.departments), None)

    def misfit(self, asked: Asked) -> str | None:
        """Name the first key that does not fit a question about a service that it covers; None where all do."""
        if self.departments is not None and self.departments.isdisjoint(asked.departments):
            return "departments"
        if self.people is not None and asked.person not in self.people:
            return "people"
        if self.groups is not None and self.groups.isdisjoint(asked.groups):
            return "groups"
        if self.accounts is not None and asked.account not in self.accounts:
            return "accounts"
        if self.kinds is not None and asked.use not in self.kinds:
            return "kinds"
        return None if holds_on(self, asked.day) else "dates"


def holds_on(scope: Scope, day: int | None) -> bool:
    """Say whether a rule holds on a day since 1970-01-01 UTC; where that is unknown, only one without dates does."""
    first, last = scope.first, scope.last
    if first is None and last is None:
        return True
    if day is None:
        return False
    return (first is None or first <= day) and (last is None or day <= last)


def fold_all(names: Iterable[str] | None) -> frozenset[str] | None:
    """Fold names for comparison; None, which restricts nothing, stays None."""
    return None if names is None else frozenset(name.casefold() for name in names)


def user_of(key: str | None) -> str:
    """Give the folded user of an attribution's key, or of a name as people.csv writes it; unknown is empty text."""
    # No name in a rule is empty, so that the empty text of an unknown value meets none.
    kind = next((prefix for prefix in _PERSON_PREFIXES if key and key.startswith(prefix)), "")
    return (key or "").removeprefix(kind).casefold()


def ready(question: Question) -> Asked:
    """Make a question ready."""
    return Asked(
        tuple([name.casefold() for name in question.departments]),
        None if question.time is None else question.time // DAY,
        user_of(question.person),
        tuple([name.casefold() for name in question.groups]),
        question.account,
        question.use,
    )


def inside(one: Scope, other: Scope) -> bool:
    """Say whether the period of `one` lies within that of `other`; it may be the same."""
    starts = other.first is None or (one.first is not None and one.first >= other.first)
    return starts and (other.last is None or (one.last is not None and one.last <= other.last))


def meet_in_use(one: Scope, other: Scope) -> bool:
    """Say whether there can be a use on a day that both rules are about, whoever's it is."""
    if one.first is not None and other.last is not None and other.last < one.first:
        return False
    if other.first is not None and one.last is not None and one.last < other.first:
        return False
    return _meet(one.accounts, other.accounts) and _meet(one.kinds, other.kinds)


def meet_in_person(one: Scope, other: Scope, above: Mapping[str, frozenset[str]] | None = None) -> bool:
    """Say whether somebody can be meant by both rules; people may be in any two groups.

    With `above`, each department with those above it, a rule for one of them meets a rule for one above it; without
    only a rule that names the same.
    """
    if not _meet(one.people, other.people):
        return False
    if one.departments is None or other.departments is None or not one.departments.isdisjoint(other.departments):
        return True
    if above is None:
        return False
    return _is_below(one.departments, other.departments, above) or _is_below(other.departments, one.departments, above)


def _is_below(ones: frozenset[str], others: frozenset[str], above: Mapping[str, frozenset[str]]) -> bool:
    return any(not above.get(name, frozenset()).isdisjoint(others) for name in ones)


def ancestry(departments: Mapping[str, Department]) -> dict[str, frozenset[str]]:
    """Give each department with itself and those above it, all folded."""
    found: dict[str, frozenset[str]] = {}
    for name in departments:
        line: dict[str, None] = {}
        at: str | None = name
        while at is not None and at.casefold() not in line:
            line[at.casefold()] = None
            at = departments[at].parent if at in departments else None
        found[name.casefold()] = frozenset(line)
    return found


def _meet(one: frozenset[object] | None, other: frozenset[object] | None) -> bool:
    return one is None or other is None or not one.isdisjoint(other)


def _days(day: date) -> int:
    return (day - _EPOCH) // timedelta(days=1)
