"""A small world for activity: observations as one line, a directory and a policy as plain functions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from shadowai.activity.frame import attributed_frame
from shadowai.activity.rollup import Activity, Subject
from shadowai.activity.usage import Catalogue, UsageReport, usage
from shadowai.model import (
    MINUTE,
    SECOND,
    Action,
    Attribution,
    Department,
    Evidence,
    Kind,
    Observation,
    Role,
    ServiceFacts,
    Status,
    Verdict,
    Who,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

NINE = 1_763_629_200 * SECOND  # 2025-11-20T09:00:00Z

PEOPLE = {"ann": "Sales", "bob": "Sales", "eve": "Legal"}


@dataclass(frozen=True, slots=True)
class Seen:
    """One detection: `at` minutes after nine, by a user or an address."""

    at: float | None
    who: str
    service: str = "chatgpt"
    evidence: Evidence = Evidence.PROXY
    kind: Kind = Kind.PROXY
    role: Role = Role.DEDICATED
    up: int | None = None
    down: int | None = None
    denied: bool = False
    confidence: int = 95

    def add_to(self, activity: Activity) -> None:
        is_address = self.who[0].isdigit()
        observation = Observation(
            self.evidence,
            self.kind,
            "test",
            "test.log",
            time=None if self.at is None else NINE + round(self.at * MINUTE),
            source_ip=self.who if is_address else None,
            user=None if is_address or self.who == "?" else self.who,
            action=Action.DENIED if self.denied else None,
            bytes_up=self.up,
            bytes_down=self.down,
        )
        activity.add(observation, Subject.SERVICE, self.service, role=self.role, confidence=self.confidence)


def resolve(who: Who, _time: int | None) -> Attribution:
    if who.user in PEOPLE:
        return Attribution(f"person:{who.user}", PEOPLE[who.user], individual=True, reason="user")
    if who.source_ip == "10.0.0.9":
        return Attribution("shared:10.0.0.9", "Sales", individual=False, reason="nat")
    if who.source_ip:
        return Attribution(f"address:{who.source_ip}", None, individual=True, reason="no-network")
    return Attribution("unknown", None, individual=False, reason="no-client-identity")


def judge(service: ServiceFacts, department: str | None, time: int | None, _person: str | None) -> Verdict:
    if service.id == "claude" and department == "Legal":
        return Verdict(Status.PROHIBITED, 1, "ciso@example.com", "privilege")
    if service.id == "copilot":
        late = time is not None and time >= NINE + 60 * MINUTE
        return Verdict(Status.UNSANCTIONED if late else Status.SANCTIONED, 2, until=date(2025, 11, 20))
    return Verdict(Status.UNSANCTIONED)


def facts(service: str) -> ServiceFacts:
    return ServiceFacts(service, service.title(), "Vendor", "US", "chat", "Chat", "A service")


CATALOGUE = Catalogue(
    {name: facts(name) for name in ("chatgpt", "claude", "copilot", "bing")},
    judge,
    lambda service, _category: None if service == "copilot" else "copilot",
)
ROSTER = {name: Department(name, headcount=10) for name in ("Sales", "Legal", "Quiet")}


def rolled_up(seen: Iterable[Seen]) -> Activity:
    activity = Activity()
    for one in seen:
        one.add_to(activity)
    return activity


def report(activity: Activity) -> UsageReport:
    return usage(attributed_frame(activity, resolve), CATALOGUE, ROSTER)
