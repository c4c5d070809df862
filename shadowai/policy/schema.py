"""The schema of the policy file, checked strictly: unknown keys are refused, empty lists too."""

from __future__ import annotations

import difflib
import re
from datetime import date
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from shadowai.model import Account, Status, Use
from shadowai.policy.risk import DEFAULT_WEIGHTS, HIGHEST, TRUSTED
from shadowai.policy.sizes import parse_size
from shadowai.policy.tenants import check_tenant

MAX_RULES = 10_000
MAX_NAMES = 200_000  # in all lists of all rules together
RULED_USES = (Use.CHAT, Use.CODE, Use.API, Use.AGENT, Use.UPLOAD, Use.DOWNLOAD)
"""Kinds of use that a rule may name: a look-up and background noise are no use, and of the unknown nothing is known."""

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_COUNTRY = re.compile(r"[A-Z]{2}|unknown", re.ASCII)


def _day(value: object) -> object:
    if isinstance(value, str) and not _DAY.fullmatch(value):
        raise ValueError(f"{value!r:.40} is not a date; write it as YYYY-MM-DD")
    if type(value) not in (str, date):
        raise ValueError("is not a date; write it as YYYY-MM-DD, without a time")
    return value


def _country(value: object) -> object:
    # YAML 1.1 reads the bare word NO as false, and Norway would vanish from the list.
    hint = "put the code in quotes: 'NO'" if value is False else "write two capital letters (ISO 3166-1), or unknown"
    if not isinstance(value, str) or not _COUNTRY.fullmatch(value):
        raise ValueError(f"{value!r:.40} is not a country; {hint}")
    return value


def _one_of(kind: str, names: tuple[str, ...]) -> BeforeValidator:
    def check(value: object) -> object:
        if value in names:
            return value
        close = difflib.get_close_matches(value[:80].casefold(), names) if isinstance(value, str) else []
        meant = f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(names)}"
        raise ValueError(f"{value!r:.40} is no {kind}; {meant}")

    return BeforeValidator(check)


def _tenant(value: object) -> str:
    return check_tenant(str(value))


Name = Annotated[str, StringConstraints(min_length=1, max_length=320, strip_whitespace=True)]
Names = Annotated[tuple[Name, ...], Field(min_length=1)]
Country = Annotated[str, BeforeValidator(_country)]
Countries = Annotated[tuple[Country, ...], Field(min_length=1)]
Day = Annotated[date, BeforeValidator(_day)]
RuledAccount = Annotated[Account, _one_of("account", tuple(Account))]
RuledUse = Annotated[Use, _one_of("kind of use", RULED_USES)]
Score = Annotated[float, Field(ge=0, le=HIGHEST, strict=True, allow_inf_nan=False)]
Weight = Annotated[float, Field(ge=0, le=100, strict=True, allow_inf_nan=False)]
Size = Annotated[int, BeforeValidator(parse_size)]
Tenants = Annotated[tuple[Annotated[str, BeforeValidator(_tenant)], ...], Field(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rule(_Strict):
    """One rule. Every key that is given must fit, and a list fits when one of its members does; an absent key fits all.

    `risk` is the least risk score (0 to 10) of the services that it covers. A rule for a department holds for those
    below it too. `people` are users as people.csv writes them. `from` and `until` are days in UTC, both included.
    """

    status: Status
    services: Names | None = None
    vendors: Names | None = None
    categories: Names | None = None
    countries: Countries | None = None
    risk: Score | None = None
    accounts: Annotated[tuple[RuledAccount, ...], Field(min_length=1)] | None = None
    kinds: Annotated[tuple[RuledUse, ...], Field(min_length=1)] | None = None
    departments: Names | None = None
    people: Names | None = None
    groups: Names | None = None
    from_: Day | None = Field(default=None, alias="from")
    until: Day | None = None
    owner: Name | None = None
    reason: Name | None = None

    @model_validator(mode="after")
    def _dates_in_order(self) -> Self:
        if self.from_ is not None and self.until is not None and self.until < self.from_:
            raise ValueError("until lies before from; swap the two dates")
        return self


class UploadLimits(_Strict):
    """From how many bytes up one request, or one connection whose requests cannot be told apart, is an upload.

    A connection carries cookies, handshakes and many requests, so that it takes more to prove one.
    """

    request: Size = 100_000
    connection: Size = 1_000_000


def _both(value: Any) -> Any:  # noqa: ANN401  # what stands in the file, before it is checked
    return {"request": value, "connection": value} if isinstance(value, int | str) else value


class Limits(_Strict):
    """Thresholds by which kinds of use are told apart."""

    upload: Annotated[UploadLimits, BeforeValidator(_both)] = UploadLimits()


class RiskWeights(_Strict):
    """How much each part of a service's risk counts; only their proportions matter (see `shadowai.policy.risk`)."""

    trains_on_customer_data: Weight = DEFAULT_WEIGHTS["trains_on_customer_data"]
    retention: Weight = DEFAULT_WEIGHTS["retention"]
    enterprise_tier: Weight = DEFAULT_WEIGHTS["enterprise_tier"]
    sso: Weight = DEFAULT_WEIGHTS["sso"]
    certifications: Weight = DEFAULT_WEIGHTS["certifications"]
    data_residency: Weight = DEFAULT_WEIGHTS["data_residency"]
    country: Weight = DEFAULT_WEIGHTS["country"]
    ownership: Weight = DEFAULT_WEIGHTS["ownership"]
    incidents: Weight = DEFAULT_WEIGHTS["incidents"]

    @model_validator(mode="after")
    def _something_counts(self) -> Self:
        if not any(self.model_dump().values()):
            raise ValueError("all risk_weights are 0; give at least one of them a weight")
        return self


class PolicyFile(_Strict):
    """The whole file.

    `default` is the status where no rule fits. `alternatives` maps a category or a service to the service that people
    should use. `tenants` are hosts, host patterns and host/path prefixes that prove the organisation's own account, by
    service, or `*` for any. `trusted_countries` (ISO 3166-1, or EU) raise no service's risk. `warn_days` says how many
    days before its end an exception is listed.
    """

    default: Status = Status.UNSANCTIONED
    rules: Annotated[tuple[Rule, ...], Field(max_length=MAX_RULES)] = ()
    alternatives: dict[Name, Name] = {}
    tenants: dict[Name, Tenants] = {}
    limits: Limits = Limits()
    risk_weights: RiskWeights = RiskWeights()
    trusted_countries: Countries = TRUSTED
    warn_days: Annotated[int, Field(ge=0, le=3650, strict=True)] = 30

    @model_validator(mode="before")
    @classmethod
    def _tenants_of_any(cls, document: Any) -> Any:  # noqa: ANN401  # what stands in the file, before it is checked
        if isinstance(document, dict) and isinstance(document.get("tenants"), list):
            return {**document, "tenants": {"*": document["tenants"]}}
        return document
