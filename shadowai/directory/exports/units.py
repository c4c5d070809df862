"""Distinguished names and organisational paths: the domain, the unit and the common name in them.

Distinguished names follow RFC 4514; a path is Google's (`/Staff/Sales`).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_KEPT = 1 << 14  # units and groups remembered: a file repeats them for everybody
MAX_PARTS = 64  # of a distinguished name; none in use has a third of it

_PART = re.compile(r"\s*([A-Za-z][A-Za-z0-9.-]*|[0-9.]+)\s*=((?:[^\\,;]|\\.)*)[,;]?", re.DOTALL)
_ESCAPE = re.compile(r"((?:\\[0-9a-fA-F]{2})+)|\\(.)", re.DOTALL)

Unit = tuple[str, ...]
"""A unit from the inside out, in lower case: `("ou=sales", "dc=corp", "dc=example")`, or `("sales", "staff", "")`."""


def parse_name(text: str) -> list[tuple[str, str]]:
    """Take a distinguished name apart into (type in lower case, value); empty where the text is none."""
    parts: list[tuple[str, str]] = []
    at = 0
    while at < len(text) and len(parts) < MAX_PARTS:
        found = _PART.match(text, at)
        if found is None:
            return []
        parts.append((found[1].lower(), _ESCAPE.sub(_unescape, found[2]).strip()))
        at = found.end()
    return parts


def parent_of(text: str) -> str:
    """Give a distinguished name without its first part: where the object lies, which it shares with many."""
    found = _PART.match(text)
    return text[found.end() :].lstrip() if found else text


@lru_cache(_KEPT)
def domain_of(text: str) -> str | None:
    """Give the DNS name that the domain components of a distinguished name spell (RFC 2247); None where it has none."""
    return ".".join(value.lower() for kind, value in parse_name(text) if kind == "dc") or None


@lru_cache(_KEPT)
def common_name(text: str) -> str:
    """Give the value of a distinguished name's first part; any other text as it is."""
    parts = parse_name(text) if "=" in text else []
    return parts[0][1] if parts else text


class UnitMap:
    """Departments by unit, as the configuration maps them: a person's nearest unit that is mapped decides.

    A key may leave the domain components out.
    """

    def __init__(self, units: Mapping[str, str]) -> None:
        self._units = {_unit(name): department for name, department in units.items()}
        self.find = lru_cache(_KEPT)(self._find) if units else _no_department

    def _find(self, text: str) -> str | None:
        """Give the department of a unit: a distinguished name, or path; None where nothing is mapped."""
        unit = _unit(text)
        bare = tuple(part for part in unit if not part.startswith("dc="))
        for begin in range(min(len(unit), MAX_PARTS)):
            found = self._units.get(unit[begin:]) or self._units.get(bare[begin:])
            if found is not None:
                return found
        return None


def _no_department(_text: str) -> str | None:
    return None


def _unit(text: str) -> Unit:
    parts = parse_name(text)
    if parts:
        return tuple(f"{kind}={value.lower()}" for kind, value in parts)
    path = [part.strip().lower() for part in text.strip().rstrip("/").split("/")]
    return tuple(reversed(path[:MAX_PARTS]))


def _unescape(found: re.Match[str]) -> str:
    if found[1]:
        return bytes.fromhex(found[1].replace("\\", "")).decode("utf-8", "replace")
    return found[2]
