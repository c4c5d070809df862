"""Batches of a log's observations to columns of activity: what a detector does one by one, done for all of one kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from shadowai.activity.columns import NO_MINUTE, NO_TIME, TEXTS, Columns, merged, texts_by
from shadowai.logs.bulk import NO_COUNT
from shadowai.logs.bulk import NO_TIME as UNTOLD
from shadowai.model import MINUTE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from shadowai.activity.rollup import Finding
    from shadowai.finder import Finder
    from shadowai.logs import Batch
    from shadowai.model import Client

    Ints = npt.NDArray[Any]

OF_FINDING = ("subject", "name", "role", "account")  # what a key has of its finding


def told_by_place(batch: Batch, finder: Finder) -> tuple[Ints, list[Finding]]:
    """Find what each row is about by its place: the number of a finding, -1 where more must be known of the row.

    Each host is asked for once, and where the path decides each path.
    """
    hosts, tenants = batch.texts["host"], batch.texts["tenant"]
    found: dict[Finding | None, int] = {None: -1}
    by_host = np.full(len(hosts.values), -1, dtype=np.int64)
    by_path = np.zeros(len(hosts.values), dtype=bool)
    for code in np.flatnonzero(np.bincount(hosts.codes, minlength=len(hosts.values))).tolist():
        host = hosts.values[code] or ""
        by_host[code] = found.setdefault(finder.find_by_place(batch, host, None), len(found) - 1)
        by_path[code] = finder.is_told_by_path(host)
    numbers = by_host[hosts.codes]
    known: dict[tuple[int, str | None], int] = {}
    for row in np.flatnonzero(by_path[hosts.codes]).tolist():
        path = batch.paths[row]
        if path is not None:
            place = int(hosts.codes[row]), path
            if place not in known:
                finding = finder.find_by_place(batch, hosts.values[place[0]] or "", path)
                known[place] = found.setdefault(finding, len(found) - 1)
            numbers[row] = known[place]
    own = [code for code, name in enumerate(tenants.values) if name is not None and finder.knows_tenant(name)]
    numbers[np.isin(tenants.codes, own)] = -1
    return numbers, [one for one in found if one is not None]


def undated(batch: Batch, numbers: Ints) -> int:
    """Count the rows with the number of a finding that name no time."""
    return int(np.count_nonzero((numbers >= 0) & (batch.times == UNTOLD)))


def within(batch: Batch, numbers: Ints, since: int | None, until: int | None) -> Ints:
    """Give the numbers of findings without those of rows that lie outside a period, or name no time."""
    inside = batch.times != UNTOLD
    if since is not None:
        inside &= batch.times >= since
    if until is not None:
        inside &= batch.times < until
    return np.where(inside, numbers, -1)


def rolled_up(
    batch: Batch, numbers: Ints, findings: Sequence[Finding], client_of: Callable[[str], Client | None]
) -> Columns:
    """Add up the rows of a batch that have the number of a finding (-1: none)."""
    rows = np.flatnonzero(numbers >= 0)
    which, size = numbers[rows], len(rows)
    texts = {name: texts_by(column.codes[rows], column.values) for name, column in batch.texts.items()}
    agents = texts["user_agent"]
    texts |= {name: texts_by(which, [getattr(one, name) for one in findings]) for name in OF_FINDING}
    texts["client"] = texts_by(agents.codes + 1, [None, *map(client_of, agents.distinct)])
    shared = {"evidence": batch.evidence, "action": batch.action, "kind": batch.kind, "file": batch.file}
    texts |= {name: texts_by(np.zeros(size, dtype=np.int64), [value]) for name, value in shared.items()}
    times = batch.times[rows]
    is_dated = times != UNTOLD
    moments = np.where(is_dated, times, NO_TIME)
    up, down = batch.bytes_up[rows], batch.bytes_down[rows]
    numbers_of = {
        "minute": np.where(is_dated, times // MINUTE, NO_MINUTE),
        "detections": np.ones(size, dtype=np.int64),
        "bytes_up": np.maximum(up, 0),
        "bytes_up_known": _known(up),
        "bytes_down": np.maximum(down, 0),
        "bytes_down_known": _known(down),
        "confidence": np.array([one.confidence for one in findings], dtype=np.int64)[which],
        "first": moments,
        "last": moments,
        "request_up": np.where(_having(batch.paths)[rows], np.maximum(up, 0), 0),
    }
    return merged(Columns({name: texts[name] for name in TEXTS}, numbers_of))


def _having(values: Sequence[object]) -> Ints:
    return np.fromiter((value is not None for value in values), dtype=bool, count=len(values))


def _known(counts: Ints) -> Ints:
    known: Ints = (counts != NO_COUNT).astype(np.int64)
    return known
