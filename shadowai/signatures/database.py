"""The database as matching and reporting need it, and its compact form for the cache: plain values, nothing to check.

It is made from checked files (see `shadowai.signatures.load`). JSON and not pickle, so that a strange file can do no
worse than fail to decode.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from shadowai.model import Account, Client, Role
from shadowai.signatures.kinds import IndicatorKind
from shadowai.verdicts import RiskFact, ServiceFacts

if TYPE_CHECKING:
    from collections.abc import Mapping


class Match(NamedTuple):
    """What an indicator says of a contact. `confidence` is in percent, `account` None where it does not tell."""

    service: str
    category: str
    indicator: str
    kind: IndicatorKind
    role: Role
    confidence: int
    account: Account | None = None


class BlindSpot(NamedTuple):
    """A service in whose traffic AI use can hide; `addresses` are those of its servers, single or ranges."""

    id: str
    name: str
    kind: str
    domains: tuple[str, ...]
    addresses: tuple[str, ...]


class CandidateRules(NamedTuple):
    """What makes a host look like AI: its last label, a word in it; and domains that only look so."""

    suffixes: tuple[str, ...]
    words: tuple[str, ...]
    ignored: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Database:
    """Services by id, category names by id, every indicator with what it says, the lists beside them.

    `clients` are the names by which programs tell what they are in a user agent.
    `digest` is that of all files (16 hex digits of SHA-256).
    """

    digest: str
    services: Mapping[str, ServiceFacts]
    categories: Mapping[str, str]
    indicators: tuple[Match, ...]
    blind_spots: tuple[BlindSpot, ...]
    candidates: CandidateRules
    clients: Mapping[Client, tuple[str, ...]]

    @property
    def indicator_count(self) -> int:
        """How many indicators all services have together."""
        return len(self.indicators)

    def encode(self) -> bytes:
        """Write the database in its compact form."""
        document = {
            "digest": self.digest,
            "services": [_row(facts) for facts in self.services.values()],
            "categories": dict(self.categories),
            "indicators": [
                (one.service, one.indicator, one.kind, one.role, one.confidence, one.account) for one in self.indicators
            ],
            "blind_spots": self.blind_spots,
            "candidates": self.candidates,
            "clients": self.clients,
        }
        return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()

    @classmethod
    def decode(cls, content: bytes) -> Database:
        """Read the compact form; ValueError for anything else."""
        try:
            return cls._from_document(json.loads(content))
        except (TypeError, KeyError, AttributeError, RecursionError) as error:
            message = "is no database in its compact form"
            raise ValueError(message) from error

    @classmethod
    def _from_document(cls, document: dict[str, Any]) -> Database:
        categories = document["categories"]
        services = {row[0]: _facts(row, categories) for row in document["services"]}
        homes = {name: facts.category for name, facts in services.items()}
        return cls(
            digest=document["digest"],
            services=services,
            categories=categories,
            indicators=tuple(
                Match(service, homes[service], value, _KINDS[kind], _ROLES[role], confidence, _ACCOUNTS[account])
                for service, value, kind, role, confidence, account in document["indicators"]
            ),
            blind_spots=tuple(
                BlindSpot(name, title, kind, tuple(domains), tuple(addresses))
                for name, title, kind, domains, addresses in document["blind_spots"]
            ),
            candidates=CandidateRules(*map(tuple, document["candidates"])),
            clients={Client(kind): tuple(tokens) for kind, tokens in document["clients"].items()},
        )


_KINDS = {kind.value: kind for kind in IndicatorKind}
_ROLES = {role.value: role for role in Role}
_ACCOUNTS = {None: None} | {account.value: account for account in Account}


def _row(facts: ServiceFacts) -> tuple[Any, ...]:
    return facts.id, facts.name, facts.vendor, facts.country, facts.category, facts.summary, facts.risk


def _facts(row: list[Any], categories: Mapping[str, str]) -> ServiceFacts:
    name, title, vendor, country, category, summary, facts = row
    risk = tuple(RiskFact(fact, tuple(values), reference) for fact, values, reference in facts)
    return ServiceFacts(name, title, vendor, country, category, categories.get(category, category), summary, risk)
