"""The literals whose absence from a log line proves that no indicator can match it (DESIGN section 4).

The prefilter looks for them in raw bytes; what hits is parsed and matched exactly, so a needle may hit too often,
never too seldom. Each is chosen rare (an amazonaws.com needle would let half of all lines through) and free of
slashes within, which JSON writers may escape.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from shadowai.signatures.schema import PLACEHOLDER, Indicator, IndicatorKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shadowai.signatures.load import Database

_RARE = 7  # a path segment or product name shorter than this stands in too many lines
_COMMON_SEGMENTS = frozenset(
    {
        "article",
        "articles",
        "attachments",
        "browser",
        "conversation",
        "download",
        "downloads",
        "images",
        "install",
        "installers",
        "leaderboard",
        "marketplace",
        "services",
        "thread",
    }
)


class Literal(NamedTuple):
    """A text to look for; `*` stands for a part of one label; with `at_end` the host name must end after it."""

    text: str
    at_end: bool = False


def needles(database: Database) -> list[Literal]:
    """List the literals of all indicators, blind spots and candidate patterns, sorted, each once."""
    return sorted(set(_all(database)))


def _all(database: Database) -> Iterator[Literal]:
    for service in database.services.values():
        yield from map(_literal, service.indicators)
    for entry in database.blind_spots:
        for domain in entry.domains:
            yield Literal(domain, at_end=True)
    for word in database.candidates.words:
        yield Literal(word)
    for suffix in database.candidates.suffixes:
        yield Literal(f".{suffix}", at_end=True)


def _literal(indicator: Indicator) -> Literal:
    if indicator.kind is IndicatorKind.URL:
        host, *segments = indicator.value.lower().split("/")
        longest = max(segments, key=len)
        if len(longest) >= _RARE and longest not in _COMMON_SEGMENTS:
            return Literal(f"/{longest}")
        return Literal(host, at_end=True)
    if indicator.kind is IndicatorKind.USER_AGENT:
        product = indicator.value.lower().partition("/")[0]
        return Literal(product if len(product) >= _RARE - 1 else indicator.value.lower())
    return Literal(PLACEHOLDER.sub("*", indicator.value), at_end=True)
