"""Names that many firms share: public suffixes, clouds, content networks, hosting, any site's tools."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from publicsuffixlist import PublicSuffixList

from shadowai.model import Role
from shadowai.signatures.kinds import PLACEHOLDER, IndicatorKind
from shadowai.signatures.matcher import pattern_anchor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shadowai.signatures.files import SignatureFiles
    from shadowai.signatures.lint.issue import Issue, Subject

PROVING = frozenset({Role.DEDICATED, Role.API, Role.AUTH, Role.DOWNLOAD})
"""Roles in which a contact is use of the service."""

_LITERAL = 3  # letters beside a placeholder that make a label telling; a label without one always is


def public_suffix_is_not_claimed(subject: Subject) -> Iterator[Issue]:
    """No domain is a public suffix (publicsuffix.org), below which everybody may register.

    A suffix of the list's private part may stand in a role that proves nothing, or where all of it is the service's.
    """
    own = frozenset(subject.files.platforms.own)
    for service, number, indicator in subject.indicators():
        value = indicator.value
        if indicator.kind is not IndicatorKind.DOMAIN or not _is_suffix(value) or value in own:
            continue
        if _is_suffix(value, private=False):
            message = f"{value} is a public suffix; anybody may register below it"
        elif indicator.role in PROVING:
            message = (
                f"{value} is on the public suffix list: its customers live below it; use role shared, or name hosts"
            )
        else:
            continue
        yield subject.issue(service, ("indicators", number, "value"), "public-suffix", message)


def shared_platform_is_not_claimed(subject: Subject) -> Iterator[Issue]:
    """No domain is one of shared-platforms.yaml, but a product or AI hosting in a role that proves nothing."""
    platforms = subject.files.platforms
    shared = frozenset(domain for group in platforms.shared.values() for domain in group)
    half = frozenset(platforms.products + platforms.ai_hosting)
    for service, number, indicator in subject.indicators():
        if indicator.kind is not IndicatorKind.DOMAIN:
            continue
        if indicator.value in shared or (indicator.value in half and indicator.role in PROVING):
            message = f"{indicator.value} serves many things; name a host below it, or a URL"
            yield subject.issue(service, ("indicators", number, "value"), "shared-platform", message)


def pattern_has_an_anchor(subject: Subject) -> Iterator[Issue]:
    """A pattern below a shared name has a word of its own; below a vendor's name anything may vary."""
    shared = _shared(subject.files)
    for service, number, indicator in subject.indicators():
        if indicator.kind is not IndicatorKind.PATTERN:
            continue
        anchor = pattern_anchor(indicator.value)
        if anchor not in shared and not _is_suffix(anchor):
            continue
        labels = indicator.value.removesuffix(anchor).rstrip(".").split(".")
        if not any(map(_is_telling, labels)):
            message = f"{indicator.value} has nothing of its own but {anchor}, which many share"
            yield subject.issue(service, ("indicators", number, "value"), "anchor", message)


def _is_telling(label: str) -> bool:
    words = PLACEHOLDER.split(label)
    return len(words) == 1 or any(sum(map(str.isalpha, word)) >= _LITERAL for word in words)


def _shared(files: SignatureFiles) -> frozenset[str]:
    groups = files.platforms.shared.values()
    return frozenset(domain for group in groups for domain in group) | frozenset(files.platforms.ai_hosting)


@cache
def _suffixes(*, private: bool) -> PublicSuffixList:
    return PublicSuffixList(only_icann=not private)


def _is_suffix(name: str, *, private: bool = True) -> bool:
    found: str | None = _suffixes(private=private).publicsuffix(name)
    return found == name
