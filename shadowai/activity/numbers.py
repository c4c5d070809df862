"""The counted fields of each department's use of each service."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import pandas as pd

from shadowai.activity.columns import DAY_MINUTES
from shadowai.activity.frame import NO_MINUTE, NO_TIME
from shadowai.activity.sessions import distinct
from shadowai.activity.tables import PAIR
from shadowai.activity.uses import ACCOUNT_REASONS, REASONS
from shadowai.model import Account, Evidence, Role, Status, Use, iso_time
from shadowai.provenance import Origin
from shadowai.result import AccountCounts, DayUse, EvidenceCounts, HourUse, StatusCounts, UseCounts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shadowai.activity.judging import Pair
    from shadowai.activity.tables import Tables

Columns = dict[str, "dict[Pair, Any]"]

HOUR_MINUTES = 60
FEW_DAYS = 2  # of a report whose hours are told

_COUNTED = [*PAIR, "confidence", "contact", "detections", "evidence", "file", "first", "last", "role"]
_COUNTS = ("people", "people_dns_only", "sessions", "sessions_with_bytes_up", "blocked", "confidence")


def numbers_of(tables: Tables) -> dict[Pair, dict[str, Any]]:
    """Give the counted fields of ServiceUse for each (department, service), in the order of both."""
    columns = _counted(tables) | _by_session(tables)
    return {pair: _row(columns, pair) for pair in columns["confidence"]}


def _counted(tables: Tables) -> Columns:
    seen, sessions, denied, looked_up, _ = tables
    both = pd.concat([seen[_COUNTED], denied[_COUNTED]])
    timed = both[both["first"] != NO_TIME]
    return {
        "confidence": _confidence(both),
        "first_seen": _by_pair(timed.groupby(PAIR, observed=True)["first"].min()),
        "last_seen": _by_pair(timed.groupby(PAIR, observed=True)["last"].max()),
        "roles": {pair: sorted(mine) for pair, mine in _sizes(both, "role").items()},
        "proven": _by_pair(seen.groupby(PAIR, observed=True)["proof"].any()),
        "people": _by_pair(distinct(seen[seen["basis"]], PAIR)),
        "people_dns_only": _by_pair(looked_up.groupby(PAIR, observed=True)["who"].nunique()),
        "sessions": _by_pair(sessions.groupby(PAIR, observed=True).size()),
        "sessions_with_bytes_up": _by_pair(sessions.groupby(PAIR, observed=True)["bytes_up"].count()),
        "blocked": _by_pair(denied.groupby(PAIR, observed=True)["detections"].sum()),
        "bytes_up": _sums(sessions, "bytes_up"),
        "bytes_down": _sums(sessions, "bytes_down"),
        "evidence": _evidence(seen),
        "origins": _origins(both),
    }


def _by_session(tables: Tables) -> Columns:
    sessions = tables.sessions
    uses = _sizes(sessions, "use")
    accounts = _sizes(sessions, "account")
    uploads = _by_pair(sessions[sessions["upload"]].groupby(PAIR, observed=True).size())
    background = _by_pair(tables.background.groupby(PAIR, observed=True).size())
    numbers = _by_pair(sessions.groupby(PAIR, observed=True).size())
    return {
        "days": _days(sessions),
        "hours": _hours(sessions),
        "statuses": {pair: _status_counts(mine) for pair, mine in _sizes(sessions, "gravity").items()},
        "uses": {
            pair: _use_counts(uses.get(pair, {}), int(uploads.get(pair, 0)), int(background.get(pair, 0)))
            for pair in {**uses, **background}
        },
        "use_reasons": {
            pair: tuple(f"{use}: {REASONS[use]}" for use in REASONS if use in mine) for pair, mine in uses.items()
        },
        "account": {pair: _account_counts(int(number), accounts.get(pair, {})) for pair, number in numbers.items()},
        "account_reasons": {
            pair: tuple(f"{one}: {ACCOUNT_REASONS[one]}" for one in ACCOUNT_REASONS if one in mine)
            for pair, mine in accounts.items()
        },
    }


def _row(columns: Columns, pair: Pair) -> dict[str, Any]:
    row = {name: values.get(pair) for name, values in columns.items()}
    return {
        **{name: int(row[name] or 0) for name in _COUNTS},
        **{name: _whole(row[name]) for name in ("bytes_up", "bytes_down")},
        "proven": bool(row["proven"]),
        "first_seen": iso_time(_whole(row["first_seen"])),
        "last_seen": iso_time(_whole(row["last_seen"])),
        "roles": tuple(map(Role, row["roles"] or ())),
        "evidence": row["evidence"] or EvidenceCounts(),
        "statuses": row["statuses"] or StatusCounts(),
        "uses": row["uses"] or UseCounts(),
        "account": row["account"] or AccountCounts(),
        **{name: row[name] or () for name in ("days", "hours", "origins", "use_reasons", "account_reasons")},
    }


def _confidence(rows: pd.DataFrame) -> dict[Pair, Any]:
    """Give the best confidence of contacts, and of look-ups where there is no contact to lend theirs to."""
    best = _by_pair(rows.groupby(PAIR, observed=True)["confidence"].max())
    return best | _by_pair(rows[rows["contact"]].groupby(PAIR, observed=True)["confidence"].max())


def _sums(sessions: pd.DataFrame, column: str) -> dict[Pair, Any]:
    return _by_pair(sessions.groupby(PAIR, observed=True)[column].sum(min_count=1))


def _by_pair(values: pd.Series[Any]) -> dict[Pair, Any]:
    return cast("dict[Pair, Any]", values.to_dict())


def _sizes(rows: pd.DataFrame, column: str) -> dict[Pair, dict[Any, int]]:
    found: dict[Pair, dict[Any, int]] = {}
    for (department, name, value), size in _items(rows.groupby([*PAIR, column], observed=True).size()):
        found.setdefault((department, name), {})[value] = size
    return found


def _items(values: pd.Series[Any]) -> Iterator[tuple[tuple[Any, ...], int]]:
    """Give the whole numbers of a series under several keys."""
    for key, value in values.items():
        yield cast("tuple[Any, ...]", key), int(value)


def _evidence(seen: pd.DataFrame) -> dict[Pair, EvidenceCounts]:
    counts: dict[Pair, dict[str, int]] = {}
    sums = seen.groupby([*PAIR, "evidence"], observed=True)["detections"].sum()
    for (department, name, evidence), number in _items(sums):
        counts.setdefault((department, name), {})[Evidence(evidence).value] = number
    return {pair: EvidenceCounts(**mine) for pair, mine in counts.items()}


def _origins(rows: pd.DataFrame) -> dict[Pair, tuple[Origin, ...]]:
    found: dict[Pair, list[Origin]] = {}
    sums = rows.groupby([*PAIR, "file", "evidence"], observed=True)["detections"].sum()
    for (department, name, file, evidence), number in _items(sums):
        origin = Origin(source=file, evidence=Evidence(evidence).value, detections=number)
        found.setdefault((department, name), []).append(origin)
    return {pair: tuple(mine) for pair, mine in found.items()}


def _days(sessions: pd.DataFrame) -> dict[Pair, tuple[DayUse, ...]]:
    dated = sessions[sessions["start"] != NO_MINUTE]
    dated = dated.assign(day=dated["start"] // DAY_MINUTES)
    keys = [*PAIR, "day"]
    table = pd.DataFrame({"sessions": dated.groupby(keys, observed=True).size()})
    table["bytes_up"] = dated.groupby(keys, observed=True)["bytes_up"].sum(min_count=1)
    table["people"] = distinct(dated, keys)
    by_status = _gravities(dated, "day")
    days: dict[Pair, list[DayUse]] = {}
    for key, sessions_, bytes_up, people in table.itertuples(name=None):
        department, name, day = cast("tuple[str, str, int]", key)
        one = DayUse(
            day=_moment(day * DAY_MINUTES).date().isoformat(),
            people=_whole(people) or 0,
            sessions=sessions_,
            bytes_up=_whole(bytes_up),
            statuses=_status_counts(by_status[key]),
        )
        days.setdefault((department, name), []).append(one)
    return {pair: tuple(mine) for pair, mine in days.items()}


def _hours(sessions: pd.DataFrame) -> dict[Pair, tuple[HourUse, ...]]:
    """Count the sessions of each hour, where all of them begin within a few days."""
    dated = sessions[sessions["start"] != NO_MINUTE]
    days = dated["start"] // DAY_MINUTES
    if dated.empty or days.max() - days.min() >= FEW_DAYS:
        return {}
    found: dict[Pair, list[HourUse]] = {}
    for (department, name, hour), mine in _gravities(dated.assign(hour=dated["start"] // HOUR_MINUTES), "hour").items():
        one = HourUse(
            hour=_moment(hour * HOUR_MINUTES).strftime("%Y-%m-%dT%H"),
            sessions=sum(mine.values()),
            statuses=_status_counts(mine),
        )
        found.setdefault((department, name), []).append(one)
    return {pair: tuple(mine) for pair, mine in found.items()}


def _gravities(sessions: pd.DataFrame, step: str) -> dict[tuple[str, str, int], dict[int, int]]:
    """Count sessions by gravity for each department, service and step of time, in this order."""
    found: dict[tuple[str, str, int], dict[int, int]] = {}
    for (department, name, at, gravity), number in _items(
        sessions.groupby([*PAIR, step, "gravity"], observed=True).size()
    ):
        found.setdefault((department, name, at), {})[gravity] = number
    return found


def _moment(minute: int) -> datetime:
    return datetime.fromtimestamp(minute * 60, UTC)


def _use_counts(mine: Mapping[Use, int], uploads: int, background: int) -> UseCounts:
    kinds = {use.value: mine.get(use, 0) for use in (Use.CHAT, Use.CODE, Use.API, Use.AGENT, Use.DOWNLOAD, Use.UNKNOWN)}
    return UseCounts(**kinds, upload=uploads, background=background)


def _account_counts(sessions: int, mine: Mapping[Account, int]) -> AccountCounts:
    told = {
        account: mine.get(account, 0) for account in (Account.SANCTIONED_TENANT, Account.PERSONAL, Account.SIGNED_OUT)
    }
    fields = {account.value.replace("-", "_"): number for account, number in told.items()}
    return AccountCounts(**fields, unknown=sessions - sum(told.values()), work=mine.get(Account.WORK, 0))


def _status_counts(mine: Mapping[int, int]) -> StatusCounts:
    """Count sessions by status, given by their gravity."""
    return StatusCounts(**{status.value.replace("-", "_"): mine.get(status.gravity, 0) for status in Status})


def _whole(value: Any) -> int | None:  # noqa: ANN401  # a pandas scalar
    return None if value is None or pd.isna(value) else int(value)
