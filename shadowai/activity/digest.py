"""What a report counts in: the rows of services with their sessions made, part by part, and then added up.

Sessions need every minute of a person's use. Once they are made nothing else does, so that rows that only differ in
their time are added up: of ten million some hundred thousand are left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from shadowai.activity.columns import ADDED, grouped, packed
from shadowai.activity.frame import NO_TIME
from shadowai.activity.rollup import Subject
from shadowai.activity.sessions import those
from shadowai.activity.tables import PAIR, Tables, tables_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    import numpy.typing as npt

    from shadowai.activity.uses import Limits

_WHO = (*PAIR, "who", "individual", "groups")
_KEYS = (*_WHO, "account", "role", "evidence", "file", "contact")
_SEEN = (*_KEYS, "proof", "basis", "proven", "dated")
_DENIED = (*_KEYS, "dated")
_ROWS = (*PAIR, "who", "individual", "reason", "subject", "noise", "denied", "told", "dated")
_FLAGS = {"individual", "contact", "proof", "basis", "proven", "dated", "noise", "denied", "told"}
_GREATEST = ("confidence", "last", "minute")


class Digest(NamedTuple):
    """The tables of services, and all rows of an attributed frame; both added up over time, but for other subjects.

    In `tables` what is `seen` or `denied` has a line for each of `_KEYS`, with the latest minute. In `rows` those about
    services have a line for each person, service and reason of attribution.
    """

    tables: Tables
    rows: pd.DataFrame


def digest_of(parts: Iterable[pd.DataFrame], code: Collection[str], limits: Limits) -> Digest:
    """Work on an attributed frame part by part; a department is in one part whole.

    `code` are the ids of services that write code.
    """
    found = [_digest(part, code, limits) for part in parts]
    tables = Tables(*(_together(some) for some in zip(*(one.tables for one in found), strict=True)))
    return Digest(tables, _together([one.rows for one in found]))


def _digest(part: pd.DataFrame, code: Collection[str], limits: Limits) -> Digest:
    is_service = part["subject"] == Subject.SERVICE
    services, others = those(part, is_service), part[~is_service]
    tables = tables_of(services, code, limits)
    whole = tables._replace(seen=condensed(tables.seen, _SEEN), denied=condensed(tables.denied, _DENIED))
    rows = condensed(services, _ROWS)
    return Digest(whole, _together([rows, others[[name for name in rows.columns if name in others]]]))


def condensed(rows: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Add up the rows that agree in the keys; beside columns of the frame `dated` and `told` (bytes) may be keys."""
    facts = {
        "dated": (rows["first"] != NO_TIME).to_numpy(),
        "told": (rows["bytes_up_known"] + rows["bytes_down_known"] > 0).to_numpy(),
    }
    codes = packed(_coded(name, facts[name] if name in facts else rows[name]) for name in keys)
    order, starts = grouped(codes)
    found = rows[[name for name in keys if name not in facts]].iloc[order[starts]]
    sums = {name: _reduced(np.add, rows[name].to_numpy()[order], starts) for name in ADDED}
    sums |= {name: _reduced(np.maximum, rows[name].to_numpy()[order], starts) for name in _GREATEST}
    sums["first"] = _reduced(np.minimum, rows["first"].to_numpy()[order], starts)
    return found.assign(**sums)


def _coded(name: str, column: Any) -> tuple[npt.NDArray[Any], int]:  # noqa: ANN401  # a column of a frame, or a flag
    if name in _FLAGS:
        return np.asarray(column, dtype=bool), 1
    return column.cat.codes.to_numpy(), len(column.cat.categories)


def _reduced(how: np.ufunc, ordered: npt.NDArray[Any], starts: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
    return how.reduceat(ordered, starts) if len(starts) else ordered


def _together(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put frames of the same columns and categories behind each other; empty ones say nothing of types."""
    filled = [part for part in parts if len(part)] or parts[:1]
    return filled[0].reset_index(drop=True) if len(filled) == 1 else pd.concat(filled, ignore_index=True)
