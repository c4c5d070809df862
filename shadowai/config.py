"""shadowai.toml and the environment, read into settings; the command line overrides them.

    directory = "directory"          # paths are relative to the file
    policy = "policy.yaml"
    workers = 2
    zone = "Europe/Berlin"           # of log times that name none
    date_order = "day-first"         # or "month-first": of log dates such as 05/06/2026, which are refused without it
    signatures = "our-signatures"    # services of your own, laid over the database
    tls_keylog = "keys.log"          # TLS secrets, with which captures are read deeply

    [logformats]                     # a format of your own in the language of Squid, NGINX or Apache
    our-squid = "squid:%ts.%03tu %>a %un %rm %ru %>Hs %>st %<st"

    [columns.our-proxy]              # a CSV format of your own: our field = header name
    time = "When"
    host = "Destination"

Environment variables: SHADOWAI_CONFIG names the file; SHADOWAI_DIRECTORY, SHADOWAI_POLICY, SHADOWAI_SIGNATURES,
SHADOWAI_WORKERS, SHADOWAI_ZONE, SHADOWAI_DATE_ORDER and SHADOWAI_TLS_KEYLOG stand above it.
"""

from __future__ import annotations

import os
import tomllib
import zoneinfo
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from shadowai.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import ErrorDetails

_ENVIRONMENT = ("directory", "policy", "signatures", "workers", "zone", "date_order", "tls_keylog")
_Name = Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]


class Settings(BaseModel):
    """What a scan needs beside its sources. `columns` maps a format's name to {our field: header name}.

    `logformats` maps a format's name to its text in a server's own language, such as `squid:%ts %>a %ru`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    directory: Path | None = None
    policy: Path | None = None
    signatures: Path | None = None
    workers: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1, le=256)
    zone: str = "UTC"
    date_order: Literal["day-first", "month-first"] | None = None
    tls_keylog: Path | None = None
    columns: dict[_Name, dict[str, str]] = Field(default_factory=dict)
    logformats: dict[_Name, str] = Field(default_factory=dict)

    @field_validator("zone")
    @classmethod
    def _zone_exists(cls, zone: str) -> str:
        try:
            zoneinfo.ZoneInfo(zone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError) as error:
            message = f"{zone!r} is no IANA time zone (for example Europe/Berlin)"
            raise ValueError(message) from error
        return zone


def load_settings(path: Path | None, environment: Mapping[str, str], **given: object) -> Settings:
    """Read settings; `given` (where not None) stands above the environment, which stands above the file.

    Raises UsageError naming the file and the key.
    """
    named = path or (Path(environment["SHADOWAI_CONFIG"]) if environment.get("SHADOWAI_CONFIG") else None)
    values = _read(named) if named else {}
    origins = {name: f"{named}: {name}" for name in values}
    for name in _ENVIRONMENT:
        variable = f"SHADOWAI_{name.upper()}"
        if value := environment.get(variable):
            values[name], origins[name] = value, variable
    for name, option in given.items():
        if option is not None:
            values[name], origins[name] = option, f"--{name.replace('_', '-')}"
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise UsageError("\n".join(_explain(problem, origins) for problem in error.errors())) from error


def _explain(problem: ErrorDetails, origins: Mapping[str, str]) -> str:
    first, *rest = map(str, problem["loc"])
    place = ".".join([origins.get(first, first), *rest])
    if problem["type"] == "extra_forbidden":
        return f"{place}: no such key; there are {', '.join(Settings.model_fields)}"
    return f"{place}: {problem['msg'].removeprefix('Value error, ')}"


def _read(path: Path) -> dict[str, object]:
    try:
        values: dict[str, object] = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(error.strerror or "cannot be read", where=path) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"is not valid TOML: {error}", where=path) from error
    for name in ("directory", "policy", "signatures", "tls_keylog"):
        if isinstance(value := values.get(name), str):
            values[name] = path.parent / value
    return values
