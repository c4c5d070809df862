"""How large the signature database is, and how its services spread over categories, countries, kinds and roles."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from shadowai.signatures.files import SignatureFiles


_AGES = ((30, "a month"), (91, "three months"), (182, "half a year"), (366, "a year"))  # days


def statistics(files: SignatureFiles, today: date) -> dict[str, Any]:
    """Count services and indicators; the tables are {name: count}, largest first, ages from young to old."""
    services = files.services.values()
    indicators = [indicator for service in services for indicator in service.indicators]
    return {
        "version": files.digest,
        "services": len(services),
        "indicators": len(indicators),
        "vendors": len({service.file.vendor for service in services}),
        "retired": sum(service.file.retired is not None for service in services),
        "blind_spots": len(files.blind_spots),
        "by_category": _ranked(Counter(service.category for service in services)),
        "by_country": _ranked(Counter(service.file.country for service in services)),
        "by_kind": _ranked(Counter(indicator.kind.value for indicator in indicators)),
        "by_role": _ranked(Counter(indicator.role.value for indicator in indicators)),
        "by_age": _by_age(today - service.file.verified for service in services),
    }


def _by_age(ages: Iterable[timedelta]) -> dict[str, int]:
    """Count how long ago services were verified."""
    counts = {**{f"within {name}": 0 for _, name in _AGES}, "longer ago": 0}
    for age in ages:
        name = next((f"within {name}" for days, name in _AGES if age <= timedelta(days=days)), "longer ago")
        counts[name] += 1
    return counts


def _ranked(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])))
