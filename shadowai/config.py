"""shadowai.toml and the environment, read into settings; the command line overrides them.

docs/config.md describes every key, and docs/config.schema.json is made from the models. Paths are relative to the file.

Environment variables: SHADOWAI_CONFIG names the file; those of `_ENVIRONMENT` (SHADOWAI_DIRECTORY, ...) stand above it.
"""

from __future__ import annotations

import os
import zoneinfo
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, PrivateAttr, ValidationError, field_validator

from shadowai.errors import UsageError
from shadowai.settings.credentials import Strict
from shadowai.settings.nightly import HistorySettings, ReportsSettings, ScheduleSettings, SourceSettings, Span, rooted
from shadowai.settings.toml import read_toml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import ErrorDetails

    from shadowai.settings.channels import Channels

_ENVIRONMENT = (
    "directory",
    "policy",
    "signatures",
    "workers",
    "engine",
    "dask_address",
    "zone",
    "date_order",
    "tls_keylog",
    "key_file",
    "language",
)
_Format = Literal["html", "csv", "json", "xlsx", "md", "pdf"]
_Name = Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]
_Servers = dict[Literal["dnsmasq", "windows", "zeek"], Annotated[Span, Field(ge=60)]]


class Branding(Strict):
    """What makes a report the house's own; what it says is checked where it is used (`shadowai.reports.look`)."""

    name: str = Field(default="", max_length=80)
    logo: Path | None = None
    contact: str = Field(default="", max_length=160)
    accent: str | None = None
    accent_dark: str | None = None


class Settings(Strict):
    """What a scan needs beside its sources. `columns` maps a format's name to {our field: header name}.

    `logformats` maps a format's name to its text in a server's own language, such as `squid:%ts %>a %ru`. `drift` is in
    seconds; what begins with `directory_` says how the directory's files are read.
    """

    directory: Path | None = None
    policy: Path | None = None
    signatures: Path | None = None
    workers: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1, le=256)
    engine: Literal["local", "dask"] = "local"
    dask_address: str | None = None
    zone: str = "UTC"
    date_order: Literal["day-first", "month-first"] | None = None
    tls_keylog: Path | None = None
    drift: int = Field(default=60, ge=0, le=3600)
    lease_times: _Servers = Field(default_factory=dict)
    names: bool = False
    key_file: Path | None = None
    columns: dict[_Name, dict[str, str]] = Field(default_factory=dict)
    directory_columns: dict[Literal["people", "networks", "departments"], dict[str, str]] = Field(default_factory=dict)
    directory_units: dict[str, str] = Field(default_factory=dict)
    directory_groups: dict[str, str] = Field(default_factory=dict)
    directory_spellings: dict[str, str] = Field(default_factory=dict)
    directory_domains: dict[str, str] = Field(default_factory=dict)
    logformats: dict[_Name, str] = Field(default_factory=dict)
    feeds: tuple[SourceSettings, ...] = Field(default=(), alias="sources")
    history: HistorySettings = HistorySettings()
    reports: ReportsSettings = ReportsSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    language: str = "en"
    templates: Path | None = None
    formats: tuple[_Format, ...] | None = Field(default=None, min_length=1)
    branding: Branding = Branding()
    mail: dict[str, Any] | None = None
    siem: tuple[dict[str, Any], ...] = ()
    webhooks: tuple[dict[str, Any], ...] = ()
    alerts: dict[str, Any] = Field(default_factory=dict)
    metrics: dict[str, Any] | None = None
    delivery: dict[str, Any] = Field(default_factory=dict)
    _file: Path | None = PrivateAttr(default=None)

    @property
    def day_first(self) -> bool | None:
        """Whether the first number of a log date such as 05/06/2026 is the day; None where nobody says."""
        return None if self.date_order is None else self.date_order == "day-first"

    @cached_property
    def channels(self) -> Channels:
        """What leaves the house: its tables are checked when they are asked for, since a scan needs none of them.

        UsageError that lists every problem, one a line, and no value.
        """
        from shadowai.settings.channels import Channels  # noqa: PLC0415  # takes as long to import as all other settings

        given = {name: value for name in Channels.model_fields if (value := getattr(self, name))}
        try:
            return Channels.model_validate(given, context={"folder": self._file.parent} if self._file else None)
        except ValidationError as error:
            origins = {name: f"{self._file}: {name}" for name in given}
            raise UsageError("\n".join(_explain(problem, origins) for problem in error.errors())) from error

    @field_validator("zone")
    @classmethod
    def _zone_exists(cls, zone: str) -> str:
        try:
            zoneinfo.ZoneInfo(zone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError) as error:
            message = f"{zone!r} is no IANA time zone (for example Europe/Berlin)"
            raise ValueError(message) from error
        return zone


_KEYS = [field.alias or name for name, field in Settings.model_fields.items()]


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
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise UsageError("\n".join(_explain(problem, origins) for problem in error.errors())) from error
    settings._file = named  # noqa: SLF001  # ours: where the paths of `channels` begin
    return settings


def _explain(problem: ErrorDetails, origins: Mapping[str, str]) -> str:
    first, *rest = map(str, problem["loc"])
    place = ".".join([origins.get(first, first), *rest])
    if problem["type"] == "extra_forbidden":
        return f"{place}: no such key; there are {', '.join(_KEYS)}" if not rest else f"{place}: no such key"
    return f"{place}: {problem['msg'].removeprefix('Value error, ')}"


def _read(path: Path) -> dict[str, object]:
    values = read_toml(path)
    for name in ("directory", "policy", "signatures", "tls_keylog", "key_file", "templates"):
        if isinstance(value := values.get(name), str):
            values[name] = path.parent / value
    branding = values.get("branding")
    if isinstance(branding, dict) and isinstance(logo := branding.get("logo"), str):
        branding["logo"] = path.parent / logo
    rooted(values, path.parent)
    return values
