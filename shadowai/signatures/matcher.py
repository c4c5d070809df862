"""Which service a contact belongs to: exact matching on the parsed host, path and user agent.

The most specific indicator wins: a URL prefix (the longest), then the exact host, then a host pattern, then the longest
domain. A user agent names only the client, so it decides only where the host says nothing.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shadowai.signatures.lists import BlindSpotEntry, CandidateFinder
from shadowai.signatures.schema import PLACEHOLDER, Indicator, IndicatorKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shadowai.model import Role
    from shadowai.signatures.load import Database, Service

_ENDS_PATH = frozenset("/?#&=;")
_LABEL_PART = "[a-z0-9_-]+"


@dataclass(frozen=True, slots=True)
class Match:
    """What an indicator says of a contact. `confidence` is in percent."""

    service: str
    category: str
    indicator: str
    kind: IndicatorKind
    role: Role
    confidence: int


class Matcher:
    """The database compiled for look-ups; it can be pickled for worker processes."""

    def __init__(self, database: Database) -> None:
        self._names: dict[str, Match] = {}
        self._domains: dict[str, Match] = {}
        self._patterns: dict[str, list[tuple[re.Pattern[str], Match]]] = defaultdict(list)
        self._urls: dict[str, list[tuple[str, Match]]] = defaultdict(list)
        self._agents: dict[str, Match] = {}
        self._blind_spots = {domain: entry for entry in database.blind_spots for domain in entry.domains}
        self._candidates = CandidateFinder(database.candidates)
        for service in database.services.values():
            for indicator in service.indicators:
                self._add(service, indicator)
        for prefixes in self._urls.values():
            prefixes.sort(key=lambda entry: len(entry[0]), reverse=True)
        self._agent_search = _agent_search(self._agents)

    def match(self, host: str | None, path: str | None = None, user_agent: str | None = None) -> Match | None:
        """Find the service of a contact; `host` is normalised, `path` begins with a slash."""
        found = self._match_host(host, path) if host else None
        if found is None and user_agent and self._agent_search:
            agent = self._agent_search.search(user_agent.lower())
            return self._agents[agent[1]] if agent else None
        return found

    def blind_spot(self, host: str) -> BlindSpotEntry | None:
        """Find the blind spot that a normalised host belongs to."""
        return next((self._blind_spots[name] for name in _suffixes(host) if name in self._blind_spots), None)

    def candidate(self, host: str) -> str | None:
        """Say why a normalised host that matched nothing looks like AI; None where it does not."""
        return self._candidates.reason(host)

    def _match_host(self, host: str, path: str | None) -> Match | None:
        if path and host in self._urls:
            for prefix, match in self._urls[host]:
                if _is_path_prefix(prefix, path):
                    return match
        if host in self._names:
            return self._names[host]
        suffixes = list(_suffixes(host))
        for suffix in suffixes:
            for pattern, match in self._patterns.get(suffix, ()):
                if pattern.fullmatch(host):
                    return match
        return next((self._domains[suffix] for suffix in suffixes if suffix in self._domains), None)

    def _add(self, service: Service, indicator: Indicator) -> None:
        value = indicator.value
        match = Match(service.id, service.category, value, indicator.kind, indicator.role, indicator.certainty)
        if indicator.kind is IndicatorKind.DOMAIN:
            self._domains[value] = match
        elif indicator.kind is IndicatorKind.HOST:
            self._names[value] = match
        elif indicator.kind is IndicatorKind.PATTERN:
            self._patterns[pattern_anchor(value)].append((_pattern_regex(value), match))
        elif indicator.kind is IndicatorKind.URL:
            host, slash, rest = value.partition("/")
            self._urls[host].append((slash + rest, match))
        else:
            self._agents[value.lower()] = match


def pattern_anchor(value: str) -> str:
    """Give the longest tail of whole labels without placeholders; patterns are looked up by it."""
    labels = value.split(".")
    last = max(at for at, label in enumerate(labels) if PLACEHOLDER.search(label))
    return ".".join(labels[last + 1 :])


def _pattern_regex(value: str) -> re.Pattern[str]:
    literals = map(re.escape, PLACEHOLDER.split(value))
    return re.compile(_LABEL_PART.join(literals))


def _agent_search(agents: dict[str, Match]) -> re.Pattern[str] | None:
    if not agents:
        return None
    longest_first = sorted(agents, key=lambda agent: (-len(agent), agent))
    return re.compile(rf"(?:^|[\s;(+])({'|'.join(map(re.escape, longest_first))})")


def _suffixes(host: str) -> Iterator[str]:
    yield host
    at = host.find(".")
    while at >= 0:
        yield host[at + 1 :]
        at = host.find(".", at + 1)


def _is_path_prefix(prefix: str, path: str) -> bool:
    if not path.startswith(prefix):
        return False
    return len(path) == len(prefix) or prefix[-1] in _ENDS_PATH or path[len(prefix)] in _ENDS_PATH
