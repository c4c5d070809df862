"""A small world for activity: observations as one line, a directory and a policy as plain functions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from shadowai.activity.digest import digest_of
from shadowai.activity.frame import attributed_frame
from shadowai.activity.judging import Judge
from shadowai.activity.rollup import Activity, Finding, Subject
from shadowai.activity.usage import Catalogue, UsageReport, usage
from shadowai.model import MINUTE, SECOND, Account, Action, Client, Evidence, Kind, Observation, Role, Status, Who
from shadowai.verdicts import Attribution, Department, Question, ServiceFacts, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

NINE = 1_763_629_200 * SECOND  # 2025-11-20T09:00:00Z

TOMORROW = NINE + 15 * 60 * MINUTE

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
    client: Client | None = None
    account: Account | None = None
    path: str | None = None

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
            path=self.path,
        )
        found = Finding(Subject.SERVICE, self.service, self.role, self.confidence, self.account)
        activity.add(observation, found, self.client)


class Everybody:
    """A directory in which time does not matter."""

    def timeless(self, who: Who) -> Attribution:
        return resolve(who)

    def resolve_all(self, who: Who, spans: Iterable[tuple[int | None, int | None]]) -> list[Attribution]:
        raise AssertionError((who, spans))

    def is_learnt(self, _who: Who) -> bool:
        return False

    def resolve_learnt(
        self, people: Sequence[Who], spans: tuple[npt.NDArray[np.int64], ...]
    ) -> tuple[npt.NDArray[np.int64], list[Attribution]]:
        raise AssertionError((people, spans))


def resolve(who: Who) -> Attribution:
    if who.user in PEOPLE:
        return Attribution(f"person:{who.user}", PEOPLE[who.user], individual=True, reason="user")
    if who.source_ip == "10.0.0.9":
        return Attribution("shared:10.0.0.9", "Sales", individual=False, reason="shared-address")
    if who.source_ip:
        return Attribution(f"address:{who.source_ip}", None, individual=True, reason="no-network")
    return Attribution("unknown", None, individual=False, reason="no-client-identity")


def status_of(question: Question) -> Verdict:
    service = question.service.id
    if service == "claude" and "Legal" in question.departments:
        return Verdict(Status.PROHIBITED, 1, "ciso@example.com", "privilege")
    if service == "copilot":
        late = question.time is not None and question.time >= TOMORROW
        return Verdict(Status.UNSANCTIONED if late else Status.SANCTIONED, 2, until=date(2025, 11, 20))
    return Verdict(Status.UNSANCTIONED)


def facts(service: str) -> ServiceFacts:
    category = "code" if service == "cursor" else "chat"
    return ServiceFacts(service, service.title(), "Vendor", "US", category, category.title(), "A service")


CATALOGUE = Catalogue(
    Judge(
        {name: facts(name) for name in ("chatgpt", "claude", "copilot", "bing", "cursor")},
        status_of,
        lambda department: (department,),
    ),
    lambda service, _category: None if service == "copilot" else "copilot",
)
ROSTER = {name: Department(name, headcount=10) for name in ("Sales", "Legal", "Quiet")}


def rolled_up(seen: Iterable[Seen]) -> Activity:
    activity = Activity()
    for one in seen:
        one.add_to(activity)
    return activity


def sizes(roster: Mapping[str, Department]) -> Callable[[Sequence[str]], int | None]:
    """Sizes of departments together where nobody is in two of them."""
    return lambda names: sum(roster[name].headcount or 0 for name in names) or None


def report(activity: Activity, catalogue: Catalogue = CATALOGUE) -> UsageReport:
    digest = digest_of([attributed_frame(activity, Everybody())], catalogue.code, catalogue.limits)
    return usage(digest, catalogue, ROSTER, sizes(ROSTER))
