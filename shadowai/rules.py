"""What is known before anything is read: signatures, directory and policy, checked against each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shadowai.directory import Directory, load_directory
from shadowai.policy import KnownNames, Policy, load_policy
from shadowai.signatures import Database, load_database

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from shadowai.model import ServiceFacts


@dataclass(frozen=True, slots=True)
class Rules:
    """Signatures, directory and policy; `facts` are the services as policy and report know them, by id."""

    database: Database
    directory: Directory
    policy: Policy
    facts: Mapping[str, ServiceFacts]


def load_rules(directory: Path | None, policy: Path | None, signatures: Path | None = None) -> Rules:
    """Read all three; without a directory nobody is known, without a policy everything is unsanctioned.

    `signatures` are an organisation's own, laid over the database.

    Raises UsageError that lists every problem of a file with its line.
    """
    database = load_database(overlays=(signatures,) if signatures else ())
    people = load_directory(directory) if directory else Directory.empty()
    facts = database.services
    known = KnownNames(
        services=frozenset(facts),
        vendors=frozenset(fact.vendor for fact in facts.values()),
        categories=frozenset(database.categories),
        departments=frozenset(people.departments),
    )
    return Rules(database, people, load_policy(policy, known) if policy else Policy.default(), facts)
