"""What the policy says of every session, asked at the session's own time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from shadowai.activity.frame import NO_MINUTE
from shadowai.activity.tables import PAIR
from shadowai.model import MINUTE, Account, Use
from shadowai.verdicts import UNKNOWN_DEPARTMENT, Question

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import numpy.typing as npt

    from shadowai.activity.tables import Tables
    from shadowai.verdicts import ServiceFacts, Verdict

DAY_MINUTES = 24 * 60

Pair = tuple[str, str]  # department, service id


@dataclass(frozen=True, slots=True)
class Judge:
    """The policy, as judging needs it.

    `asks` names the columns that its rules ask for beside service and department (who, groups, account, use, start):
    sessions that differ in nothing else get one answer. `lineage` gives a department and those above it.
    """

    services: Mapping[str, ServiceFacts]
    status_of: Callable[[Question], Verdict]
    lineage: Callable[[str], tuple[str, ...]]
    asks: frozenset[str] = frozenset(("who", "groups", "account", "use", "start"))

    def judge(self, sessions: pd.DataFrame) -> list[Verdict]:
        """Give the verdict of each session (see `session_table`), in their order; columns may be missing.

        A session in which much was sent at once is judged for what it was and as an upload: the graver verdict stands.
        """
        known: dict[tuple[Any, ...], Verdict] = {}
        found = [known.get(row) or known.setdefault(row, self._ask(row)) for row in self._rows(sessions)]
        if "use" in self.asks and "upload" in sessions:
            uploads = np.flatnonzero(sessions["upload"].to_numpy())
            part = sessions.iloc[uploads].assign(use=Use.UPLOAD)
            for place, row in zip(uploads, self._rows(part), strict=True):
                found[place] = max(found[place], self._ask(row), key=lambda verdict: verdict.status.gravity)
        return found

    def _rows(self, sessions: pd.DataFrame) -> Iterable[tuple[Any, ...]]:
        columns = [sessions[name].to_numpy(dtype=object) for name in PAIR]
        for name in ("who", "groups", "account", "use"):
            is_asked = name in self.asks and name in sessions
            columns.append(_objects(sessions[name]) if is_asked else np.full(len(sessions), None, dtype=object))
        minutes = sessions["start"].to_numpy()
        days = minutes - minutes % DAY_MINUTES if "start" in self.asks else np.full(len(sessions), NO_MINUTE)
        days[minutes == NO_MINUTE] = NO_MINUTE
        return zip(*columns, days.tolist(), strict=True)

    def _ask(self, row: tuple[Any, ...]) -> Verdict:
        department, name, who, groups, account, use, minute = row
        question = Question(
            service=self.services[name],
            departments=() if department == UNKNOWN_DEPARTMENT else self.lineage(department),
            time=None if minute == NO_MINUTE else minute * MINUTE,
            person=who,
            groups=groups or (),
            account=Account(account) if account else None,
            use=Use(use) if use else None,
        )
        return self.status_of(question)


def add_verdicts(tables: Tables, judge: Judge) -> dict[Pair, Verdict]:
    """Add the column `verdict` to the sessions and give the gravest verdict of each department's use of a service.

    What has no session is judged at its last detection.
    """
    sessions = tables.sessions
    verdicts = judge.judge(sessions)
    sessions["verdict"] = pd.Series(verdicts, index=sessions.index, dtype=object)
    sessions["gravity"] = np.array([verdict.status.gravity for verdict in verdicts], dtype=np.int8)
    gravest: dict[Pair, Verdict] = {}
    pairs = zip(*(sessions[name].to_numpy(dtype=object) for name in PAIR), strict=True)
    for pair, verdict in zip(pairs, verdicts, strict=True):
        note(gravest, pair, verdict)
    columns = [*PAIR, "who", "groups", "account", "minute"]
    rest = _last_rows(pd.concat([tables.seen[columns], tables.denied[columns]]))
    judged = [pair in gravest for pair in zip(rest["department"], rest["name"], strict=True)]
    rest = rest[~np.array(judged, dtype=bool)]
    for department, name, verdict in zip(rest["department"], rest["name"], judge.judge(rest), strict=True):
        note(gravest, (department, name), verdict)
    return gravest


def note(gravest: dict[Pair, Verdict], pair: Pair, verdict: Verdict) -> None:
    """Keep a verdict if it is graver than the one there is."""
    known = gravest.get(pair)
    if known is None or verdict.status.gravity > known.status.gravity:
        gravest[pair] = verdict


def _last_rows(rows: pd.DataFrame) -> pd.DataFrame:
    order = ["minute", "who", "account"]
    last = rows.sort_values(order, kind="stable", na_position="first").groupby(PAIR, observed=True).tail(1)
    return last[[*PAIR, "who", "groups", "account"]].assign(start=last["minute"]).sort_values(PAIR)


def _objects(column: pd.Series) -> npt.NDArray[np.object_]:
    values = column.to_numpy(dtype=object)
    values[column.isna().to_numpy()] = None
    return values
