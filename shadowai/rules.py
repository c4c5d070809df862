"""What is known before anything is read: signatures, directory and policy, checked against each other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from shadowai import GENERATOR
from shadowai.directory import Directory, DirectoryOptions, load_directory
from shadowai.errors import unknown_name
from shadowai.model import Who
from shadowai.overlaid import overlaid
from shadowai.policy import KnownNames, Policy, load_policy
from shadowai.provenance import Manifest
from shadowai.signatures import Database, load_database
from shadowai.signatures.kinds import IndicatorKind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from shadowai.provenance import InputRecord
    from shadowai.verdicts import ServiceFacts

_NAMES = (IndicatorKind.DOMAIN, IndicatorKind.HOST, IndicatorKind.PATTERN, IndicatorKind.URL)


@dataclass(frozen=True, slots=True)
class Rules:
    """Signatures, directory and policy; `facts` are the services as policy and report know them, by id.

    `notes` say what signatures of one's own changed of the database.
    """

    database: Database
    directory: Directory
    policy: Policy
    facts: Mapping[str, ServiceFacts]
    notes: tuple[str, ...] = ()

    def manifest(self, inputs: tuple[InputRecord, ...]) -> Manifest:
        """Say what a report was made from: these inputs, and these rules."""
        return Manifest(
            generator=GENERATOR,
            inputs=inputs,
            signatures=self.database.digest,
            policy=self.policy.digest,
            directory=self.directory.digest,
        )

    def department(self, name: str) -> str:
        """Give the name of a department as the directory writes it; UsageError where there is none."""
        folded = {one.casefold(): one for one in self.directory.named}
        known = folded.get(name.casefold())
        if known is None:
            raise unknown_name("department", name, folded.values(), "departments.csv lists them")
        return known


def load_rules(
    directory: Path | None,
    policy: Path | None,
    signatures: Path | None = None,
    options: DirectoryOptions | None = None,
) -> Rules:
    """Read all three; without a directory nobody is known, without a policy everything is unsanctioned.

    `signatures` are an organisation's own, laid over the database; `options` say how the directory is read.

    Raises UsageError that lists every problem of a file with its line.
    """
    database = load_database(overlays=(signatures,) if signatures else ())
    people = load_directory(directory, options or DirectoryOptions()) if directory else Directory.empty()
    facts = database.services
    known = KnownNames(
        services=facts,
        categories=frozenset(database.categories),
        departments=people.named,
        groups=frozenset(group for row in people.content.people for group in row.groups),
        person=partial(_person_key, people) if people.content.people else None,
        hosts=frozenset(one.indicator for one in database.indicators if one.kind in _NAMES),
    )
    allowed = load_policy(policy, known) if policy else Policy.default()
    return Rules(database, people, allowed, facts, overlaid(load_database(), database) if signatures else ())


def _person_key(directory: Directory, name: str) -> str | None:
    key = directory.resolve(Who(None, name, None), None).key
    return key if key.startswith("person:") else None
