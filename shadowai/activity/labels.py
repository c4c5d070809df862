"""What people are called in reports.

Without a key a label is the person's place in the list: it means nothing outside it. With a key (DESIGN section 7) it
is a keyed hash, HMAC-SHA-256 (RFC 2104), the same in every report made with that key.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

PREFIX = "P-"  # of a pseudonym
LEAST_KEY = 16  # bytes; a shorter key could be guessed
_DIGITS = 10  # hex digits of a pseudonym: 40 bits, so that of a thousand people two hardly ever share one


@dataclass(frozen=True, slots=True)
class Labels:
    """How people are called: by name, by a pseudonym made with `key`, or by their place in the list."""

    names: bool = False
    key: bytes | None = None

    def label(self, who: str, place: int) -> str:
        """Give the label of a person (a key of `Attribution`), who is in this place (from 1) of a list."""
        if self.names:
            return who.partition(":")[2] or who
        if self.key is not None:
            return f"{PREFIX}{pseudonym(who, self.key)}"
        return f"Person {place}"


def pseudonym(who: str, key: bytes) -> str:
    """Give the keyed pseudonym of a person."""
    return hmac.new(key, who.encode(), hashlib.sha256).hexdigest()[:_DIGITS].upper()
