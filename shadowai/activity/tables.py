"""The rows of services laid out for counting: what was let through, the sessions made of it, what was denied or asked.

Denied requests count only as blocked; telemetry and CDN contacts count nowhere; look-ups alone are not use; contacts
with shared or embedded hosts alone leave a department's use of a service "not proven".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from shadowai.activity.sessions import number_runs, session_table, those
from shadowai.activity.uses import add_uses
from shadowai.model import Use

if TYPE_CHECKING:
    from collections.abc import Collection

    from shadowai.activity.uses import Limits

PAIR = ["department", "name"]  # name: of the service, its id


class Tables(NamedTuple):
    """The rows that count, the sessions made of them, the denied rows, the look-ups alone, the background runs.

    `looked_up` has a line a (department, name, who), `background` one a run. Of a session `proof` says whether it
    proves use by itself, `proven` whether anything of its service and department does.
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
        """Give everything as if it were one department's, but for the runs: what is proven in one part is in all.

        Who looked a name up in one part and made a contact in another, having moved, did not only look it up.
        """
        seen, sessions, denied, _, background = (_relabelled(table, name) for table in self)
        _mark_basis(seen)
        proven = sessions["name"].isin(seen.loc[seen["proof"], "name"].unique())
        sessions = sessions.assign(proven=proven)[sessions["proof"] | ~proven]
        return Tables(seen, sessions, denied, _looked_up(seen, denied), background)


def tables_of(rows: pd.DataFrame, code: Collection[str], limits: Limits) -> Tables:
    """Lay out the service rows of an attributed frame; `code` are the ids of services that write code."""
    denied = rows[rows["denied"]]
    seen = _marked(_let_through(those(rows, ~rows["denied"] & ~rows["noise"]), denied))
    sessions = session_table(seen)
    add_uses(sessions, seen, code, limits)
    background = sessions[sessions["use"] == Use.BACKGROUND]
    if len(background):
        seen = _marked(seen[~seen["run"].isin(background.index)])
        sessions = session_table(seen)
        add_uses(sessions, seen, code, limits)
    run = seen["run"].to_numpy()
    for name in ("proven", "proof"):
        found = np.zeros(run.max(initial=-1) + 1, dtype=bool)
        found[run[seen[name].to_numpy()]] = True
        sessions[name] = found[sessions.index.to_numpy()]
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
    seen = seen.assign(proof=seen["contact"] & seen["proving"])
    _mark_basis(seen)
    seen["run"] = number_runs(seen)
    return seen


def _mark_basis(seen: pd.DataFrame) -> None:
    """Mark the pairs that are proven, and the rows that make a session: those that prove use, else any contact."""
    names = seen["name"].cat
    pair = seen["department"].cat.codes.to_numpy().astype(np.int64) * len(names.categories) + names.codes.to_numpy()
    is_proven = np.zeros(pair.max(initial=-1) + 1, dtype=bool)
    is_proven[pair[seen["proof"].to_numpy()]] = True
    proven = is_proven[pair]
    seen["proven"] = proven
    seen["basis"] = seen["proof"].to_numpy() | (seen["contact"].to_numpy() & ~proven)


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
