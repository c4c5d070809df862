"""Looking up what a person or a script asks about: a host, URL or address, a `user-agent: ...` or `protocol: ...`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from shadowai.hosts import MAX_NAME, split_target

if TYPE_CHECKING:
    from shadowai.signatures.database import Match
    from shadowai.signatures.matcher import Matcher

AGENT_PREFIX = "user-agent:"
PROTOCOL_PREFIX = "protocol:"
_PREFIX = re.compile(r"(user-agent|protocol):\s*(.*)", re.IGNORECASE | re.ASCII | re.DOTALL)
# Labels of RFC 1123 in lower case under a last label of letters: what `normalise_host` gives back as it is.
_PLAIN_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}", re.ASCII)


class Answer(NamedTuple):
    """What the database says of one question; `valid` says whether it named a host at all."""

    question: str
    match: Match | None
    valid: bool = True

    def as_json(self) -> dict[str, Any]:
        """Give the answer in the shape that `shadowai match --json` prints."""
        match = self.match
        return {
            "input": self.question,
            "service": match.service if match else None,
            "category": match.category if match else None,
            "indicator": match.indicator if match else None,
            "role": match.role.value if match else None,
            "confidence": match.confidence if match else None,
        }


def look_up(matcher: Matcher, question: str) -> Answer:
    """Match a host, URL, address, `user-agent: ...` or `protocol: ...` line as it stands."""
    if len(question) <= MAX_NAME and _PLAIN_HOST.fullmatch(question):  # most questions, at a tenth of the cost
        return Answer(question, matcher.match(question))
    if named := _PREFIX.match(question):
        value = named[2].strip()
        if named[1].lower() == "protocol":
            return Answer(question, matcher.match(None, protocol=value.lower()))
        return Answer(question, matcher.match(None, user_agent=value))
    target = split_target(question)
    if target is None:
        return Answer(question, None, valid=False)
    return Answer(question, matcher.match(target.host, target.path, port=target.port))
