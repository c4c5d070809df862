"""What services do to each other: the same value twice, one's domain around another's, an indicator out of reach."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from shadowai.signatures.kinds import PLACEHOLDER, IndicatorKind
from shadowai.signatures.lookup import look_up
from shadowai.signatures.matcher import pattern_anchor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shadowai.signatures.files import Service
    from shadowai.signatures.lint.issue import Issue, Subject
    from shadowai.signatures.schema import Indicator


def values_are_unique(subject: Subject) -> Iterator[Issue]:
    """No value of a kind stands twice, in one file or in two."""
    first: dict[tuple[IndicatorKind, str], Service] = {}
    for service, number, indicator in subject.indicators():
        key = (indicator.kind, indicator.value.lower())
        holder = first.setdefault(key, service)
        if holder is not service or any(_key(one) == key for one in service.indicators[:number]):
            message = f"{indicator.kind} {indicator.value} stands also in {holder.path}"
            yield subject.issue(service, ("indicators", number, "value"), "duplicate", message)


def _key(indicator: Indicator) -> tuple[IndicatorKind, str]:
    return indicator.kind, indicator.value.lower()


def no_domain_swallows_another_vendors(subject: Subject) -> Iterator[Issue]:
    """No indicator lies below the domain of another vendor's service.

    Below a domain of the same vendor it is the plan: the narrower indicator wins, and the rest stays with the wider.
    """
    domains = {
        one.value: (service, one) for service, _, one in subject.indicators() if one.kind is IndicatorKind.DOMAIN
    }
    for service, number, indicator in subject.indicators():
        for name in _names_above(indicator):
            wide, around = domains.get(name, (None, None))
            if wide is not None and around is not None and wide.file.vendor != service.file.vendor:
                message = (
                    f"{indicator.value} of {service.file.vendor} lies below {name} of {wide.id} ({wide.file.vendor})"
                )
                yield subject.issue(service, ("indicators", number, "value"), "swallow", message)


def _names_above(indicator: Indicator) -> Iterator[str]:
    if indicator.kind is IndicatorKind.PATTERN:
        name = pattern_anchor(indicator.value)
        yield name
    elif indicator.kind in (IndicatorKind.DOMAIN, IndicatorKind.HOST):
        name = indicator.value
    else:
        return
    while name:
        name = name.partition(".")[2]
        yield name


def every_indicator_is_in_reach(subject: Subject) -> Iterator[Issue]:
    """No indicator is dead because another one is always closer."""
    for service, number, indicator in subject.indicators():
        match = look_up(subject.matcher, _instance(indicator)).match
        if match is None or match.service != service.id:
            message = f"{indicator.value} can never match; another indicator is closer"
            yield subject.issue(service, ("indicators", number, "value"), "reach", message)


def _instance(indicator: Indicator) -> str:
    if indicator.kind is IndicatorKind.USER_AGENT:
        return f"user-agent: {indicator.value}"
    if indicator.kind is IndicatorKind.PROTOCOL:
        return f"protocol: {indicator.value}"
    if indicator.kind is IndicatorKind.ENDPOINT:
        return f"http://nowhere.invalid{indicator.value}"
    if indicator.kind is IndicatorKind.ADDRESS:
        return str(ipaddress.ip_network(indicator.value).network_address)
    return PLACEHOLDER.sub("x1", indicator.value)
