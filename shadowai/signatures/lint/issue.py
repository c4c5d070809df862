"""What a rule finds, and what it may look at."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

import yaml

from shadowai import strict_yaml
from shadowai.signatures.matcher import Matcher

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from pathlib import Path

    from shadowai.signatures.files import Service, SignatureFiles
    from shadowai.signatures.schema import Indicator


class Level(StrEnum):
    """How grave an issue is: an error may accuse or miss somebody, a warning is work to be done some day."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Issue:
    """One thing that is wrong: in which file and line (from 1), by which rule, and what."""

    path: str
    line: int
    rule: str
    message: str
    level: Level = Level.ERROR

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.message}"

    def as_json(self) -> dict[str, str | int]:
        """Give the issue in the shape that `shadowai signatures lint --json` prints."""
        return {
            "path": self.path,
            "line": self.line,
            "rule": self.rule,
            "level": self.level.value,
            "message": self.message,
        }


@dataclass
class Subject:
    """All that rules look at: the files, the matcher made of them, and the day that counts as today."""

    files: SignatureFiles
    today: date
    _roots: dict[Path, yaml.Node | None] = field(default_factory=dict)

    @cached_property
    def matcher(self) -> Matcher:
        """The whole database, ready for look-ups."""
        return Matcher(self.files.database())

    def indicators(self) -> Iterator[tuple[Service, int, Indicator]]:
        """Give every indicator with its service and its number (from 0) in the service's file."""
        for service in self.files.services.values():
            for number, indicator in enumerate(service.indicators):
                yield service, number, indicator

    def line(self, path: Path, *place: str | int) -> int:
        """Find the line (from 1) of a place in a file; the file is only parsed again where something is wrong in it."""
        if path not in self._roots:
            try:
                self._roots[path] = yaml.compose(path.read_bytes(), Loader=yaml.SafeLoader)
            except (OSError, yaml.YAMLError):  # it was read a moment ago: somebody edits it right now
                self._roots[path] = None
        return strict_yaml.line_of(self._roots[path], place)

    def issue(self, service: Service, place: tuple[str | int, ...], rule: str, message: str) -> Issue:
        """Make an error of what is wrong at a place in a service's file."""
        return Issue(str(service.path), self.line(service.path, *place), rule, message)
