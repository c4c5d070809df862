"""Whose a contact was, of which department, what the service is, and whether it was allowed: asked and answered.

Times are integers, nanoseconds since 1970-01-01 UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import date

    from shadowai.model import Account, Status, Use

UNKNOWN_DEPARTMENT = "Unknown department"
"""Name under which everybody is listed whose department nobody knows."""


@dataclass(frozen=True, slots=True)
class Attribution:
    """To whom an identity is attributed at a moment.

    `key` is the stable identity of the person, device or shared address; `individual` says whether it is one person or
    device rather than many behind one address; `reason` why it was attributed so; `groups` are the person's.
    """

    key: str
    department: str | None
    individual: bool
    reason: str
    groups: tuple[str, ...] = ()


class Sensitivity(StrEnum):
    """How much harm a department's data would do outside (members in order of harm)."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Department:
    """A department of the directory; `headcount` in people, None where unknown.

    `together` says whether it has a report together with the departments below it, where there are such.
    """

    name: str
    parent: str | None = None
    head: str | None = None
    email: str | None = None
    headcount: int | None = None
    sensitivity: Sensitivity = Sensitivity.NORMAL
    together: bool = True


class RiskFact(NamedTuple):
    """One fact that the risk of a service is judged by: its name (as in the signature schema), its values, its source.

    A fact that is not known is absent.
    """

    name: str
    values: tuple[str, ...]
    reference: str


@dataclass(frozen=True, slots=True)
class ServiceFacts:
    """What the signature database says of a service: `country` is ISO 3166-1 alpha-2 or `unknown`.

    `risk` holds the facts that its risk is judged by, as far as they are known.
    """

    id: str
    name: str
    vendor: str
    country: str
    category: str
    category_name: str
    summary: str
    risk: tuple[RiskFact, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """What the policy is asked: one session, or look-up, of a service.

    `departments` are the own one and those above it, nearest first; none where it is unknown. `time` is in ns since the
    epoch. `person` is a key of `Attribution`; `account` None where the traffic does not tell it.
    """

    service: ServiceFacts
    departments: tuple[str, ...] = ()
    time: int | None = None
    person: str | None = None
    groups: tuple[str, ...] = ()
    account: Account | None = None
    use: Use | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the policy says of a service for a department at a moment.

    `rule` is the number (from 1) of the rule that says so, None for the default, and `line` where it stands in the
    file; `until` is its last day, `scope` what it covers, in words that name no person.
    """

    status: Status
    rule: int | None = None
    owner: str | None = None
    reason: str | None = None
    until: date | None = None
    line: int | None = None
    scope: str | None = None
