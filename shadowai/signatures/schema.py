"""The schema of a signature file: one YAML file a service, checked strictly.

The file's stem is the service's id and its folder the category, so neither is written inside it.
`signatures/schema.json` is the JSON Schema generated from `ServiceFile`.
"""

from __future__ import annotations

import ipaddress
import re
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from shadowai.hosts import MAX_PORT, is_address, normalise_host, split_target
from shadowai.model import Role
from shadowai.signatures.kinds import PLACEHOLDER, IndicatorKind, certainty

_ENDPOINT = re.compile(r"(:[1-9][0-9]{0,4})?(/[A-Za-z0-9_.~-]+)+", re.ASCII)
_PROTOCOLS = frozenset({"mcp"})  # what readers can tell (`Observation.protocol`)


def _https(value: str) -> str:
    if not value.startswith("https://"):
        message = f"a reference is an https URL, not {value!r}"
        raise ValueError(message)
    return value


Reference = Annotated[str, AfterValidator(_https), StringConstraints(max_length=500)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=160, strip_whitespace=True, pattern=r"^[^\n]+$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Indicator(_Strict):
    """One thing that betrays a service.

    `confidence` is in percent; where it is not given, the usual one of role and kind stands. `reference` is needed
    where the service's main references do not name the value. `account` is whose account a contact with it is made
    with, where the vendor's documents say so.
    """

    kind: IndicatorKind
    value: Line
    role: Role
    confidence: int = Field(default=-1, ge=-1, le=100)
    account: Literal["personal", "work", "signed-out"] | None = None
    reference: Reference | None = None
    note: Line | None = None

    @model_validator(mode="after")
    def _value_fits_kind(self) -> Self:
        problem = _VALUE_CHECKS[self.kind](self.value)
        if problem:
            message = f"{self.kind} {self.value!r}: {problem}"
            raise ValueError(message)
        return self

    @property
    def certainty(self) -> int:
        """Confidence in percent, the usual one of role and kind where the file gives none."""
        return certainty(self.kind, self.role, self.confidence if self.confidence >= 0 else None)


class Examples(_Strict):
    """Hosts, URLs, addresses, `user-agent: ...` and `protocol: ...` that must, and must not, match this service."""

    match: tuple[Line, ...] = Field(min_length=1)
    no_match: tuple[Line, ...] = Field(min_length=1)


YesNo = Literal["yes", "no"]
Place = Annotated[str, StringConstraints(pattern=r"^([A-Z]{2}|EU)$")]


class TrainingFact(_Strict):
    """Whether the vendor trains on what customers send, by default, in the plan an employee would sign up for alone."""

    value: Literal["yes", "no", "opt-out", "opt-in"]
    reference: Reference


class TextFact(_Strict):
    """A fact in a few words."""

    value: Annotated[str, StringConstraints(min_length=1, max_length=60, strip_whitespace=True)]
    reference: Reference


class YesNoFact(_Strict):
    """Whether something is offered."""

    value: YesNo
    reference: Reference


class CertificationFact(_Strict):
    """What an auditor has certified, or a contract for it is offered."""

    value: tuple[Literal["SOC 2", "ISO 27001", "ISO 27701", "ISO 42001", "HIPAA", "FedRAMP", "C5", "PCI DSS"], ...] = (
        Field(min_length=1)
    )
    reference: Reference


class ResidencyFact(_Strict):
    """Where a customer can have the data kept: ISO 3166-1 alpha-2, or EU."""

    value: tuple[Place, ...] = Field(min_length=1)
    reference: Reference


class OwnershipFact(_Strict):
    """The country of the ultimate owner, ISO 3166-1 alpha-2."""

    value: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
    reference: Reference


class Incident(_Strict):
    """A publicly known data incident of the service."""

    date: date
    summary: Line
    reference: Reference


class Facts(_Strict):
    """What the risk of the service is judged by. What nobody found a source for is absent, and counts as unknown."""

    trains_on_customer_data: TrainingFact | None = None
    retention: TextFact | None = None
    enterprise_tier: YesNoFact | None = None
    sso: YesNoFact | None = None
    certifications: CertificationFact | None = None
    data_residency: ResidencyFact | None = None
    ownership: OwnershipFact | None = None
    incidents: tuple[Incident, ...] = ()


class ServiceFile(_Strict):
    """An AI service, the company behind it, and what betrays it on the network."""

    name: Line
    vendor: Line
    country: Annotated[str, StringConstraints(pattern=r"^([A-Z]{2}|unknown)$")] = "unknown"
    summary: Line
    verified: date
    retired: date | None = None
    references: tuple[Reference, ...] = Field(min_length=1)
    indicators: tuple[Indicator, ...] = Field(min_length=1)
    facts: Facts | None = None
    examples: Examples


def _check_name(value: str) -> str | None:
    if normalise_host(value) != value or "." not in value or is_address(value):
        return "is not a host name in lower case without trailing dot"
    return None


def _check_pattern(value: str) -> str | None:
    if not PLACEHOLDER.search(value):
        return "has no <placeholder>; use kind host or domain"
    if PLACEHOLDER.search(".".join(value.split(".")[-2:])):
        return "a placeholder may not stand in the last two labels"
    return _check_name(PLACEHOLDER.sub("x", value))


def _check_url(value: str) -> str | None:
    target = split_target(value)
    if target is None or target.scheme or target.port or not target.path or target.path == "/":
        return "is not host/path without scheme and port"
    return _check_name(target.host) if value.startswith(target.host) else "its host is not in lower case"


def _check_user_agent(value: str) -> str | None:
    shortest = 4
    return "is too short to prove anything" if len(value) < shortest else None


def _check_endpoint(value: str) -> str | None:
    if not _ENDPOINT.fullmatch(value):
        return "is no path such as /v1/chat/completions, or port and path such as :11434/api/chat"
    port = value.partition("/")[0]
    return "its port is above 65535" if port and int(port[1:]) > MAX_PORT else None


def _check_protocol(value: str) -> str | None:
    return None if value in _PROTOCOLS else f"is none of {', '.join(sorted(_PROTOCOLS))}"


def check_range(value: str) -> str | None:
    """Say what is wrong with an address range in CIDR form; None where nothing is."""
    try:
        network = ipaddress.ip_network(value)
    except ValueError as error:
        return f"is no address range: {error}"
    if "/" not in value or str(network) != value:
        return f"is not in its short form with a prefix length; write {network}"
    return None if network.is_global else "is not on the public Internet"


_VALUE_CHECKS = {
    IndicatorKind.DOMAIN: _check_name,
    IndicatorKind.HOST: _check_name,
    IndicatorKind.PATTERN: _check_pattern,
    IndicatorKind.URL: _check_url,
    IndicatorKind.USER_AGENT: _check_user_agent,
    IndicatorKind.ENDPOINT: _check_endpoint,
    IndicatorKind.PROTOCOL: _check_protocol,
    IndicatorKind.ADDRESS: check_range,
}
