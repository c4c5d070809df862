"""The fields of CEF and LEEF: a record's ECS document as short flat pairs, in a fixed order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shadowai.exports.record import Severity

if TYPE_CHECKING:
    from shadowai.exports.record import Fields, Record

OWN = (
    ("Department", "shadowai.department.name"),
    ("Service", "shadowai.service.id"),
    ("Status", "shadowai.status"),
    ("Risk", "shadowai.risk"),
    ("Vendor", "shadowai.service.vendor"),
    ("Person", "shadowai.person.label"),
)
"""What has no key of its own in CEF and LEEF, as text: at most the six custom strings of CEF."""

NUMBERS = (
    ("People", "shadowai.people"),
    ("Sessions", "shadowai.sessions"),
    ("Blocked", "shadowai.blocked"),
)
"""The same as numbers: at most the three custom numbers of CEF."""

TEN_POINTS = {
    Severity.INFORMATIONAL: 1,
    Severity.LOW: 3,
    Severity.MEDIUM: 5,
    Severity.HIGH: 8,
    Severity.CRITICAL: 10,
}
"""Severities as both write them, of 0 to 10: 0-3 low, 4-6 medium, 7-8 high, 9-10 very high."""


def value(fields: Fields, name: str) -> Any:  # noqa: ANN401  # whatever JSON can hold
    """Give a field by its dotted name; None where it is not there."""
    found: Any = fields
    for part in name.split("."):
        if not isinstance(found, dict):
            return None
        found = found.get(part)
    return found


def pairs(record: Record, names: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    """Give the fields that are known, under other names; what is no single value is left out."""
    found = ((key, value(record.fields, name)) for key, name in names)
    return [(key, _text(one)) for key, one in found if one is not None and not isinstance(one, dict | list)]


def _text(one: Any) -> str:  # noqa: ANN401  # a JSON scalar
    return str(one).lower() if isinstance(one, bool) else str(one)
