"""The lists beside the services: blind spots, candidate patterns and category texts, with their schemas."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel

from shadowai.hosts import is_address
from shadowai.signatures.schema import Line, Reference

_PRIVATE_SUFFIXES = ("arpa", "corp", "home", "internal", "intranet", "lan", "local", "localdomain", "localhost")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BlindSpotEntry(_Part):
    """A service in whose traffic AI use can hide: an encrypted resolver, a VPN, a tunnel, a front for ECH."""

    id: str = Field(pattern=r"^[a-z0-9-]+$")
    name: Line
    kind: Literal["encrypted-dns", "vpn", "tunnel", "ech"]
    domains: tuple[str, ...] = Field(min_length=1)
    references: tuple[Reference, ...] = Field(min_length=1)


class BlindSpotList(RootModel[tuple[BlindSpotEntry, ...]]):
    """The file blind-spots.yaml."""


class IgnoredDomain(_Part):
    """A domain that looks like AI and is not, with the page that shows it."""

    domain: str
    reference: Reference


class CandidatePatterns(_Part):
    """The file candidates.yaml: what makes a host look like AI.

    A host is a candidate when its last label is in `suffixes`, or when one of its labels holds one of `words` bounded
    by the label's ends, hyphens or digits.
    """

    suffixes: tuple[str, ...]
    words: tuple[str, ...]
    ignore: tuple[IgnoredDomain, ...] = ()


class CategoryText(_Part):
    """What a category is called in reports, and which data is at risk there."""

    name: Line
    data_at_risk: str


class CategoryTexts(RootModel[dict[str, CategoryText]]):
    """The file categories.yaml: one entry a category folder."""


class CandidateFinder:
    """Tells whether a host that is in no signature looks like AI, and why."""

    def __init__(self, patterns: CandidatePatterns) -> None:
        self._suffixes = frozenset(patterns.suffixes)
        self._ignored = frozenset(entry.domain for entry in patterns.ignore)
        words = "|".join(map(re.escape, sorted(patterns.words, key=len, reverse=True)))
        self._words = re.compile(rf"(?:^|[-_0-9])({words})(?=[-_0-9]|$)") if words else None

    def reason(self, host: str) -> str | None:
        """Give the reason why a normalised host looks like AI, or None."""
        labels = host.split(".")
        if len(labels) == 1 or labels[-1] in _PRIVATE_SUFFIXES or is_address(host) or self._is_ignored(labels):
            return None
        if labels[-1] in self._suffixes:
            return f"under .{labels[-1]}"
        for label in labels[:-1]:
            if self._words and (found := self._words.search(label)):
                return f"has the word {found[1]}"
        return None

    def _is_ignored(self, labels: list[str]) -> bool:
        return any(".".join(labels[at:]) in self._ignored for at in range(len(labels) - 1))
