"""Which of the rules that fit wins: the most specific one, whatever the order in the file.

Rules of equal rank that can meet and say different things would make the order decide, so that `ties` finds them when
the policy is read (docs/decisions/policy-precedence.md).
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from shadowai.policy.scope import Asked, Scope, inside, meet_in_person, meet_in_use

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

MAX_TIES = 100  # told at once
MAX_PAIRS = 3_000_000  # compared before a policy is refused as too large: some seconds


class Tie(NamedTuple):
    """Two rules of equal rank that say different things of a service (an example); `first` is the earlier one."""

    first: Scope
    second: Scope
    service: str


class TooManyPairs(ValueError):  # noqa: N818  # says what is the matter, as StopIteration does
    """So many rules speak of the same services that they cannot be compared in reasonable time."""


def most_specific_first(scopes: Iterable[Scope]) -> tuple[Scope, ...]:
    """Sort rules by rank, so that `decide` looks at few of them."""
    return tuple(sorted(scopes, key=lambda scope: scope.rank, reverse=True))


def decide(scopes: Sequence[Scope], asked: Asked) -> Scope | None:
    """Give the rule that decides a question among those that cover its service (see `most_specific_first`)."""
    best, best_order = None, None
    for scope in scopes:
        if best is not None and scope.rank != best.rank:
            break
        if scope.misfit(asked) is None:
            order = (scope.nearness(asked.departments) or 0, scope.order)
            if best_order is None or order > best_order:
                best, best_order = scope, order
    return best


def ties(by_service: Mapping[str, Sequence[Scope]]) -> list[Tie]:
    """Find rules that tie, at most `MAX_TIES` pairs; TooManyPairs where there are more pairs than can be compared."""
    found: dict[tuple[int, int], Tie] = {}
    pairs = 0
    for service, scopes in distinct(by_service).items():
        for group in _rivals(scopes):
            pairs += len(group) * len(group) // 2
            if pairs > MAX_PAIRS:
                raise TooManyPairs
            for first, second in _tied_pairs(group):
                found.setdefault((first.number, second.number), Tie(first, second, service))
            if len(found) >= MAX_TIES:
                return list(found.values())[:MAX_TIES]
    return list(found.values())


def distinct(by_service: Mapping[str, Sequence[Scope]]) -> dict[str, Sequence[Scope]]:
    """Give one service, the first by id, for each set of rules: what is true of the one is true of its like."""
    found: dict[tuple[int, ...], str] = {}
    for service in sorted(by_service):
        found.setdefault(tuple(scope.number for scope in by_service[service]), service)
    return {service: by_service[service] for service in found.values()}


def _rivals(scopes: Sequence[Scope]) -> Iterator[list[Scope]]:
    """Give the groups of rules, in file order, that rank equally, share a name and do not all say the same."""
    ordered = sorted(scopes, key=lambda scope: (_static(scope), scope.number))
    for _, members in groupby(ordered, key=_static):
        sharing: dict[str | None, list[Scope]] = {}
        for scope in members:
            for name in scope.people or scope.departments or (None,):
                sharing.setdefault(name, []).append(scope)
        yield from (group for group in sharing.values() if len({scope.rule.status for scope in group}) > 1)


def _static(scope: Scope) -> tuple[object, ...]:
    return (scope.rank, scope.manner.how, scope.manner.ends)


def _tied_pairs(group: Sequence[Scope]) -> Iterator[tuple[Scope, Scope]]:
    for at, second in enumerate(group):
        for first in group[:at]:
            if first.rule.status is not second.rule.status and _tie(first, second):
                yield first, second


def _tie(one: Scope, other: Scope) -> bool:
    if not (meet_in_use(one, other) and meet_in_person(one, other)):
        return False
    return inside(one, other) == inside(other, one)
