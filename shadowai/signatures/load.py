"""Reading the signature database: every file checked and put together once, and from the cache ever after.

The cache's key is the digest of every file's name and content and of the code that reads them, worked out anew at each
start: an edit is seen at once, whatever a clock or a copy did to the files' times.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from shadowai import __version__, cache, resources
from shadowai.errors import ShadowaiError, SignatureError
from shadowai.model import ServiceFacts
from shadowai.signatures.database import BlindSpot, CandidateRules, Database, Match

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shadowai.signatures.lists import BlindSpotEntry, CandidatePatterns, CategoryText
    from shadowai.signatures.schema import Indicator, ServiceFile

_KIND = "signatures"
_HERE = Path(__file__).parent
_SHOWN = 16  # hex digits of the digest that reports show


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
    """The files of the database in full, with references, notes and examples: what lint, show and stats look into."""

    services: Mapping[str, Service]
    categories: Mapping[str, CategoryText]
    blind_spots: tuple[BlindSpotEntry, ...]
    candidates: CandidatePatterns
    digest: str

    def database(self) -> Database:
        """Give what matching and reporting need of it."""
        names = {category: text.name for category, text in self.categories.items()}
        patterns = self.candidates
        return Database(
            digest=self.digest,
            services={name: _facts(service, names) for name, service in self.services.items()},
            categories=names,
            indicators=tuple(_match(service, one) for service in self.services.values() for one in service.indicators),
            blind_spots=tuple(
                BlindSpot(one.id, one.name, one.kind, one.domains, one.addresses) for one in self.blind_spots
            ),
            candidates=CandidateRules(
                patterns.suffixes, patterns.words, tuple(entry.domain for entry in patterns.ignore)
            ),
        )


def load_database(folder: Path | None = None) -> Database:
    """Give the shipped database, or the one in `folder`; from the cache where that holds it.

    Raises SignatureError that lists every problem of every file, one a line.
    """
    folder = _checked(folder)
    digest = _digest(folder)
    key = cache.key_of(digest.encode(), _code())
    if (content := cache.load(_KIND, key)) is not None:
        with suppress(ValueError):  # whole, and yet not ours: made anew
            return Database.decode(content)
    files = read_files(folder)
    database = files.database()
    if files.digest == digest[:_SHOWN]:  # else somebody edits the files right now
        cache.store(_KIND, key, database.encode())
    return database


def read_files(folder: Path | None = None) -> SignatureFiles:
    """Read the files of the shipped database, or of one in `folder`, in full.

    Raises SignatureError that lists every problem of every file, one a line.
    """
    from shadowai import strict_yaml  # noqa: PLC0415  # brings a YAML reader and a validator: half a cold start
    from shadowai.signatures.lists import BlindSpotList, CandidatePatterns, CategoryTexts  # noqa: PLC0415  # the same

    folder = _checked(folder)
    digest = _digest(folder)[:_SHOWN]
    problems: list[str] = []
    services: dict[str, Service] = {}
    for path in sorted(folder.glob("*/*.yaml")):
        try:
            service = read_service(path)
        except ShadowaiError as error:
            problems.append(str(error))
            continue
        if service.id in services:
            problems.append(f"{path}:1: the id {service.id} stands also in {services[service.id].path}")
        services[service.id] = service
    if problems:
        raise SignatureError("\n".join(problems))
    return SignatureFiles(
        services=services,
        categories=strict_yaml.load_as(folder / "categories.yaml", CategoryTexts, SignatureError).root,
        blind_spots=strict_yaml.load_as(folder / "blind-spots.yaml", BlindSpotList, SignatureError).root,
        candidates=strict_yaml.load_as(folder / "candidates.yaml", CandidatePatterns, SignatureError),
        digest=digest,
    )


def read_service(path: Path) -> Service:
    """Read one service's file; SignatureError lists its problems."""
    from shadowai import strict_yaml  # noqa: PLC0415  # brings a YAML reader and a validator: half a cold start
    from shadowai.signatures.schema import ServiceFile  # noqa: PLC0415  # the same

    file = strict_yaml.load_as(path, ServiceFile, SignatureError)
    return Service(id=path.stem, category=path.parent.name, path=path, file=file)


def service_path(facts: ServiceFacts, folder: Path | None = None) -> Path:
    """Say where a service's file lies in the shipped database, or in the one in `folder`."""
    return _checked(folder) / facts.category / f"{facts.id}.yaml"


def _checked(folder: Path | None) -> Path:
    folder = (folder or resources.signatures()).resolve()
    if not folder.is_dir():
        message = "is no folder of signatures"
        raise SignatureError(message, where=folder)
    return folder


def _facts(service: Service, categories: Mapping[str, str]) -> ServiceFacts:
    return ServiceFacts(
        id=service.id,
        name=service.file.name,
        vendor=service.file.vendor,
        country=service.file.country,
        category=service.category,
        category_name=categories.get(service.category, service.category),
        summary=service.file.summary,
    )


def _match(service: Service, one: Indicator) -> Match:
    return Match(service.id, service.category, one.value, one.kind, one.role, one.certainty)


def _digest(folder: Path) -> str:
    """Give the SHA-256 (hex) of every YAML file's name and content, in the order of their names."""
    digest = hashlib.sha256()
    base = len(os.path.join(folder, ""))  # noqa: PTH118  # with the slash that Path drops
    for path in sorted(_yaml_files(str(folder)), key=lambda path: path.replace(os.sep, "\0")):  # by folder first
        try:
            with open(path, "rb", buffering=0) as file:  # noqa: PTH123  # a third faster than Path over a thousand files
                content = file.read()
        except OSError as error:
            raise SignatureError(error.strerror or "cannot be read", where=path) from error
        digest.update(f"{path[base:].replace(os.sep, '/')}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _yaml_files(folder: str) -> Iterator[str]:
    for parent, _, names in os.walk(folder):
        yield from (os.path.join(parent, name) for name in names if name.endswith(".yaml"))  # noqa: PTH118  # as above


def _code() -> bytes:
    """Fingerprint the code that makes a database of files: in a checkout it changes without the version."""
    digest = hashlib.sha256(__version__.encode())
    for module in ("database", "kinds", "lists", "load", "schema"):
        with suppress(OSError):  # installed without sources, where the version says enough
            digest.update(_HERE.joinpath(f"{module}.py").read_bytes())
    return digest.digest()
