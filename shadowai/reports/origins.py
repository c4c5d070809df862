"""The appendix for whoever doubts a figure: which rule, which file, which records, which signature."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shadowai.reports import text, words
from shadowai.reports.language import say
from shadowai.reports.phrases import worded_rule
from shadowai.result import Result, RuleReport, ServiceUse

MAX_ORIGINS = 4  # files of one service; more are counted


@dataclass(frozen=True, slots=True)
class Seen:
    """Where a service was seen: the file, its format, and what was met in it."""

    path: str
    format: str
    records: str


@dataclass(frozen=True, slots=True)
class OriginRow:
    """Where one service's figures come from: the rule of its status, the files, and its signature."""

    name: str
    rule: str
    seen: tuple[Seen, ...]
    more: str
    signature: str


def origin_rows(result: Result, services: Sequence[ServiceUse]) -> tuple[OriginRow, ...]:
    """Lay out where the figures of some services come from."""
    formats = {one.path: one.format_name or one.format or say("not recognised") for one in result.sources}
    rules = {rule.number: rule for rule in result.policy.rules} if result.policy else {}
    return tuple(_row(service, formats, rules, result) for service in services)


def _row(service: ServiceUse, formats: Mapping[str, str], rules: Mapping[int, RuleReport], result: Result) -> OriginRow:
    ranked = sorted(service.origins, key=lambda one: (-one.detections, one.source, one.evidence))
    found = [one for one in ranked if one.detections]
    rest = len(found) - MAX_ORIGINS
    return OriginRow(
        name=service.name,
        rule=_rule(service, rules, result),
        seen=tuple(
            Seen(one.source, formats.get(one.source, ""), words.evidence_kind(one.evidence, one.detections))
            for one in found[:MAX_ORIGINS]
        ),
        more=say("and {number} more in result.json", number=text.number(rest)) if rest > 0 else "",
        signature=f"{service.id} @ {result.signatures.version}",
    )


def _rule(service: ServiceUse, rules: Mapping[int, RuleReport], result: Result) -> str:
    if service.rule is None:
        if result.policy is None:
            return say("not told by this document")
        return say("no rule fits: the policy's default, {status}", status=words.status_inside(result.policy.default))
    rule = rules.get(service.rule)
    if rule is None:
        return say("rule {number}", number=service.rule)
    told = say("rule {number}: {status}, {what}, for {whom}", number=rule.number, what=worded_rule(rule.what),
               whom=worded_rule(rule.whom), status=words.status_inside(rule.status))  # fmt: skip
    return ", ".join(filter(None, (told, rule.reason, rule.owner)))
