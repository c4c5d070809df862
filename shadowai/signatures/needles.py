"""The literals whose absence from a log line proves that no indicator can match it (DESIGN section 4).

The prefilter looks for them in raw bytes; what hits is parsed and matched exactly, so a needle may hit too often,
never too seldom. Each is chosen rare (an amazonaws.com needle would let half of all lines through) and free of
slashes within, which JSON writers may escape; an endpoint's path is looked for in both spellings, and only beside its
port: `/v1` alone stands in one line of twenty of a proxy's log, and parsing those took three quarters of a scan.

A range of a vendor's addresses is looked for as the beginnings of its addresses' texts. Protocols have no needle, since
no text betrays them: they are seen in captures. Neither have the addresses of blind spots: every look-up on port 53 of
8.8.8.8 would be parsed, and TLS to it is of interest in captures and flow logs, whose lines are all parsed.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, NamedTuple

from shadowai.signatures.kinds import PLACEHOLDER, IndicatorKind, split_endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shadowai.signatures.database import Database, Match

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
    """A text to look for; `*` stands for a part of one label; with `at_end` the host name must end after it.

    `beside` is a text that stands in the same line too, before or behind it, where it says anything at all.
    """

    text: str
    at_end: bool = False
    beside: str = ""


def needles(database: Database) -> list[Literal]:
    """List the literals of all indicators, blind spots and candidate patterns, sorted, each once."""
    return sorted(set(_all(database)))


def _all(database: Database) -> Iterator[Literal]:
    for indicator in database.indicators:
        yield from _literals(indicator)
    for entry in database.blind_spots:
        for domain in entry.domains:
            yield Literal(domain, at_end=True)
    for word in database.candidates.words:
        yield Literal(word)
    for suffix in database.candidates.suffixes:
        yield Literal(f".{suffix}", at_end=True)


def _literals(match: Match) -> Iterator[Literal]:
    value = match.indicator.lower()
    if match.kind is IndicatorKind.ENDPOINT:
        port, path = split_endpoint(value)
        path, beside = path.rstrip("/"), "" if port is None else str(port)
        yield from (Literal(path, beside=beside), Literal(path.replace("/", r"\/"), beside=beside))
    elif match.kind is IndicatorKind.URL:
        yield _of_url(value)
    elif match.kind is IndicatorKind.USER_AGENT:
        product = value.partition("/")[0]
        yield Literal(product if len(product) >= _RARE - 1 else value)
    elif match.kind is IndicatorKind.ADDRESS:
        yield from map(Literal, _beginnings(value))
    elif match.kind is not IndicatorKind.PROTOCOL:
        yield Literal(PLACEHOLDER.sub("*", value), at_end=True)


def _beginnings(value: str) -> Iterator[str]:
    """Write a range as the texts that its addresses begin with: whole octets of IPv4, whole groups of IPv6.

    A group of zeros may be left out of an IPv6 address (RFC 5952), so the text ends before the first one.
    """
    network = ipaddress.ip_network(value)
    if network.version == 4:  # noqa: PLR2004  # the version's own number
        octets = -(-network.prefixlen // 8)
        for part in network.subnets(new_prefix=octets * 8):
            written = str(part.network_address).split(".")[:octets]
            yield ".".join(written) + ("." if octets < len(part.network_address.packed) else "")
        return
    groups = network.network_address.exploded.split(":")[: network.prefixlen // 16]
    known = groups[: next((at for at, group in enumerate(groups) if not int(group, 16)), len(groups))]
    end = ":" if 0 < len(known) < len(network.network_address.packed) // 2 else ""  # none after a whole address
    yield ":".join(known) + end
    yield ":".join(f"{int(group, 16):x}" for group in known) + end


def _of_url(value: str) -> Literal:
    host, *segments = value.split("/")
    longest = max(segments, key=len)
    if len(longest) >= _RARE and longest not in _COMMON_SEGMENTS:
        return Literal(f"/{longest}")
    return Literal(host, at_end=True)
