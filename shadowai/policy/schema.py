"""The schema of the policy file, checked strictly: unknown keys are refused, empty lists too."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from shadowai.model import Status

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_COUNTRY = re.compile(r"[A-Z]{2}|unknown", re.ASCII)


def _day(value: object) -> object:
    if isinstance(value, str) and not _DAY.fullmatch(value):
        raise ValueError(f"{value!r} is not a date; write it as YYYY-MM-DD")
    if type(value) not in (str, date):
        raise ValueError("is not a date; write it as YYYY-MM-DD, without a time")
    return value


def _country(value: object) -> object:
    # YAML 1.1 reads the bare word NO as false, and Norway would vanish from the list.
    hint = "put the code in quotes: 'NO'" if value is False else "write two capital letters (ISO 3166-1), or unknown"
    if not isinstance(value, str) or not _COUNTRY.fullmatch(value):
        raise ValueError(f"{value!r} is not a country; {hint}")
    return value


Name = Annotated[str, StringConstraints(min_length=1, max_length=320, strip_whitespace=True)]
Names = Annotated[tuple[Name, ...], Field(min_length=1)]
Country = Annotated[str, BeforeValidator(_country)]
Day = Annotated[date, BeforeValidator(_day)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rule(_Strict):
    """One rule. Every key that is given must fit, and a list fits when one of its members does; an absent key fits all.

    `from` and `until` are days in UTC, both included. `people` are users as people.csv writes them.
    """

    status: Status
    services: Names | None = None
    vendors: Names | None = None
    categories: Names | None = None
    countries: Annotated[tuple[Country, ...], Field(min_length=1)] | None = None
    departments: Names | None = None
    people: Names | None = None
    from_: Day | None = Field(default=None, alias="from")
    until: Day | None = None
    owner: Name | None = None
    reason: Name | None = None

    @model_validator(mode="after")
    def _dates_in_order(self) -> Self:
        if self.from_ is not None and self.until is not None and self.until < self.from_:
            raise ValueError("until lies before from; swap the two dates")
        return self


class PolicyFile(_Strict):
    """The whole file: the status where no rule matches, the rules in order of precedence, and what to use instead.

    `alternatives` maps a category or a service to the service that people should use.
    """

    default: Status = Status.UNSANCTIONED
    rules: tuple[Rule, ...] = ()
    alternatives: dict[Name, Name] = {}
