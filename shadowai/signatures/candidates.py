"""What an unknown host must look like to be listed as a candidate."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from shadowai.hosts import is_address

if TYPE_CHECKING:
    from shadowai.signatures.database import CandidateRules

_PRIVATE_SUFFIXES = ("arpa", "corp", "home", "internal", "intranet", "lan", "local", "localdomain", "localhost")


class CandidateFinder:
    """Tells whether a host that is in no signature looks like AI, and why."""

    def __init__(self, rules: CandidateRules) -> None:
        self._suffixes = frozenset(rules.suffixes)
        self._ignored = frozenset(rules.ignored)
        self._texts = rules.words

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

    @cached_property
    def _words(self) -> re.Pattern[str] | None:
        words = "|".join(map(re.escape, sorted(self._texts, key=len, reverse=True)))
        return re.compile(rf"(?:^|[-_0-9])({words})(?=[-_0-9]|$)") if words else None

    def _is_ignored(self, labels: list[str]) -> bool:
        return any(".".join(labels[at:]) in self._ignored for at in range(len(labels) - 1))
