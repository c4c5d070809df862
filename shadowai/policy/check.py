"""What is odd in a policy that can be read: rules that never win, that cross, that have ended, that nobody owns."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Literal, NamedTuple

from shadowai.model import Status
from shadowai.policy.load import missing_keys
from shadowai.policy.precedence import MAX_PAIRS, distinct
from shadowai.policy.scope import Scope, ancestry, inside, meet_in_person, meet_in_use
from shadowai.policy.words import scope_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date
    from pathlib import Path

    from shadowai.errors import UsageError
    from shadowai.policy.policy import Policy

_ALLOWED = (Status.SANCTIONED, Status.TOLERATED)
Above = dict[str, frozenset[str]]


class Issue(NamedTuple):
    """One thing that is odd: where (None for the whole file), how bad, of which sort, and what to do about it."""

    line: int | None
    level: Literal["error", "warning"]
    rule: str
    message: str


def refused(path: Path, error: UsageError) -> list[Issue]:
    """Give what `load_policy` refuses a file for as issues; none where the error is about another file."""
    issues = []
    for line in str(error).splitlines():
        place, colon, rest = line.removeprefix(f"{path}:").partition(": ")
        if not line.startswith(f"{path}:"):
            return []
        is_numbered = bool(colon) and place.isdecimal()
        message = rest if is_numbered else line.removeprefix(f"{path}:").strip()
        issues.append(Issue(int(place) if is_numbered else None, "error", "refused", message))
    return issues


def check_policy(policy: Policy, on: date, retired: Mapping[str, date] | None = None) -> list[Issue]:
    """Check a policy as of a day; `retired` are services that no longer exist, by id, with the day they ended."""
    above = ancestry(policy.known.departments)
    issues = [
        *_ownerless(policy),
        *_strangers(policy),
        *_ending(policy, on),
        *_without_service(policy),
        *_retired(policy, retired or {}),
        *_shadowed(policy, above),
        *_crossings(policy, above),
        *_poor_alternatives(policy),
    ]
    return sorted(issues, key=lambda issue: (issue.line or 0, issue.rule, issue.message))


def _ownerless(policy: Policy) -> Iterator[Issue]:
    for scope in policy.scopes:
        for key in missing_keys(scope):
            yield Issue(scope.line, "error", f"no-{key}", f"the rule has no {key}; every rule needs one")


def _strangers(policy: Policy) -> Iterator[Issue]:
    person = policy.known.person
    for scope in policy.scopes if person is not None else ():
        for name in scope.rule.people or ():
            if person is not None and person(name) is None:
                yield Issue(scope.line, "warning", "stranger", f"{name!r} is nobody whom the directory knows")


def _ending(policy: Policy, on: date) -> Iterator[Issue]:
    for one in policy.exceptions(on):
        days, until = one.days_left, one.rule.until
        if days < 0:
            message = f"ended on {until}, {_in_days(-days)} ago; renew or remove it"
            yield Issue(one.rule.line, "warning", "ended", message)
        else:
            yield Issue(
                one.rule.line, "warning", "ends-soon", f"ends on {until}, in {_in_days(days)}; renew it or let it end"
            )


def _in_days(days: int) -> str:
    return "1 day" if days == 1 else f"{days} days"


def _without_service(policy: Policy) -> Iterator[Issue]:
    for scope in policy.scopes:
        if not scope.services:
            message = (
                f"covers no service of the database ({scope_words(scope.rule)}), so that it never decides anything"
            )
            yield Issue(scope.line, "warning", "no-service", message)


def _retired(policy: Policy, retired: Mapping[str, date]) -> Iterator[Issue]:
    gone = {name.casefold(): (name, day) for name, day in retired.items()}
    left = {service.vendor.casefold() for name, service in policy.known.services.items() if name not in retired}
    for scope in policy.scopes:
        for service in scope.rule.services or ():
            if found := gone.get(service.casefold()):
                message = f"{found[0]} was retired on {found[1]}; remove it once no old log is read"
                yield Issue(scope.line, "warning", "retired", message)
        for vendor in scope.rule.vendors or ():
            if vendor.casefold() not in left:
                yield Issue(scope.line, "warning", "retired", f"all services of {vendor} are retired")
    for source, target in policy.file.alternatives.items():
        if target in retired:
            yield Issue(None, "warning", "retired", f"the alternative for {source}, {target}, is retired")


def _poor_alternatives(policy: Policy) -> Iterator[Issue]:
    """Alternatives that nobody may use: a report would send people from one forbidden service to another."""
    for source, target in policy.file.alternatives.items():
        statuses = {scope.rule.status for scope in policy.by_service.get(target, ())} | {policy.file.default}
        if statuses.isdisjoint(_ALLOWED):
            message = f"the alternative for {source}, {target}, is neither sanctioned nor tolerated for anybody"
            yield Issue(None, "warning", "poor-alternative", message)


def _shadowed(policy: Policy, above: Above) -> Iterator[Issue]:
    """Rules that never win: for each of their services another one fits wherever they do, and outranks them."""
    winners: dict[int, set[int]] = {}
    busy: set[int] = set()
    memo: dict[tuple[int, int], bool] = {}
    for scopes in distinct(policy.by_service).values():
        for scope in scopes:
            winner = None if scope.number in busy else _always_beating(scope, scopes, above, memo)
            if winner is None:
                busy.add(scope.number)
            else:
                winners.setdefault(scope.number, set()).add(winner.number)
    for scope in policy.scopes:
        if scope.number in winners and scope.number not in busy:
            by = ", ".join(str(policy.scopes[number - 1].line) for number in sorted(winners[scope.number])[:5])
            message = f"never decides anything: more specific or equal rules (line {by}) always win; remove one of them"
            yield Issue(scope.line, "warning", "shadowed", message)


def _always_beating(
    scope: Scope, others: Iterable[Scope], above: Above, memo: dict[tuple[int, int], bool]
) -> Scope | None:
    for other in others:
        if other.rank < scope.rank:  # and so are all that come after it
            return None
        pair = (other.number, scope.number)
        if other is not scope and pair not in memo:
            if len(memo) >= MAX_PAIRS:
                return None
            memo[pair] = _beats(other, scope) and _within(scope, other, above)
        if memo.get(pair):
            return other
    return None


def _beats(one: Scope, other: Scope) -> bool:
    """Say whether `one` wins wherever both fit; of one rank, departments that differ leave it to which is nearer."""
    if one.rank != other.rank:
        return one.rank > other.rank
    return one.order > other.order and _subset(other.departments, one.departments)


def _within(one: Scope, other: Scope, above: Above) -> bool:
    """Say whether `other` fits wherever `one` does, services apart."""
    return (
        inside(one, other)
        and _whom_within(one, other, above)
        and _subset(one.accounts, other.accounts)
        and _subset(one.kinds, other.kinds)
    )


def _whom_within(one: Scope, other: Scope, above: Above) -> bool:
    named = _subset(one.people, other.people) and _subset(one.groups, other.groups)
    return named and _departments_within(one, other, above)


def _departments_within(one: Scope, other: Scope, above: Above) -> bool:
    if other.departments is None:
        return True
    wider = other.departments
    return one.departments is not None and all(
        name in wider or not above.get(name, frozenset()).isdisjoint(wider) for name in one.departments
    )


def _subset(one: frozenset[object] | None, other: frozenset[object] | None) -> bool:
    return other is None or (one is not None and one <= other)


def _crossings(policy: Policy, above: Above) -> Iterator[Issue]:
    """Rules that lose to a milder one, though they name something more closely than that does."""
    found: dict[int, list[tuple[Scope, str]]] = {}
    done: set[tuple[int, int]] = set()
    for service, scopes in distinct(policy.by_service).items():
        for one, other in combinations(scopes, 2):
            pair = (one.number, other.number)
            if pair in done or len(done) >= MAX_PAIRS:
                continue
            done.add(pair)
            winner, loser = (one, other) if (one.rank, one.order) > (other.rank, other.order) else (other, one)
            is_graver = loser.rule.status.gravity > winner.rule.status.gravity
            if is_graver and _cross(winner, loser, above) and not _is_settled(winner, loser, scopes, above):
                found.setdefault(loser.number, []).append((winner, service))
    for scope in policy.scopes:
        if winners := found.get(scope.number):
            yield Issue(scope.line, "warning", "crossing", _crossing_in_words(policy, scope, winners))


def _cross(winner: Scope, loser: Scope, above: Above) -> bool:
    if not (meet_in_use(winner, loser) and meet_in_person(winner, loser, above)):
        return False
    if winner.rank == loser.rank and not (_subset(winner.departments, loser.departments)):
        return False  # which of their departments is nearer decides, as everybody expects
    names_services = winner.rule.services is not None
    is_exception = (names_services or winner.services <= loser.services) and not (
        _is_closer_in_whom(loser, winner, above)
        or (loser.accounts is not None and winner.accounts is None)
        or (loser.kinds is not None and winner.kinds is None)
    )
    return not is_exception


def _is_settled(winner: Scope, loser: Scope, scopes: Iterable[Scope], above: Above) -> bool:
    """Say whether a rule was written for whatever both are about, which decides instead of the winner."""
    pair = (winner, loser)
    shared = winner.services & loser.services
    for both in scopes:
        wins = _beats(both, winner) or _is_nearer(both, winner, above)
        if both in pair or not wins or not shared <= both.services:
            continue
        fits = (
            any(inside(one, both) for one in pair),
            any(_subset(one.people, both.people) for one in pair),
            any(_subset(one.groups, both.groups) for one in pair),
            any(_departments_within(one, both, above) for one in pair),
            any(_subset(one.accounts, both.accounts) for one in pair),
            any(_subset(one.kinds, both.kinds) for one in pair),
        )
        if all(fits):
            return True
    return False


def _is_nearer(one: Scope, other: Scope, above: Above) -> bool:
    """Say whether, of two rules of one rank, `one` names departments below those of the other, and none above."""
    own, wider = one.departments or frozenset(), other.departments or frozenset()
    return (
        one.rank == other.rank
        and bool(own)
        and own.isdisjoint(wider)
        and _departments_within(one, other, above)
        and all(above.get(name, frozenset()).isdisjoint(own) for name in wider)
    )


def _is_closer_in_whom(one: Scope, other: Scope, above: Above) -> bool:
    """Say whether `one` names people more closely: by a closer key, or by a department below the other's."""
    if one.rank.whom != other.rank.whom or one.departments is None or other.departments is None:
        return one.rank.whom > other.rank.whom
    wider = other.departments
    return any(name not in wider and not above.get(name, frozenset()).isdisjoint(wider) for name in one.departments)


def _crossing_in_words(policy: Policy, loser: Scope, winners: list[tuple[Scope, str]]) -> str:
    winner, service = min(winners, key=lambda one: one[0].number)
    more = f" (and to {len(winners) - 1} more)" if len(winners) > 1 else ""
    return (
        f"{loser.rule.status} ({scope_words(loser.rule, names=True)}) loses to the rule of line {winner.line}{more}, "
        f"{winner.rule.status} ({scope_words(winner.rule, names=True)}), for example for "
        f"{policy.known.services[service].name}; if it should not, write a rule that names both"
    )
