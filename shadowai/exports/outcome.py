"""What became of one attempt to send something, and the one word a sender says before the point of no return.

The outbox decides by it what happens next. Whatever fails before the receiver can have acted is `LATER`; once it can
have, and nobody knows whether it did, it is `DOUBT`.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

Committing = Callable[[], None]
"""Called right before the step after which the receiver may have acted: the outbox writes that down first."""


class Fate(StrEnum):
    """`SENT` taken; `LATER` not taken, worth another try; `REFUSED` never will be; `DOUBT` nobody knows."""

    SENT = "sent"
    LATER = "later"
    REFUSED = "refused"
    DOUBT = "doubt"


class Outcome(NamedTuple):
    """A fate, why, and for `LATER` the seconds that the receiver asks us to wait.

    `rest` is what is left to send where a part was taken; `refused` counts what was refused for good. `down` says that
    the whole place could not be reached, or takes nothing now: other things need not be tried there at once.
    """

    fate: Fate
    why: str = ""
    wait: float | None = None
    rest: bytes | None = None
    refused: int = 0
    down: bool = False


SENT = Outcome(Fate.SENT)

SUCCESS = range(200, 300)
"""The class of success among the answers of HTTP (RFC 9110 section 15.3) and SMTP (RFC 5321 section 4.2.1)."""


def reason_of(error: Exception) -> str:
    """Say why something failed, never with nothing: some errors have no text."""
    told = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return told or type(error).__name__
