"""Flows whose name was read and whose bytes were not there yet: sensors log the two apart, and a run may lie between.

They wait for two days: a flow of which nothing was told by then stays without bytes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from shadowai.activity.columns import KINDS
from shadowai.activity.flows import Note
from shadowai.activity.rollup import Key
from shadowai.history.database import told
from shadowai.history.errors import HistoryError
from shadowai.history.schema import waiting_flow
from shadowai.model import HOUR

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from sqlalchemy import Connection

    from shadowai.history.store import History

PATIENCE = 48 * HOUR
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class WaitingFlow:
    """A flow of a source, by its id there; `number` is its row in the history, None before it is there."""

    source: str
    flow: str
    note: Note
    number: int | None = None


@dataclass(frozen=True, slots=True)
class FlowChange:
    """What a reading changes: flows that need not wait any more, by number, and those that do from now on."""

    gone: Collection[int] = ()
    new: Sequence[WaitingFlow] = ()


def waiting_flows(history: History, sources: Collection[str] | None = None) -> list[WaitingFlow]:
    """Give the flows that wait in some sources, None for all."""
    columns = (waiting_flow.c.id, waiting_flow.c.source, waiting_flow.c.flow, waiting_flow.c.note)
    query = sa.select(*columns).where(waiting_flow.c.workspace == history.workspace).order_by(waiting_flow.c.id)
    if sources is not None:
        query = query.where(waiting_flow.c.source.in_(sources))
    with told(history.engine), history.engine.connect() as connection:
        return [WaitingFlow(row.source, row.flow, _note(row.note), row.id) for row in connection.execute(query)]


def change_flows(connection: Connection, workspace: str, change: FlowChange, now: int) -> None:
    """Note what waits from now (ns) on, and no longer; what has waited for too long is let go of."""
    too_old = waiting_flow.c.workspace == workspace, waiting_flow.c.since < now - PATIENCE
    connection.execute(sa.delete(waiting_flow).where(*too_old))
    gone = sorted(change.gone)
    for at in range(0, len(gone), _AT_ONCE):
        connection.execute(sa.delete(waiting_flow).where(waiting_flow.c.id.in_(gone[at : at + _AT_ONCE])))
    rows = [_row(workspace, one, now) for one in change.new]
    for at in range(0, len(rows), _AT_ONCE):
        connection.execute(sa.insert(waiting_flow), rows[at : at + _AT_ONCE])


def _row(workspace: str, one: WaitingFlow, now: int) -> dict[str, Any]:
    note = one.note
    content = {"key": note.key, "time": note.time, "count": note.count, "up": note.up, "down": note.down}
    return {
        "workspace": workspace,
        "source": one.source,
        "flow": one.flow,
        "since": now,
        "note": json.dumps(content, separators=(",", ":")),
    }


def _note(text: str) -> Note:
    try:
        content = json.loads(text)
        key = Key._make(_typed(zip(Key._fields, content["key"], strict=True)))
        return Note(key, content["time"], content["count"], content["up"], content["down"])
    except (ValueError, KeyError, TypeError) as error:
        raise HistoryError(f"a stored flow is damaged ({error})") from error


def _typed(values: Iterable[tuple[str, Any]]) -> Iterable[Any]:
    for name, value in values:
        kind: Callable[[str], str] | None = KINDS.get(name)
        yield value if value is None or kind is None else kind(value)
