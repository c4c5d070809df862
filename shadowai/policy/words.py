"""A rule in words: what and whom it is about, how and when, as reports and the command line print it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shadowai.policy.schema import Rule

_SHOWN = 5
_SINGULAR = {
    "services": "service",
    "vendors": "vendor",
    "categories": "category",
    "countries": "country",
    "departments": "department",
    "groups": "group",
    "people": "person",
    "accounts": "account",
    "kinds": "kind",
}


def what_words(rule: Rule) -> str:
    """Say what a rule is about: `category chat, country CN`, `every service`."""
    parts = [listed for key in ("services", "vendors", "categories", "countries") if (listed := _listed(rule, key))]
    if rule.risk is not None:
        parts.append(f"risk of {rule.risk:g} or more")
    return ", ".join(parts) or "every service"


def whom_words(rule: Rule, *, names: bool = False) -> str:
    """Say whom a rule is about: `department Legal`, `everyone`; people by number, unless `names` are asked for."""
    parts = [listed for key in ("groups", "departments") if (listed := _listed(rule, key))]
    if rule.people is not None:
        count = len(rule.people)
        parts.insert(0, _listed(rule, "people") if names else f"{count} named {'person' if count == 1 else 'people'}")
    return ", ".join(parts) or "everyone"


def use_words(rule: Rule) -> str | None:
    """Say which use a rule is about: `account personal`; None for any."""
    return ", ".join(listed for key in ("accounts", "kinds") if (listed := _listed(rule, key))) or None


def period_words(rule: Rule) -> str | None:
    """Say when a rule holds: `from 2026-01-01 until 2026-12-31`; None for always."""
    days = (("from", rule.from_), ("until", rule.until))
    return " ".join(f"{word} {day.isoformat()}" for word, day in days if day is not None) or None


def scope_words(rule: Rule, *, names: bool = False) -> str:
    """Say all that a rule covers, in one line."""
    parts = (what_words(rule), whom_words(rule, names=names), use_words(rule), period_words(rule))
    return "; ".join(part for part in parts if part)


def _listed(rule: Rule, key: str) -> str:
    names: Sequence[str] | None = getattr(rule, key)
    if names is None:
        return ""
    more = len(names) - _SHOWN
    shown = ", ".join(map(str, names[:_SHOWN])) + (f" and {more} more" if more > 0 else "")
    return f"{_SINGULAR[key] if len(names) == 1 else key} {shown}"
