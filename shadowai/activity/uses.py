"""Kinds of use: what each run of activity was, as far as its evidence tells, and whose account was used.

A run is told by what made its requests, to which hosts, how long and how evenly. What no rule below fits stays unknown,
and so does what is not proven: a browser on a host that other products share may have been there for those.
docs/kinds-of-use.md explains the rules to users.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from shadowai.activity.sessions import those
from shadowai.model import SECOND, Account, Client, Role, Use

if TYPE_CHECKING:
    from collections.abc import Collection

    import numpy.typing as npt

HOUR = 3600 * SECOND  # ns
AGENT_SPAN = 4 * HOUR  # nobody works that long on one thing without a break of half an hour
AGENT_UNEVENNESS = 0.5  # of the gaps between active minutes: standard deviation by mean; people's is 1 and more
AGENT_DENSITY = 0.5  # share of the run's minutes that are active
KEEP_ALIVE_SPAN = HOUR
KEEP_ALIVE_UNEVENNESS = 0.2
KEEP_ALIVE_MINUTES = 6  # active ones; fewer show no rhythm
KEEP_ALIVE_BYTES = 2_000  # a detection, in each direction; a question and its answer are more

REASONS = {
    Use.DOWNLOAD: "only hosts that models and programs are downloaded from",
    Use.AGENT: "a program that worked for four hours and more without a break, or as evenly as a clock",
    Use.API: "the service's interface for programs, or a program's user agent",
    Use.CODE: "a service that writes code",
    Use.CHAT: "the service's own site or app, as people use it",
    Use.BACKGROUND: "small requests at even intervals over an hour and more: a page or app that was left open",
    Use.UNKNOWN: "the evidence does not tell what was done",
}
"""Why a run is of a kind, in words for the reader of a report."""

ACCOUNT_REASONS = {
    Account.SANCTIONED_TENANT: "hosts or paths that the policy names as the organisation's own",
    Account.PERSONAL: "hosts or paths that the vendor has for personal accounts",
    Account.SIGNED_OUT: "paths that the vendor has for visitors without an account",
    Account.WORK: "hosts or paths of an organisation's account, which does not show whose organisation it is",
}
_NOT_OURS = (Account.WORK, Account.SIGNED_OUT, Account.PERSONAL)
"""Of several accounts in one run the last of these is told: what was not the organisation's matters most."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What makes an upload, in bytes: of one request whose path was seen, and of a session where none was."""

    request: int = 100_000
    session: int = 1_000_000


def add_uses(table: pd.DataFrame, seen: pd.DataFrame, code: Collection[str], limits: Limits) -> None:
    """Add to a table of sessions `use` and `account` (missing where unknown) and the flag `upload`.

    `seen` holds the rows of the sessions, with their `run`, and `code` the ids of services that write code.
    """
    basis = those(seen, seen["basis"])
    table["use"] = pd.Categorical(_uses(table, basis, code), categories=list(Use))
    table["account"] = pd.Categorical(_accounts(table, basis), categories=list(Account))
    large = _any(basis, basis["request_up"] >= limits.request, table.index)
    table["upload"] = large | (table["bytes_up"].fillna(0) >= limits.session).astype(bool)


def _uses(table: pd.DataFrame, basis: pd.DataFrame, code: Collection[str]) -> npt.NDArray[np.object_]:
    runs = table.index
    downloads = _all(basis, basis["role"] == Role.DOWNLOAD, runs)
    by_program = _any(basis, basis["client"] == Client.PROGRAM, runs)
    by_person = _any(basis, basis["client"].isin([Client.BROWSER, Client.APPLICATION]), runs)
    by_interface = _all(basis, basis["role"].isin([Role.API, Role.AUTH]), runs) & ~by_person
    by_interface &= _any(basis, basis["role"] == Role.API, runs)
    own_site = _any(basis, basis["role"] == Role.DEDICATED, runs)
    proven = _any(basis, basis["proof"], runs)
    writes_code = table["name"].isin(code).to_numpy()
    automatic = by_program | (by_interface & ~writes_code)
    rhythm = _rhythm(table, basis)
    long = (table["end"] - table["begin"] >= AGENT_SPAN).to_numpy()
    tireless = long & ((rhythm.unevenness <= AGENT_UNEVENNESS) | (rhythm.density >= AGENT_DENSITY))
    choices = (
        (_is_keep_alive(table, basis, rhythm), Use.BACKGROUND),
        (downloads, Use.DOWNLOAD),
        (~proven, Use.UNKNOWN),
        (automatic & tireless, Use.AGENT),
        (automatic, Use.API),
        (writes_code, Use.CODE),
        (by_person | own_site, Use.CHAT),
    )
    found = np.full(len(table), Use.UNKNOWN, dtype=object)
    for test, use in reversed(choices):
        found[test] = use
    return found


class _Rhythm(NamedTuple):
    """How a run's active minutes lie: how many, how uneven the gaps between them, what share of its time they are."""

    minutes: npt.NDArray[np.int64]
    unevenness: npt.NDArray[np.float64]
    density: npt.NDArray[np.float64]


def _rhythm(table: pd.DataFrame, basis: pd.DataFrame) -> _Rhythm:
    """Work out each run's rhythm; unevenness is infinite where there are fewer than three active minutes."""
    runs, size = table.index.to_numpy(), len(table)
    run, minute = basis["run"].to_numpy(), basis["minute"].to_numpy()
    order = np.lexsort((minute, run))
    run, minute = np.searchsorted(runs, run[order]), minute[order]
    is_new = np.ones(len(run), dtype=bool)
    is_new[1:] = (run[1:] != run[:-1]) | (minute[1:] != minute[:-1])
    run, minute = run[is_new], minute[is_new]
    minutes = np.bincount(run, minlength=size)
    inside = run[1:] == run[:-1]
    gaps, owner = np.diff(minute)[inside].astype(np.float64), run[1:][inside]
    count = np.maximum(np.bincount(owner, minlength=size), 1)
    mean = np.bincount(owner, gaps, minlength=size) / count
    spread = np.sqrt(np.maximum(np.bincount(owner, gaps**2, minlength=size) / count - mean**2, 0))
    unevenness = np.where(minutes > 2, spread / np.maximum(mean, 1e-9), np.inf)  # noqa: PLR2004  # two gaps
    span = np.bincount(owner, gaps, minlength=size) + 1
    return _Rhythm(minutes, unevenness, minutes / span)


def _is_keep_alive(table: pd.DataFrame, basis: pd.DataFrame, rhythm: _Rhythm) -> npt.NDArray[np.bool_]:
    small = (basis["bytes_up_known"] == basis["detections"]) & (basis["bytes_down_known"] == basis["detections"])
    for column in ("bytes_up", "bytes_down"):
        small &= basis[column] <= KEEP_ALIVE_BYTES * basis["detections"]
    long = (table["end"] - table["begin"] >= KEEP_ALIVE_SPAN).to_numpy()
    even = (rhythm.unevenness <= KEEP_ALIVE_UNEVENNESS) & (rhythm.minutes >= KEEP_ALIVE_MINUTES)
    return _all(basis, small, table.index) & long & even


def _accounts(table: pd.DataFrame, basis: pd.DataFrame) -> npt.NDArray[np.object_]:
    found = np.full(len(table), None, dtype=object)
    ours = basis["account"] == Account.SANCTIONED_TENANT
    # Signing in is done at hosts that everybody shares; any other contact may be with somebody else's account.
    found[_all(basis, ours | (basis["role"] == Role.AUTH), table.index) & _any(basis, ours, table.index)] = (
        Account.SANCTIONED_TENANT
    )
    for account in _NOT_OURS:
        told = _any(basis, basis["account"] == account, table.index)
        found[told & (pd.isna(found) | (account is not Account.WORK))] = account
    return found


def _any(basis: pd.DataFrame, test: pd.Series, runs: pd.Index) -> npt.NDArray[np.bool_]:
    run = basis["run"].to_numpy()
    found = np.zeros(max(run.max(initial=-1), runs.max() if len(runs) else -1) + 1, dtype=bool)
    found[run[test.to_numpy()]] = True
    chosen: npt.NDArray[np.bool_] = found[runs.to_numpy()]
    return chosen


def _all(basis: pd.DataFrame, test: pd.Series, runs: pd.Index) -> npt.NDArray[np.bool_]:
    return ~_any(basis, ~test, runs)
