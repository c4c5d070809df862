"""Sessions: maximal runs of one who's activity on one service with no gap of 30 minutes or more, over all sources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from shadowai.activity.columns import packed
from shadowai.model import MINUTE

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

GAP = 30 * MINUTE  # ns

_RUN = ("department", "name", "who")


def those(rows: pd.DataFrame, test: pd.Series[bool]) -> pd.DataFrame:
    """Give the rows that pass a test: where all do, the frame itself, for a copy takes as much memory again."""
    return rows if test.all() else rows[test]


def number_runs(seen: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Number the runs in a frame of service rows: each row's number, from 0 in the order of department, service, who.

    A row without a time is in a run with those of its like that have none either.
    """
    if seen.empty:
        return np.empty(0, dtype=np.int64)
    keys = packed((seen[name].cat.codes.to_numpy(), len(seen[name].cat.categories)) for name in _RUN)
    first, last = seen["first"].to_numpy(), seen["last"].to_numpy()
    order = np.lexsort((first, *reversed(keys)))
    changes = np.zeros(len(seen), dtype=bool)
    for key in keys:
        ordered = key[order]
        changes[1:] |= ordered[1:] != ordered[:-1]
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
    run = seen["run"].to_numpy()
    makes = np.zeros(run.max(initial=-1) + 1, dtype=bool)
    makes[run[seen["basis"].to_numpy()]] = True
    rows = np.flatnonzero(makes[run])
    # By numpy, with one sorting for all columns: grouping them by pandas took three times as long.
    order = rows[np.lexsort((seen["first"].to_numpy()[rows], run[rows]))]
    starts = np.flatnonzero(np.diff(run[order], prepend=-1))
    firsts = order[starts]
    table = pd.DataFrame({name: seen[name].iloc[firsts].array for name in (*_RUN, "individual", "groups")})
    table.index = pd.Index(run[firsts], name="run")
    table["start"] = _reduced(np.minimum, seen["minute"].to_numpy()[order], starts)
    table["begin"] = seen["first"].to_numpy()[firsts]
    table["end"] = _reduced(np.maximum, seen["last"].to_numpy()[order], starts)
    kinds = seen["kind"].cat.codes.to_numpy()[order]
    for column in ("bytes_up", "bytes_down"):
        known = seen[f"{column}_known"].to_numpy()[order] > 0
        table[column] = _largest_kind(kinds, seen[column].to_numpy()[order], known, starts)
    return table


def _reduced(how: np.ufunc, ordered: npt.NDArray[Any], starts: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
    return how.reduceat(ordered, starts) if len(starts) else ordered


def _largest_kind(
    kinds: npt.NDArray[Any], sizes: npt.NDArray[np.int64], known: npt.NDArray[np.bool_], starts: npt.NDArray[np.int64]
) -> pd.api.extensions.ExtensionArray:
    """Add up the known bytes of each source kind in each run, and give the largest sum; NA where no kind knew them."""
    largest = np.zeros(len(starts), dtype=np.int64)
    is_known = np.zeros(len(starts), dtype=bool)
    for kind in np.unique(kinds[known]).tolist():
        mine = known & (kinds == kind)
        largest = np.maximum(largest, _reduced(np.add, np.where(mine, sizes, 0), starts))
        is_known |= _reduced(np.logical_or, mine, starts)
    return pd.arrays.IntegerArray(largest, ~is_known)


def sum_or_none(values: pd.Series) -> int | None:
    """Add up the known values; None where none is known."""
    return None if values.isna().all() else int(values.sum())


def distinct(frame: pd.DataFrame, by: Sequence[str]) -> pd.Series:
    """Count the distinct individuals by the given columns."""
    return frame[frame["individual"]].groupby(list(by), observed=True)["who"].nunique()
