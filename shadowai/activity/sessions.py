"""Sessions: maximal runs of one who's activity on one service with no gap of 30 minutes or more, over all sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from shadowai.model import MINUTE

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

GAP = 30 * MINUTE  # ns

_RUN = ("department", "name", "who")
_SUMMED = ("bytes_up", "bytes_up_known", "bytes_down", "bytes_down_known")
_NEEDED = ["run", *_RUN, "individual", "groups", "minute", "first", "last", "kind", *_SUMMED]


def number_runs(seen: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Number the runs in a frame of service rows: each row's number, from 0 in the order of department, service, who.

    A row without a time is in a run with those of its like that have none either.
    """
    if seen.empty:
        return np.empty(0, dtype=np.int64)
    codes = [seen[name].cat.codes.to_numpy() for name in _RUN]
    first, last = seen["first"].to_numpy(), seen["last"].to_numpy()
    order = np.lexsort((first, *reversed(codes)))
    changes = np.zeros(len(seen), dtype=bool)
    for code in codes:
        changes[1:] |= code[order][1:] != code[order][:-1]
    changes[0] = True
    until = pd.Series(last[order]).groupby(np.cumsum(changes), sort=False).cummax().to_numpy()
    begins = changes.copy()
    begins[1:] |= first[order][1:] - until[:-1] >= GAP
    runs = np.empty(len(seen), dtype=np.int64)
    runs[order] = np.cumsum(begins) - 1
    return runs


def session_table(seen: pd.DataFrame) -> pd.DataFrame:
    """Make one line a session out of rows that carry a `run` number and the flag `basis` (rows that make a session).

    Columns: department, name, who, individual, groups, `start` (minute), `begin` and `end` (ns) and the bytes of the
    largest source kind (`bytes_up`, `bytes_down`, NA where no source knew them), by run number. A run without a basis
    row is no session.
    """
    makes = np.unique(seen.loc[seen["basis"], "run"].to_numpy())
    # Some columns, and no sorting of whole rows: of ten million that took half of the time.
    runs = seen[_NEEDED][np.isin(seen["run"].to_numpy(), makes)]
    run = runs["run"].to_numpy()
    order = np.lexsort((runs["first"].to_numpy(), run))
    starts = order[np.flatnonzero(np.diff(run[order], prepend=-1))]
    table = runs[["run", *_RUN, "individual", "groups"]].iloc[starts].set_index("run")
    by_run = runs.groupby("run", sort=True)
    table["start"] = by_run["minute"].min()
    table["begin"] = by_run["first"].min()
    table["end"] = by_run["last"].max()
    for column in ("bytes_up", "bytes_down"):
        table[column] = _largest_kind(runs, column).reindex(table.index)
    return table


def _largest_kind(runs: pd.DataFrame, column: str) -> pd.Series:
    known = runs[runs[f"{column}_known"] > 0]
    by_kind = known.groupby(["run", "kind"], observed=True)[column].sum()
    return by_kind.groupby("run").max().astype("Int64")


def sum_or_none(values: pd.Series) -> int | None:
    """Add up the known values; None where none is known."""
    return None if values.isna().all() else int(values.sum())


def distinct(frame: pd.DataFrame, by: Sequence[str]) -> pd.Series:
    """Count the distinct individuals by the given columns."""
    return frame[frame["individual"]].groupby(list(by), observed=True)["who"].nunique()
