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

_RARE = 6  # a path segment or product name shorter than this stands in too many lines
_COMMON_LABELS = frozenset(
    {"com", "net", "org", "io", "ai", "api", "www", "amazonaws", "googleapis", "azure", "microsoft"}
)


class Literal(NamedTuple):
    """A text to look for; with `at_end` it counts only where the host name ends after it."""

    text: str
    at_end: bool = False


def needles(database: Database) -> list[Literal]:
    """List the literals of all indicators, blind spots and candidate patterns, sorted, each once."""
    return sorted(set(_all(database)))


def _all(database: Database) -> Iterator[Literal]:
    for service in database.services.values():
        for indicator in service.indicators:
            yield Literal(_literal(indicator))
    for entry in database.blind_spots:
        yield from map(Literal, entry.domains)
    for word in database.candidates.words:
        yield Literal(word)
    for suffix in database.candidates.suffixes:
        yield Literal(f".{suffix}", at_end=True)


def _literal(indicator: Indicator) -> str:
    if indicator.kind is IndicatorKind.URL:
        host, *segments = indicator.value.lower().split("/")
        longest = "/" + max(segments, key=len)
        return longest if len(longest) >= _RARE else host
    if indicator.kind is IndicatorKind.PATTERN:
        return max(PLACEHOLDER.split(indicator.value), key=_rarity)
    if indicator.kind is IndicatorKind.USER_AGENT:
        product = indicator.value.lower().partition("/")[0]
        return product if len(product) >= _RARE else indicator.value.lower()
    return indicator.value


def _rarity(fragment: str) -> int:
    return sum(len(label) for label in fragment.split(".") if label not in _COMMON_LABELS)
