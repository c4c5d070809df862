"""File names for departments: plain ASCII, never two alike."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_MAX = 60


def slugs(names: Iterable[str]) -> dict[str, str]:
    """Give each name a slug of [a-z0-9-]; names that would share one get a number, in the order given."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        base = _slug(name)
        slug, number = base, 2
        while slug in taken:
            slug, number = f"{base}-{number}", number + 1
        taken.add(slug)
        found[name] = slug
    return found


def _slug(name: str) -> str:
    ascii_only = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", ascii_only.lower()).strip("-")[:_MAX] or "department"
