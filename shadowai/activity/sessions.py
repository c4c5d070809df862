"""Sessions: maximal runs of one who's activity on one service with no gap of 30 minutes or more, over all sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shadowai.model import MINUTE

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

GAP = 30 * MINUTE  # ns
_NO_TIME = -(1 << 62)  # ns; lies before every real time by more than a gap

_RUN = ["department", "name", "who"]


def number_runs(seen: pd.DataFrame) -> pd.Series:
    """Number the runs in a frame of service rows; rows of one run get one number, the index is the frame's."""
    times = seen[["first", "last"]].fillna(_NO_TIME).astype("int64")
    ordered = seen[_RUN].assign(**times).sort_values([*_RUN, "first"], kind="stable")
    until = ordered.groupby(_RUN, sort=False)["last"].cummax().shift()
    same = (ordered[_RUN] == ordered[_RUN].shift()).all(axis=1)
    begins = ~same | (ordered["first"] - until >= GAP)
    return begins.cumsum().reindex(seen.index)


def session_table(seen: pd.DataFrame) -> pd.DataFrame:
    """Make one line a session out of rows that carry a `run` number and the flag `basis` (rows that make a session).

    Columns: department, name, who, individual, start and the bytes of the largest source kind (`bytes_up`,
    `bytes_down`, NA where no source knew them). A run without a basis row is no session.
    """
    runs = seen[seen["run"].isin(seen.loc[seen["basis"], "run"])]
    table = runs.groupby("run", sort=True).agg(
        department=("department", "first"),
        name=("name", "first"),
        who=("who", "first"),
        individual=("individual", "first"),
        start=("minute", "min"),
    )
    for column in ("bytes_up", "bytes_down"):
        table[column] = _largest_kind(runs, column)
    return table


def _largest_kind(runs: pd.DataFrame, column: str) -> pd.Series:
    known = runs[runs[f"{column}_known"] > 0]
    by_kind = known.groupby(["run", "kind"])[column].sum()
    return by_kind.groupby("run").max().astype("Int64")


def sum_or_none(values: pd.Series) -> int | None:
    """Add up the known values; None where none is known."""
    return None if values.isna().all() else int(values.sum())


def distinct(frame: pd.DataFrame, by: Sequence[str]) -> pd.Series:
    """Count the distinct individuals by the given columns."""
    return frame[frame["individual"]].groupby(list(by))["who"].nunique()
