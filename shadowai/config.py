"""shadowai.toml and the environment, read into settings; the command line overrides them.

    directory = "directory"          # paths are relative to the file
    policy = "policy.yaml"
    workers = 2
    zone = "Europe/Berlin"           # of log times that name none
    date_order = "day-first"         # or "month-first": of log dates such as 05/06/2026, which are refused without it
    signatures = "our-signatures"    # services of your own, laid over the database
    tls_keylog = "keys.log"          # TLS secrets, with which captures are read deeply
    names = false                    # true: reports call people by name, and not by number or pseudonym
    key_file = "pseudonyms.key"      # key of pseudonyms that stay the same from report to report; 16 bytes or more

    engine = "dask"                  # `shadowai scan` reads with the workers of a Dask cluster, not with processes here
    dask_address = "tcp://scheduler.example:8786"

    [logformats]                     # a format of your own in the language of Squid, NGINX or Apache
    our-squid = "squid:%ts.%03tu %>a %un %rm %ru %>Hs %>st %<st"

    language = "de"                  # of reports: en, de or fr
    templates = "our-templates"      # report templates of your own, in the place of the shipped ones of the same name
    formats = ["html", "csv", "json"]  # of reports: also xlsx, md and pdf

    [branding]                       # what makes a report the house's own
    name = "Harbour Logistics"
    logo = "logo.svg"                # PNG or SVG
    contact = "security@example.com, extension 1234"
    accent = "#1f5f8b"               # colour of links and headings; accent_dark on the dark page
    accent_dark = "#7cc0ee"

    [columns.our-proxy]              # a CSV format of your own: our field = header name
    time = "When"
    host = "Destination"

    drift = 60                       # seconds by which clocks of DHCP servers, VPNs and sources may differ

    [lease_times]                    # how long leases last, of DHCP servers whose files do not say so
    dnsmasq = "24 h"                 # also windows, zeek

    [directory_columns.people]       # a list of people of your own: our column = header; also .networks, .departments
    user = "Login"
    department = "Cost centre"

    [directory_units]                # the department of a unit, where an export names no department
    "OU=Sales,OU=Staff,DC=corp,DC=example" = "Sales"

    [directory_groups]               # the department of a group, where neither is named
    "grp-legal" = "Legal"

    [directory_spellings]            # other names of a department
    "Human Resources" = "HR"

    [directory_domains]              # short names of Windows domains that are not the first part of the DNS name
    CORP = "ad.corp.example"

Environment variables: SHADOWAI_CONFIG names the file; SHADOWAI_DIRECTORY, SHADOWAI_POLICY, SHADOWAI_SIGNATURES,
SHADOWAI_WORKERS, SHADOWAI_ENGINE, SHADOWAI_DASK_ADDRESS, SHADOWAI_ZONE, SHADOWAI_DATE_ORDER, SHADOWAI_TLS_KEYLOG,
SHADOWAI_KEY_FILE and SHADOWAI_LANGUAGE stand above it.
"""

from __future__ import annotations

import os
import zoneinfo
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, field_validator

from shadowai.errors import UsageError
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


class Branding(BaseModel):
    """What makes a report the house's own; what it says is checked where it is used (`shadowai.reports.look`)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(default="", max_length=80)
    logo: Path | None = None
    contact: str = Field(default="", max_length=160)
    accent: str | None = None
    accent_dark: str | None = None


class Settings(BaseModel):
    """What a scan needs beside its sources. `columns` maps a format's name to {our field: header name}.

    `logformats` maps a format's name to its text in a server's own language, such as `squid:%ts %>a %ru`. `drift` is in
    seconds; what begins with `directory_` says how the directory's files are read.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

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
