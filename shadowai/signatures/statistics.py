"""How large the signature database is, and how its services spread over categories, countries, kinds and roles."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shadowai.signatures.load import SignatureFiles


def statistics(files: SignatureFiles) -> dict[str, Any]:
    """Count services and indicators; the tables are {name: count}, largest first."""
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
    }


def _ranked(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])))
