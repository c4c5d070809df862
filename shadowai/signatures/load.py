"""The signature database: every file read, checked and put together."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from shadowai import resources, strict_yaml
from shadowai.errors import ShadowaiError, SignatureError
from shadowai.signatures.lists import BlindSpotEntry, BlindSpotList, CandidatePatterns, CategoryText, CategoryTexts
from shadowai.signatures.schema import Indicator, ServiceFile

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Service:
    """One service of the database: its file's content with the id and category that the file's place gives it."""

    id: str
    category: str
    path: Path
    file: ServiceFile

    @property
    def indicators(self) -> tuple[Indicator, ...]:
        """What betrays the service."""
        return self.file.indicators


@dataclass(frozen=True)
class Database:
    """All services by id, the lists beside them, and the digest of all files (16 hex digits of SHA-256)."""

    services: dict[str, Service]
    categories: dict[str, CategoryText]
    blind_spots: tuple[BlindSpotEntry, ...]
    candidates: CandidatePatterns
    digest: str

    @cached_property
    def indicator_count(self) -> int:
        """How many indicators all services have together."""
        return sum(len(service.indicators) for service in self.services.values())

    def category_name(self, category: str) -> str:
        """What a category is called in reports; its id where no text is given."""
        text = self.categories.get(category)
        return text.name if text else category


def load_database(folder: Path | None = None) -> Database:
    """Read the shipped database, or one in `folder`.

    Raises SignatureError that lists every problem of every file, one a line.
    """
    folder = (folder or resources.signatures()).resolve()
    if not folder.is_dir():
        message = "is no folder of signatures"
        raise SignatureError(message, where=folder)
    problems: list[str] = []
    services: dict[str, Service] = {}
    for path in sorted(folder.glob("*/*.yaml")):
        try:
            service = _load_service(path)
        except ShadowaiError as error:
            problems.append(str(error))
            continue
        if service.id in services:
            problems.append(f"{path}:1: the id {service.id} stands also in {services[service.id].path}")
        services[service.id] = service
    if problems:
        raise SignatureError("\n".join(problems))
    return Database(
        services=services,
        categories=strict_yaml.load_as(folder / "categories.yaml", CategoryTexts, SignatureError).root,
        blind_spots=strict_yaml.load_as(folder / "blind-spots.yaml", BlindSpotList, SignatureError).root,
        candidates=strict_yaml.load_as(folder / "candidates.yaml", CandidatePatterns, SignatureError),
        digest=_digest(folder),
    )


def _load_service(path: Path) -> Service:
    file = strict_yaml.load_as(path, ServiceFile, SignatureError)
    return Service(id=path.stem, category=path.parent.name, path=path, file=file)


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.yaml")):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:16]
