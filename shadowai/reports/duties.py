"""Which duty a finding touches: the mapping of the evidence pack, read from duties.yaml among the templates.

The mapping is data, with a reference for each line, so that a lawyer can check it and a company can bring its own.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from shadowai import resources
from shadowai.errors import UsageError

FILE = "duties.yaml"
_ADDRESS = re.compile(r"https://[\w.-]+(/[\w./?&=%+~#-]*)?", re.ASCII)


class _Data(BaseModel):
    """A part of the file: frozen, unknown keys refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Framework(_Data):
    """A law or a standard: its name, what it is and when it applies, and the address of its text."""

    name: str
    about: str
    link: str


class Duty(_Data):
    """One duty that a finding touches: where it stands, what it asks for, and why the finding bears upon it."""

    framework: str
    reference: str
    duty: str
    touches: str


class Duties(_Data):
    """The whole mapping: frameworks by id, and duties by finding."""

    frameworks: dict[str, Framework]
    findings: dict[str, tuple[Duty, ...]]

    @model_validator(mode="after")
    def _known(self) -> "Duties":
        for framework in self.frameworks.values():
            if not _ADDRESS.fullmatch(framework.link):
                message = f"{framework.link!r} is no https address"
                raise ValueError(message)
        for duty in (duty for found in self.findings.values() for duty in found):
            if duty.framework not in self.frameworks:
                message = f"{duty.framework!r} is no framework of this file"
                raise ValueError(message)
        return self


@lru_cache(maxsize=8)
def duties(own: Path | None = None) -> Duties:
    """Read the mapping, from the folder `own` where that has one; UsageError where it cannot be read."""
    path = next(place for place in (*([own / FILE] if own else []), resources.templates() / FILE) if place.is_file())
    try:
        return Duties.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError, RecursionError) as error:
        raise UsageError(f"the mapping of duties does not work: {error}", where=path) from error


def messages() -> Iterator[str]:
    """Give every English text of the shipped mapping that a page translates; names and references stay as they are."""
    found = duties()
    yield from (framework.about for framework in found.frameworks.values())
    for duty in (duty for rows in found.findings.values() for duty in rows):
        yield duty.duty
        yield duty.touches
