"""Why a verdict is what it is: the rule that decided, those that fitted and lost, and those that did not fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shadowai.policy.precedence import decide
from shadowai.policy.scope import HOW, WHAT, WHOM, Asked, Scope, inside, ready
from shadowai.policy.words import scope_words

if TYPE_CHECKING:
    from shadowai.model import Status
    from shadowai.policy.policy import Policy
    from shadowai.result import Score
    from shadowai.verdicts import Question, Verdict

_KEYS = {"risk": "a risk", "services": "the service", "vendors": "the vendor", "categories": "the category"}
_KEYS |= {"countries": "the country", "people": "the person", "groups": "a group", "departments": "a department"}
_DATES = ("no date", "one date", "both dates")


@dataclass(frozen=True, slots=True)
class OtherRule:
    """A rule that covers the service and did not decide: because it is less specific, or because it does not fit."""

    number: int
    line: int | None
    status: Status
    scope: str
    why: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """A verdict and how it came about; `scope` of the rule that decided, with names, None for the default."""

    verdict: Verdict
    scope: str | None
    why: str
    lost: tuple[OtherRule, ...]
    misfits: tuple[OtherRule, ...]
    risk: Score


def explain(policy: Policy, question: Question) -> Explanation:
    """Say which rule decides a question and why, and why every other rule that covers the service does not."""
    asked = ready(question)
    scopes = policy.scopes_of(question.service)
    winner = decide(scopes, asked)
    fitting = [scope for scope in scopes if scope.misfit(asked) is None and scope is not winner]
    misfits = [scope for scope in scopes if scope.misfit(asked) is not None]
    return Explanation(
        verdict=policy.status_of(question),
        scope=None if winner is None else scope_words(winner.rule, names=True),
        why=_why(winner, fitting),
        lost=tuple(_other(scope, _why_lost(scope, winner, asked)) for scope in fitting if winner is not None),
        misfits=tuple(_other(scope, _why_misfit(scope, asked)) for scope in misfits),
        risk=policy.risk_of(question.service),
    )


def _why(winner: Scope | None, others: list[Scope]) -> str:
    if winner is None:
        return "no rule fits, so that the default stands"
    return "it is the most specific rule that fits" if others else "no other rule fits"


def _other(scope: Scope, why: str) -> OtherRule:
    return OtherRule(scope.number, scope.line, scope.rule.status, scope_words(scope.rule, names=True), why)


def _why_lost(loser: Scope, winner: Scope, asked: Asked) -> str:
    """Name the first of the four comparisons that tells the two apart."""
    if loser.rank.what[:-1] == winner.rank.what[:-1] and loser.rule.risk != winner.rule.risk:
        return f"rule {winner.number} names a higher risk"
    if loser.rank.what != winner.rank.what:
        return _closer(loser, winner, WHAT, "every service")
    if loser.rank.whom != winner.rank.whom:
        return _closer(loser, winner, WHOM, "everyone")
    if loser.nearness(asked.departments) != winner.nearness(asked.departments):
        return f"its department is further up than that of rule {winner.number}"
    return _why_lost_in_use(loser, winner)


def _why_lost_in_use(loser: Scope, winner: Scope) -> str:
    if loser.manner.how != winner.manner.how:
        return f"rule {winner.number} names {_keys(winner, HOW)}, this one {_keys(loser, HOW) or 'neither'}"
    if loser.manner.ends != winner.manner.ends:
        return f"rule {winner.number} names {_DATES[winner.manner.ends]}, this one {_DATES[loser.manner.ends]}"
    if inside(winner, loser) != inside(loser, winner):
        return f"the period of rule {winner.number} lies within this one's"
    return f"it is as specific and says the same; rule {winner.number} is the one that is named"


def _closer(loser: Scope, winner: Scope, keys: tuple[str, ...], nothing: str) -> str:
    mine, its = (next((key for key in keys if getattr(one.rule, key) is not None), None) for one in (loser, winner))
    if mine == its:
        return f"rule {winner.number} restricts itself further"
    wide = _KEYS[mine] if mine else nothing
    return f"rule {winner.number} names {_KEYS[its or '']}, this one {wide}"


def _keys(scope: Scope, keys: tuple[str, ...]) -> str:
    return " and ".join(key for key in keys if getattr(scope.rule, key) is not None)


def _why_misfit(scope: Scope, asked: Asked) -> str:
    key = scope.misfit(asked)
    if key == "dates":
        if asked.day is None:
            return "it has dates, and the time is not known"
        first, rule = scope.first, scope.rule
        return f"it begins on {rule.from_}" if first is not None and asked.day < first else f"it ended on {rule.until}"
    known = {
        "departments": asked.departments,
        "people": asked.person,
        "groups": asked.groups,
        "accounts": asked.account,
        "kinds": asked.use,
    }
    names = {"departments": "department", "people": "person", "groups": "group", "accounts": "account", "kinds": "kind"}
    word = names[key or ""]
    return f"it is for another {word}" if known[key or ""] else f"the {word} is not known"
