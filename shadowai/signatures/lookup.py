"""Looking up what a person or a script asks about: a host, a URL, or a `user-agent: ...` line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shadowai.hosts import split_target

if TYPE_CHECKING:
    from shadowai.signatures.matcher import Match, Matcher

AGENT_PREFIX = "user-agent:"


@dataclass(frozen=True, slots=True)
class Answer:
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
    """Match a host, URL or `user-agent: ...` line as it stands."""
    if question.lower().startswith(AGENT_PREFIX):
        return Answer(question, matcher.match(None, user_agent=question[len(AGENT_PREFIX) :].strip()))
    target = split_target(question)
    if target is None:
        return Answer(question, None, valid=False)
    return Answer(question, matcher.match(target.host, target.path))
