"""Kept activity looked at with the signatures of today: candidates that have become services, names that are gone.

Of a candidate its host is kept, and no path: what only a path would tell stays a candidate.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from shadowai.activity.blind_spots import is_hidden
from shadowai.activity.columns import Columns, Texts, merged, texts_of
from shadowai.activity.rollup import Subject
from shadowai.signatures import Matcher

if TYPE_CHECKING:
    import numpy.typing as npt

    from shadowai.signatures import Database

MAX_TOLD = 20  # names in one warning


@dataclass(slots=True)
class Rematched:
    """Activity as the signatures of today see it, and sentences that say what they changed."""

    columns: Columns
    notes: list[str] = field(default_factory=list)


def rematch(columns: Columns, database: Database) -> Rematched:
    """Make services of candidates that are known now, and leave out what the signatures no longer know."""
    matcher = Matcher(database)
    found = Rematched(columns)
    _name_candidates(found, matcher)
    places = {place.id for place in database.blind_spots}
    names = found.columns.texts["name"].distinct
    unknown = (
        (Subject.SERVICE, {name for name in names if name not in database.services}),
        (Subject.BLIND_SPOT, {name for name in names if name not in places and not is_hidden(name)}),
        (Subject.CANDIDATE, {name for name in names if not matcher.candidate(name)}),
    )
    gone = np.zeros(len(found.columns), dtype=bool)
    for subject, some in unknown:
        gone |= _rows(found.columns, subject, some)
    if gone.any():
        told = sorted({found.columns.texts["name"].distinct[code] for code in _codes(found.columns)[gone].tolist()})
        found.notes.append(f"left out, for the signatures of today do not know them: {_listed(told)}")
        found.columns = found.columns.taken(~gone)
    return found


def _name_candidates(found: Rematched, matcher: Matcher) -> None:
    columns = found.columns
    is_candidate = _subject(columns, Subject.CANDIDATE)
    hosts = {columns.texts["name"].distinct[code] for code in set(_codes(columns)[is_candidate].tolist())}
    matches = {host: match for host in sorted(hosts) if (match := matcher.match(host, None, None))}
    if not matches:
        return
    rows = _rows(columns, Subject.CANDIDATE, set(matches))
    names = columns.texts["name"].distinct
    by_row = [matches[names[code]] for code in _codes(columns)[rows].tolist()]
    texts = dict(columns.texts)
    for name, new in (
        ("subject", [Subject.SERVICE.value] * len(by_row)),
        ("name", [match.service for match in by_row]),
        ("role", [match.role.value for match in by_row]),
        ("account", [match.account and match.account.value for match in by_row]),
    ):
        texts[name] = _replaced(texts[name], rows, new)
    confidence = columns.numbers["confidence"].copy()
    confidence[rows] = [match.confidence for match in by_row]
    found.columns = merged(Columns(texts, {**columns.numbers, "confidence": confidence}))
    told = [f"{host} ({match.service})" for host, match in matches.items()]
    found.notes.append(f"candidates when they were read, services by the signatures of today: {_listed(told)}")


def _replaced(texts: Texts, rows: npt.NDArray[np.bool_], new: list[str | None] | list[str]) -> Texts:
    fresh = texts_of(new)
    distinct = sorted({*texts.distinct, *fresh.distinct})
    place = {value: number for number, value in enumerate(distinct)}
    moved = np.array([*(place[value] for value in texts.distinct), -1], dtype=np.int32)[texts.codes]
    moved[rows] = np.array([*(place[value] for value in fresh.distinct), -1], dtype=np.int32)[fresh.codes]
    return Texts(moved, tuple(distinct))


def _rows(columns: Columns, subject: Subject, names: set[str]) -> npt.NDArray[np.bool_]:
    """Find the rows about a subject whose name is one of these."""
    is_named = np.array([*(name in names for name in columns.texts["name"].distinct), False], dtype=bool)
    found: npt.NDArray[np.bool_] = _subject(columns, subject) & is_named[_codes(columns)]
    return found


def _subject(columns: Columns, subject: Subject) -> npt.NDArray[np.bool_]:
    texts = columns.texts["subject"]
    is_subject: npt.NDArray[np.bool_] = np.array([*(value == subject for value in texts.distinct), False], dtype=bool)
    return is_subject[texts.codes]


def _codes(columns: Columns) -> npt.NDArray[np.int32]:
    return columns.texts["name"].codes


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - MAX_TOLD} more" if len(names) > MAX_TOLD else ""
    return ", ".join(names[:MAX_TOLD]) + more
