"""The rows of services laid out for counting: what was let through, the sessions made of it, what was denied or asked.

Denied requests count only as blocked; telemetry and CDN contacts count nowhere; look-ups alone are not use; contacts
with shared or embedded hosts alone leave a department's use of a service "not proven".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from shadowai.activity.sessions import number_runs, session_table
from shadowai.activity.uses import add_uses
from shadowai.model import Use

if TYPE_CHECKING:
    from collections.abc import Collection

    from shadowai.activity.uses import Limits

PAIR = ["department", "name"]  # name: of the service, its id


class Tables(NamedTuple):
    """The rows that count, the sessions made of them, the denied rows, the look-ups alone, the background runs.

    `looked_up` has a line a (department, name, who), `background` one a run.
    """

    seen: pd.DataFrame
    sessions: pd.DataFrame
    denied: pd.DataFrame
    looked_up: pd.DataFrame
    background: pd.DataFrame

    def of(self, departments: Collection[str]) -> Tables:
        """Give the part of some departments."""
        return Tables(*(table[table["department"].isin(departments)] for table in self))

    def under(self, name: str) -> Tables:
        """Give everything as if it were one department's."""
        return Tables(*(_relabelled(table, name) for table in self))


def tables_of(rows: pd.DataFrame, code: Collection[str], limits: Limits) -> Tables:
    """Lay out the service rows of an attributed frame; `code` are the ids of services that write code."""
    denied = rows[rows["denied"]]
    seen = _marked(_let_through(rows[~rows["denied"] & ~rows["noise"]], denied).copy())
    sessions = session_table(seen)
    add_uses(sessions, seen, code, limits)
    background = sessions[sessions["use"] == Use.BACKGROUND]
    if len(background):
        seen = _marked(seen[~seen["run"].isin(background.index)].copy())
        sessions = session_table(seen)
        add_uses(sessions, seen, code, limits)
    proven = seen.groupby("run")["proven"].first().reindex(sessions.index)
    sessions["proven"] = proven.astype(bool)
    return Tables(seen, sessions, denied, _looked_up(seen, denied), background)


def _let_through(seen: pd.DataFrame, denied: pd.DataFrame) -> pd.DataFrame:
    """Leave out what one source denied and another saw begin: contacts without an answer beside a denial in time."""
    unanswered = (seen["contact"] & (seen["bytes_down_known"] > 0) & (seen["bytes_down"] == 0)).to_numpy()
    if denied.empty or not unanswered.any():
        return seen
    near = denied[[*PAIR, "who", "minute"]]
    beside = pd.concat([near.assign(minute=near["minute"] + step) for step in (-1, 0, 1)]).drop_duplicates()
    rows = seen.loc[unanswered, [*PAIR, "who", "minute"]]
    found = rows.assign(row=rows.index).merge(beside, on=[*PAIR, "who", "minute"])["row"]
    return seen[~seen.index.isin(found)]


def _marked(seen: pd.DataFrame) -> pd.DataFrame:
    """Mark which rows prove use, which pairs are proven, which rows make a session, and which run each is of."""
    seen["proof"] = seen["contact"] & seen["proving"]
    seen["proven"] = seen.groupby(PAIR, observed=True)["proof"].transform("any").astype(bool)
    seen["basis"] = seen["contact"] & (seen["proving"] | ~seen["proven"])
    seen["run"] = number_runs(seen)
    return seen


def _looked_up(seen: pd.DataFrame, denied: pd.DataFrame) -> pd.DataFrame:
    """Give the (department, service, who) that only looked the name up."""
    triple = [*PAIR, "who"]
    asked = seen.loc[~seen["contact"] & seen["individual"], triple].drop_duplicates()
    more = pd.concat([seen.loc[seen["contact"], triple], denied.loc[denied["contact"], triple]]).drop_duplicates()
    merged = asked.merge(more, on=triple, how="left", indicator=True)
    return merged.loc[merged["_merge"] == "left_only", triple]


def _relabelled(table: pd.DataFrame, name: str) -> pd.DataFrame:
    label = pd.Categorical.from_codes([0] * len(table), categories=pd.Index([name], dtype=object))
    return table.assign(department=label)
