"""How hosts are spelt, looked at in the raw document, so that each mistake has a name of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from shadowai.hosts import normalise_host
from shadowai.signatures.kinds import PLACEHOLDER, IndicatorKind

if TYPE_CHECKING:
    from collections.abc import Callable

_NAMES = frozenset({IndicatorKind.DOMAIN, IndicatorKind.HOST, IndicatorKind.PATTERN})
_HOSTS = _NAMES | {IndicatorKind.URL}
_ASCII_LABEL = "xn--"  # RFC 5890 section 2.3.2.1


class Misspelling(NamedTuple):
    """A rule that a raw value breaks, and how."""

    rule: str
    message: str


def misspellings(kind: object, value: object) -> list[Misspelling]:
    """Say by which rules an indicator's value is no host as the database spells them; both may be anything."""
    if not isinstance(kind, str) or not isinstance(value, str) or kind not in _HOSTS:
        return []
    host = value.partition("/")[0] if kind == IndicatorKind.URL else value
    found = (Misspelling(rule, message) for rule, check in _CHECKS for message in check(host) if message)
    return list(found)


def _scheme_or_path(host: str) -> list[str]:
    if "/" in host or ":" in host:
        return [f"{host} has a scheme, a port or a path; a path goes into kind url, as host/path"]
    return []


def _upper_case(host: str) -> list[str]:
    return [f"{host} is not in lower case; write {host.lower()}"] if host != host.lower() else []


def _international(host: str) -> list[str]:
    if not host.isascii():
        written = normalise_host(PLACEHOLDER.sub("x", host)) or ""
        return [f"{host} is not in the form that the network speaks" + (f"; write {written}" if written else "")]
    labels = [label for label in host.lower().split(".") if label.startswith(_ASCII_LABEL)]
    return [f"{label} is no label of an international name" for label in labels if not _is_a_label(label)]


def _is_a_label(label: str) -> bool:
    try:
        text = label.encode("ascii").decode("idna")
        return not text.isascii() and text.encode("idna").decode("ascii") == label
    except UnicodeError:
        return False


def _wildcard(host: str) -> list[str]:
    if "*" in host or host.startswith("."):
        return [f"{host}: kind domain holds for all names below it; for part of a name there is kind pattern"]
    return []


_CHECKS: tuple[tuple[str, Callable[[str], list[str]]], ...] = (
    ("path-in-host", _scheme_or_path),
    ("upper-case", _upper_case),
    ("idn", _international),
    ("wildcard", _wildcard),
)
