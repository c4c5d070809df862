"""A new service's file, from the answers that `shadowai signatures new` gets."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import ValidationError

from shadowai.errors import SignatureError
from shadowai.signatures.canonical import rewrite, write_service
from shadowai.signatures.files import Service
from shadowai.signatures.kinds import PLACEHOLDER, IndicatorKind
from shadowai.signatures.lint import lint
from shadowai.signatures.lint.spelling import misspellings
from shadowai.signatures.schema import Indicator, ServiceFile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from shadowai.signatures.files import SignatureFiles
    from shadowai.signatures.lint import Issue


class Draft(NamedTuple):
    """A service that is no file yet: where it will lie, what it will hold, and what lint says of it."""

    path: Path
    text: str
    issues: list[Issue]

    def save(self) -> None:
        """Write the file, and the folders that it lies in where there are none."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        rewrite(self.path, self.text)


def id_of(name: str) -> str:
    """Make an id of a service's name: lower case words joined by hyphens; "" where it has no letter or digit."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall(r"[a-z0-9]+", plain))


def problem_of(kind: str, value: str, role: str) -> str | None:
    """Say what is wrong with one indicator; None where nothing is."""
    for wrong in misspellings(kind, value):
        return wrong.message
    try:
        Indicator.model_validate({"kind": kind, "value": value, "role": role})
    except ValidationError as error:
        return "; ".join(one["msg"].removeprefix("Value error, ") for one in error.errors())
    return None


def examples_for(indicators: Sequence[Mapping[str, str]]) -> dict[str, list[str]]:
    """Suggest examples: each indicator as it would be met, and its look-alikes."""
    match = [_instance(one["kind"], one["value"]) for one in indicators]
    hosts = [one["value"].partition("/")[0] for one in indicators if one["kind"] in _NAMES]
    hosts = [PLACEHOLDER.sub("x1", host) for host in hosts]
    no_match = [other for host in hosts for other in (f"not{host}", f"{host}.evil.test")]
    return {"match": match, "no_match": no_match or ["www.example.com"]}


_NAMES = (IndicatorKind.DOMAIN, IndicatorKind.HOST, IndicatorKind.PATTERN, IndicatorKind.URL)


def _instance(kind: str, value: str) -> str:
    if kind in (IndicatorKind.USER_AGENT, IndicatorKind.PROTOCOL):
        return f"{kind}: {value}"
    if kind == IndicatorKind.URL:
        return f"https://{value}"
    if kind == IndicatorKind.ENDPOINT:
        return f"http://10.0.0.5{value}"
    return value.partition("/")[0] if kind == IndicatorKind.ADDRESS else PLACEHOLDER.sub("x1", value)


def draft(files: SignatureFiles, path: Path, answers: Mapping[str, Any], today: date) -> Draft:
    """Make a file of the answers (the schema's keys) and lint it among the others.

    Raises SignatureError where the answers break the schema, or the id is taken.
    """
    if path.stem in files.services:
        raise SignatureError(f"the id {path.stem} stands in {files.services[path.stem].path}", where=path)
    try:
        file = ServiceFile.model_validate({"verified": today, **answers})
    except ValidationError as error:
        said = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
        raise SignatureError("; ".join(said), where=path) from error
    service = Service(path.stem, path.parent.name, path, file)
    among = replace(files, services={**files.services, service.id: service})
    issues = [issue for issue in lint(among, today) if issue.path == str(path)]
    return Draft(path, write_service(file), issues)
