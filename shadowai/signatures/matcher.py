"""Which service a contact belongs to: exact matching on the parsed host, path, port, user agent, protocol and address.

The most specific indicator wins: a URL prefix (the longest), then the exact host, then a host pattern, then the longest
domain. A page beside the product (`status.`, `help.` or `careers.` in front of a domain) counts as documentation unless
an indicator of its own says otherwise: to read it is no use of the service. Only where the host is no known service do
the others speak, in this order: an endpoint with its port (which software answers there), the protocol, the user agent
(which names the client, never the server), an endpoint on any port, and last, where there is no name at all, the
server's address.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

from shadowai.model import Client, Role
from shadowai.signatures.addresses import AddressTable
from shadowai.signatures.candidates import CandidateFinder
from shadowai.signatures.endpoints import EndpointTable
from shadowai.signatures.kinds import DEFAULT_CONFIDENCE, PLACEHOLDER, IndicatorKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from shadowai.signatures.database import BlindSpot, Database, Match

_ENDS_PATH = frozenset("/?#&=;")
_BROWSERS = ("mozilla/", "opera/")
_LABEL_PART = "[a-z0-9_-]+"
_BESIDE = frozenset(
    """blog careers changelog community docs forum help investors
    jobs legal newsroom press privacy status support trust""".split()  # noqa: SIM905  # a list would be 16 lines
)
_USE = frozenset({Role.DEDICATED, Role.API, Role.AUTH, Role.DOWNLOAD})


class Matcher:
    """The database compiled for look-ups; it can be pickled for worker processes.

    `hosts_by_path` are the hosts on which paths tell services apart.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._names: dict[str, Match] = {}
        self._domains: dict[str, Match] = {}
        self._patterns: dict[str, list[tuple[str, Match]]] = defaultdict(list)
        self._regexes: dict[str, re.Pattern[str]] = {}
        self._urls: dict[str, list[tuple[str, Match]]] = defaultdict(list)
        self.hosts_by_path = self._urls.keys()
        self._others: dict[IndicatorKind, list[Match]] = defaultdict(list)
        self._candidates = CandidateFinder(database.candidates)
        for match in database.indicators:
            self._add(match)
        for prefixes in self._urls.values():
            prefixes.sort(key=lambda entry: len(entry[0]), reverse=True)

    def __reduce__(self) -> tuple[type[Matcher], tuple[Database]]:
        return Matcher, (self._database,)

    def match(  # noqa: PLR0913  # all that a contact shows of its server, each by name
        self,
        host: str | None,
        path: str | None = None,
        user_agent: str | None = None,
        *,
        port: int | None = None,
        address: str | None = None,
        protocol: str | None = None,
    ) -> Match | None:
        """Find the service of a contact; `host` is normalised, `path` begins with a slash.

        `port` is the server's and decides only together with a path; `address` is the server's and decides only where
        nothing else does and `host` is None or itself an address.
        """
        found = self._match_host(host, path) if host else None
        if found is None and (path or user_agent or protocol):
            found = self._match_software(path, port, user_agent, protocol)
        if found is None and address and host is None:
            return self._addresses.find(address)
        if found is None and host and _may_be_address(host):
            return self._addresses.find(host)
        return found

    def is_known(self, host: str) -> bool:
        """Say whether a normalised host matches by itself: then only, on `hosts_by_path`, the path counts as well."""
        return self._match_host(host, None) is not None

    def blind_spot(self, host: str) -> BlindSpot | None:
        """Find the blind spot that a normalised host belongs to."""
        return next((self._hiding_names[name] for name in _suffixes(host) if name in self._hiding_names), None)

    def blind_spot_address(self, address: str) -> BlindSpot | None:
        """Find the blind spot that a server's address belongs to.

        Whether a contact with it hides anything is for the caller to say: a query to a public resolver on port 53 can
        be read, TLS or QUIC to it cannot.
        """
        return self._hiding_addresses.find(address)

    def client(self, user_agent: str) -> Client | None:
        """Say what sort of program a user agent is of; None where it does not tell."""
        text = user_agent.lower()
        if self._agent_search and self._agent_search.search(text):
            return Client.APPLICATION
        for kind, search in self._clients:
            if search.search(text):
                return kind
        return Client.BROWSER if text.startswith(_BROWSERS) else None

    def candidate(self, host: str) -> str | None:
        """Say why a normalised host that matched nothing looks like AI; None where it does not."""
        return self._candidates.reason(host)

    def _match_host(self, host: str, path: str | None) -> Match | None:
        if path and host in self._urls:
            for prefix, match in self._urls[host]:
                if _is_path_prefix(prefix, path):
                    return match
        if found := self._names.get(host):
            return found
        domain = None
        patterns, domains = self._patterns, self._domains
        suffix, at = host, 0
        while True:
            if suffix in patterns and (found := self._match_pattern(suffix, host)):
                return found
            if domain is None:
                domain = domains.get(suffix)
            at = host.find(".", at) + 1
            if not at:
                return _beside(domain, host) if domain else None
            suffix = host[at:]

    def _match_software(
        self, path: str | None, port: int | None, user_agent: str | None, protocol: str | None
    ) -> Match | None:
        if path and port and (found := self._endpoints.find(port, path)):
            return found
        if protocol and (found := self._protocols.get(protocol)):
            return found
        if user_agent and self._agent_search and (agent := self._agent_search.search(user_agent.lower())):
            return self._agents[agent[1]]
        return self._endpoints.find(None, path) if path else None

    def _match_pattern(self, anchor: str, host: str) -> Match | None:
        for value, match in self._patterns[anchor]:
            if value not in self._regexes:
                self._regexes[value] = _pattern_regex(value)
            if self._regexes[value].fullmatch(host):
                return match
        return None

    def _add(self, match: Match) -> None:
        value, kind = match.indicator, match.kind
        if kind is IndicatorKind.DOMAIN:
            self._domains[value] = match
        elif kind is IndicatorKind.HOST:
            self._names[value] = match
        elif kind is IndicatorKind.PATTERN:
            self._patterns[pattern_anchor(value)].append((value, match))
        elif kind is IndicatorKind.URL:
            host, slash, rest = value.partition("/")
            self._urls[host].append((slash + rest, match))
        else:
            self._others[kind].append(match)

    # What few contacts need is made when the first one needs it: a cold start needs none of it.

    @cached_property
    def _agents(self) -> dict[str, Match]:
        return {match.indicator.lower(): match for match in self._others[IndicatorKind.USER_AGENT]}

    @cached_property
    def _agent_search(self) -> re.Pattern[str] | None:
        if not self._agents:
            return None
        longest_first = sorted(self._agents, key=lambda agent: (-len(agent), agent))
        return re.compile(rf"(?:^|[\s;(+])({'|'.join(map(re.escape, longest_first))})")

    @cached_property
    def _clients(self) -> list[tuple[Client, re.Pattern[str]]]:
        tokens = self._database.clients.items()
        return [(kind, _token_search(some)) for kind, some in sorted(tokens) if some]

    @cached_property
    def _protocols(self) -> dict[str, Match]:
        return {match.indicator: match for match in self._others[IndicatorKind.PROTOCOL]}

    @cached_property
    def _endpoints(self) -> EndpointTable[Match]:
        return EndpointTable((match.indicator, match) for match in self._others[IndicatorKind.ENDPOINT])

    @cached_property
    def _addresses(self) -> AddressTable[Match]:
        return AddressTable((match.indicator, match) for match in self._others[IndicatorKind.ADDRESS])

    @cached_property
    def _hiding_names(self) -> dict[str, BlindSpot]:
        return {domain: place for place in self._database.blind_spots for domain in place.domains}

    @cached_property
    def _hiding_addresses(self) -> AddressTable[BlindSpot]:
        return AddressTable((text, place) for place in self._database.blind_spots for text in place.addresses)


def pattern_anchor(value: str) -> str:
    """Give the longest tail of whole labels without placeholders; patterns are looked up by it."""
    labels = value.split(".")
    last = max(at for at, label in enumerate(labels) if PLACEHOLDER.search(label))
    return ".".join(labels[last + 1 :])


def _pattern_regex(value: str) -> re.Pattern[str]:
    literals = map(re.escape, PLACEHOLDER.split(value))
    return re.compile(_LABEL_PART.join(literals))


def _token_search(tokens: Iterable[str]) -> re.Pattern[str]:
    """Find a program's own name in a user agent: whole, with or without its version."""
    longest_first = sorted({token.lower() for token in tokens}, key=lambda token: (-len(token), token))
    return re.compile(rf"(?<![a-z0-9])(?:{'|'.join(map(re.escape, longest_first))})(?![a-z0-9])")


def _beside(match: Match, host: str) -> Match:
    """Give what a name below a domain proves: nothing, where the label next to the domain is in `_BESIDE`."""
    label = host[: -len(match.indicator) - 1].rpartition(".")[2]
    if label in _BESIDE and match.role in _USE:
        return match._replace(role=Role.DOCS, confidence=min(match.confidence, DEFAULT_CONFIDENCE[Role.DOCS]))
    return match


def _may_be_address(host: str) -> bool:
    return host[-1:].isdigit() or ":" in host


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
