"""Which services a block list or a detection rule is about: what the policy says of each, put to their indicators.

A list holds for the whole network, and a policy may allow a service to some: such a service is left out and told, since
blocking somebody who may is worse than missing somebody who may not. With a department, only its own rules count.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from shadowai.exports.blocking import Entry, Plan, plan_of
from shadowai.model import SECOND, Status
from shadowai.verdicts import Question

if TYPE_CHECKING:
    from shadowai.policy.scope import Scope
    from shadowai.rules import Rules
    from shadowai.verdicts import ServiceFacts


def plan_for(rules: Rules, least: Status, time: int, department: str | None = None) -> Plan:
    """Plan a list of the services whose status is `least` or graver at a time (ns since the epoch).

    UsageError for a department that the directory does not know.
    """
    lineage = () if department is None else rules.directory.lineage(rules.department(department))
    chosen: list[str] = []
    notes: list[str] = []
    statuses: dict[str, Status] = {}
    for facts in rules.facts.values():
        status = rules.policy.status_of(Question(facts, lineage, time)).status
        statuses[facts.id] = status
        if status.gravity < least.gravity:
            continue
        milder = _milder(rules, facts, least, time, lineage)
        if milder is None:
            chosen.append(facts.id)
        else:
            notes.append(f"left out: {facts.id}, which rule {milder.number} ({milder.rule.status}) allows to some")
    entries = (
        Entry(
            one.service,
            rules.facts[one.service].name,
            one.kind.value,
            one.indicator,
            one.role.value,
            statuses[one.service],
        )
        for one in rules.database.indicators
    )
    return plan_of(entries, chosen, notes, rules.database.digest)


def _milder(rules: Rules, facts: ServiceFacts, least: Status, time: int, lineage: tuple[str, ...]) -> Scope | None:
    """Give a rule that allows a service to somebody on that day; None where there is none."""
    own = {name.casefold() for name in lineage}
    day = datetime.fromtimestamp(time // SECOND, UTC).date()
    for scope in rules.policy.scopes_of(facts):
        rule = scope.rule
        ended = rule.until is not None and rule.until < day
        begun = rule.from_ is None or rule.from_ <= day
        if rule.status.gravity >= least.gravity or ended or not begun:
            continue
        if own and scope.departments is not None and not scope.departments & own:
            continue
        if _allows_somebody(rules, facts, scope, least, time):
            return scope
    return None


def _allows_somebody(rules: Rules, facts: ServiceFacts, scope: Scope, least: Status, time: int) -> bool:
    """Say whether a rule decides for anybody. One about all was answered by the verdict.

    Departments are asked for one by one; who the people are, and what use it is, a list cannot know.
    """
    rule = scope.rule
    if any(one is not None for one in (rule.people, rule.groups, rule.accounts, rule.kinds)):
        return True
    asked = (Question(facts, (name,), time) for name in rule.departments or ())
    return any(rules.policy.status_of(one).status.gravity < least.gravity for one in asked)
