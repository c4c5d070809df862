"""Observations to findings: which service, blind spot or candidate a contact is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from shadowai.activity.rollup import Finding, Subject
from shadowai.hosts import is_address
from shadowai.model import Account, Evidence, Observation
from shadowai.signatures.kinds import IndicatorKind

if TYPE_CHECKING:
    from shadowai.logs import Batch
    from shadowai.model import Client
    from shadowai.signatures import Matcher

ANY = "*"  # service
ADDRESS_CONFIDENCE = 50  # percent
ENCRYPTED = frozenset({Evidence.TLS, Evidence.QUIC, Evidence.ADDRESS})
RESOLVER_PORTS = frozenset({443, 853})  # DNS over HTTPS, over TLS and over QUIC
MAX_USER_AGENT = 1024  # characters that are looked at
MAX_SETTLED = 65_536  # hosts whose finding is kept, and user agents


class Tenants(Protocol):
    """What proves the organisation's own account at a service; picklable."""

    def find(self, host: str | None, path: str | None) -> str | None:
        """Give the id of the service of which a host, or a host and path, is the own account; ANY, or None."""

    def has_paths(self, host: str) -> bool:
        """Say whether on a host the path decides."""

    def knows(self, tenant: str) -> bool:
        """Say whether a tenant that a record names may be the organisation's own."""

    def is_own(self, tenant: str, service: str) -> bool:
        """Say whether it is, at a service."""


class Finder:
    """Says what contacts are about; `tenants` are the organisation's own accounts. Picklable, without what it keeps."""

    def __init__(self, matcher: Matcher, tenants: Tenants | None = None) -> None:
        self.matcher = matcher
        self.tenants = tenants
        self._settled: dict[str, Finding | None] = {}
        self._clients: dict[str, Client | None] = {}

    def __reduce__(self) -> tuple[type[Finder], tuple[Matcher, Tenants | None]]:
        return Finder, (self.matcher, self.tenants)

    def find(self, seen: Observation) -> Finding | None:
        """Say what an observation is about; None where it is of no interest.

        Where the host alone decides, what it came to is kept, and so is that it tells nothing: few hosts make most of
        the records of a log, and of the queries of a capture, where matching took a seventh of the time of reading.
        """
        host = seen.host
        if host is None or seen.evidence is Evidence.ADDRESS or (seen.path and self.is_told_by_path(host)):
            return self._match(seen)
        if seen.tenant is not None and self.knows_tenant(seen.tenant):
            return self._match(seen)
        if host not in self._settled:
            found = self._match(seen)
            if found is None or self.matcher.is_known(host):
                self._settle(host, found)
            return found
        return self._settled[host] or self._service(seen, None) or self._hidden(self._hiding_server(seen))

    def find_by_place(self, batch: Batch, host: str, path: str | None) -> Finding | None:
        """Say what all contacts of a batch with a place are about; None where more decides.

        The path matters on hosts that are told by it; None stands for any path on the others.
        """
        if batch.evidence is Evidence.ADDRESS or is_address(host):
            return None
        found = self.find(Observation(batch.evidence, batch.kind, "", batch.file, host=host, path=path))
        return found if found and found.subject is Subject.SERVICE and not found.is_generic else None

    def is_told_by_path(self, host: str) -> bool:
        """Say whether on a host the path decides as well."""
        return host in self.matcher.hosts_by_path or (self.tenants is not None and self.tenants.has_paths(host))

    def knows_tenant(self, tenant: str) -> bool:
        """Say whether a tenant that a record names decides whose account it was."""
        return self.tenants is not None and self.tenants.knows(tenant)

    def client(self, user_agent: str | None) -> Client | None:
        """Say what sort of program a user agent is of; None where it does not tell."""
        if user_agent is None:
            return None
        user_agent = user_agent[:MAX_USER_AGENT]
        if user_agent not in self._clients:
            if len(self._clients) >= MAX_SETTLED:
                self._clients.clear()
            self._clients[user_agent] = self.matcher.client(user_agent)
        return self._clients[user_agent]

    def _settle(self, host: str, found: Finding | None) -> None:
        if len(self._settled) >= MAX_SETTLED:
            self._settled.clear()
        self._settled[host] = found

    def _match(self, seen: Observation) -> Finding | None:
        found = self._service(seen, seen.host) or self._hidden(self._hiding_place(seen))
        if found is None and seen.host and self.matcher.candidate(seen.host):
            return Finding(Subject.CANDIDATE, seen.host)
        return found

    def _service(self, seen: Observation, host: str | None) -> Finding | None:
        """Say which service an observation is about; the host is given where it may tell anything."""
        by_address = seen.evidence is Evidence.ADDRESS
        match = self.matcher.match(
            host,
            seen.path,
            seen.user_agent,
            port=seen.destination_port,
            address=seen.destination_ip if by_address else None,
            protocol=seen.protocol,
        )
        if match is None:
            return None
        # A name that the client was told for the server's address is less than one that it sent there itself.
        confidence = min(match.confidence, ADDRESS_CONFIDENCE) if by_address else match.confidence
        is_generic = match.kind in (IndicatorKind.ENDPOINT, IndicatorKind.PROTOCOL)
        account = self._tenant(seen, match.service) or match.account
        return Finding(Subject.SERVICE, match.service, match.role, confidence, account, is_generic)

    @staticmethod
    def _hidden(place: str | None) -> Finding | None:
        return Finding(Subject.BLIND_SPOT, place) if place else None

    def _tenant(self, seen: Observation, service: str) -> Account | None:
        """Say whether a contact was with the organisation's own account at a service."""
        if self.tenants is None or seen.host is None:
            return None
        is_named = seen.tenant is not None and self.tenants.is_own(seen.tenant, service)
        if is_named or self.tenants.find(seen.host, seen.path) in (service, ANY):
            return Account.SANCTIONED_TENANT
        return None

    def _hiding_place(self, seen: Observation) -> str | None:
        """Name the blind spot that an observation shows: by its host, else by the server."""
        if seen.host and (place := self.matcher.blind_spot(seen.host)):
            return place.id
        return self._hiding_server(seen)

    def _hiding_server(self, seen: Observation) -> str | None:
        """Name the blind spot of a server's address, of an entry of the list, else why it hides, and which server."""
        if (
            seen.evidence in ENCRYPTED
            and seen.destination_port in RESOLVER_PORTS
            and seen.destination_ip
            and (place := self.matcher.blind_spot_address(seen.destination_ip))
        ):
            return place.id
        return f"{seen.hidden.value} {seen.destination_ip}" if seen.hidden else None
