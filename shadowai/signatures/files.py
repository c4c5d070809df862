"""The files of the database in full, as plain values: what lint, fmt, show and stats look into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from shadowai.model import Account, Client
from shadowai.signatures.database import BlindSpot, CandidateRules, Database, Match
from shadowai.verdicts import RiskFact, ServiceFacts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from shadowai.signatures.lists import BlindSpotEntry, CandidatePatterns, CategoryText, ClientTokens, SharedPlatforms
    from shadowai.signatures.schema import Facts, Indicator, ServiceFile


class Problem(NamedTuple):
    """What keeps a file from being read: its line (from 1), the key's place in it, and what is wrong."""

    path: Path
    line: int
    place: tuple[str | int, ...]
    message: str

    def __str__(self) -> str:
        key = ".".join(map(str, self.place))
        return f"{self.path}:{self.line}: {key}: {self.message}" if key else f"{self.path}:{self.line}: {self.message}"


@dataclass(frozen=True, slots=True)
class Service:
    """One service's file: its content with the id and category that the file's place gives it."""

    id: str
    category: str
    path: Path
    file: ServiceFile

    @property
    def indicators(self) -> tuple[Indicator, ...]:
        """What betrays the service."""
        return self.file.indicators


@dataclass(frozen=True)
class SignatureFiles:
    """The files of a database and of the overlays laid over it: a later folder's service replaces its namesake."""

    services: Mapping[str, Service]
    categories: Mapping[str, CategoryText]
    blind_spots: tuple[BlindSpotEntry, ...]
    candidates: CandidatePatterns
    platforms: SharedPlatforms
    clients: ClientTokens
    digest: str

    def database(self) -> Database:
        """Give what matching and reporting need of it; of two equal indicators the later folder's stands."""
        names = {category: text.name for category, text in self.categories.items()}
        patterns = self.candidates
        return Database(
            digest=self.digest,
            services={name: _facts(service, names) for name, service in self.services.items()},
            categories=names,
            indicators=_indicators(self.services.values()),
            blind_spots=tuple(
                BlindSpot(one.id, one.name, one.kind, one.domains, one.addresses) for one in self.blind_spots
            ),
            clients={Client(kind): tuple(one.token for one in tokens) for kind, tokens in self.clients},
            candidates=CandidateRules(
                patterns.suffixes, patterns.words, tuple(entry.domain for entry in patterns.ignore)
            ),
        )


def _indicators(services: Iterable[Service]) -> tuple[Match, ...]:
    matches = (
        Match(
            service.id,
            service.category,
            one.value,
            one.kind,
            one.role,
            one.certainty,
            Account(one.account) if one.account else None,
        )
        for service in services
        for one in service.indicators
    )
    return tuple({(match.kind, match.indicator.lower()): match for match in matches}.values())


def _facts(service: Service, categories: Mapping[str, str]) -> ServiceFacts:
    return ServiceFacts(
        id=service.id,
        name=service.file.name,
        vendor=service.file.vendor,
        country=service.file.country,
        category=service.category,
        category_name=categories.get(service.category, service.category),
        summary=service.file.summary,
        risk=tuple(_risk_facts(service.file.facts)),
    )


def _risk_facts(facts: Facts | None) -> Iterator[RiskFact]:
    """Give the facts by name; each incident is one of its own, so that it keeps its reference."""
    if facts is None:
        return
    for name, fact in facts:
        if name == "incidents":
            yield from (RiskFact(name, (f"{one.date} {one.summary}",), one.reference) for one in fact)
        elif fact is not None:
            values = fact.value if isinstance(fact.value, tuple) else (fact.value,)
            yield RiskFact(name, values, fact.reference)
