"""Whom the rows of activity belong to: every identity, and every time at which that matters, is asked for once."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from shadowai.activity.columns import NO_TIME, rows_by
from shadowai.model import Who

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy.typing as npt

    from shadowai.activity.columns import Columns
    from shadowai.verdicts import Attribution

    Ints = npt.NDArray[np.int64]
    Spans = tuple[Ints, Ints, Ints]  # of each: the number of who it is of, its first and its last time in ns

AT_ONCE = 1 << 18  # questions, some 50 MB


class Attributor(Protocol):
    """Says whom an identity belongs to."""

    def timeless(self, who: Who) -> Attribution | None:
        """Give the answer where time does not matter, else None."""

    def resolve_all(self, who: Who, spans: Iterable[tuple[int | None, int | None]]) -> list[Attribution]:
        """Give the answers for detections between two times each (ns since the epoch, None where unknown)."""

    def is_learnt(self, who: Who) -> bool:
        """Say whether `resolve_learnt` may be asked about who."""

    def resolve_learnt(self, people: Sequence[Who], spans: Spans) -> tuple[Ints, list[Attribution]]:
        """Do the same for spans of many identities: the number of each span's answer, and the answers."""


class _Found:
    """The answers, each once. They are known by their ids: there are millions of questions, and few answers."""

    def __init__(self) -> None:
        self.answers: list[Attribution] = []
        self._numbers: dict[int, int] = {}

    def numbers(self, answers: Iterable[Attribution]) -> Ints:
        """Number answers."""
        return np.fromiter(map(self._number, answers), dtype=np.int64)

    def _number(self, answer: Attribution) -> int:
        number = self._numbers.setdefault(id(answer), len(self.answers))
        if number == len(self.answers):
            self.answers.append(answer)
        return number


def answers_of(columns: Columns, attributor: Attributor) -> tuple[Ints, list[Attribution]]:
    """Give the number of each row's answer, and the answers, some of which may be equal.

    Ask once for an identity where time does not matter, else once for each pair of times that it has.
    """
    codes, people = _identities(columns)
    found = _Found()
    known = [attributor.timeless(who) for who in people]
    is_known = np.array([answer is not None for answer in known], dtype=bool)
    by_who = np.full(len(people), -1, dtype=np.int64)
    by_who[is_known] = found.numbers(answer for answer in known if answer is not None)
    places = by_who[codes]
    spans = codes, columns.numbers["first"], columns.numbers["last"]
    rows = np.flatnonzero(places < 0)
    is_learnt = _learnt(people, is_known, attributor)[codes[rows]]
    is_learnt &= (spans[1][rows] != NO_TIME) & (spans[2][rows] != NO_TIME)
    for some, numbers, answers in _together(rows[is_learnt], people, spans, attributor):
        places[some] = found.numbers(answers)[numbers]
    others = rows[~is_learnt]
    numbers, questions = rows_by([some[others] for some in reversed(spans)])
    told = [found.numbers(some) for some in _apart(others[questions], people, spans, attributor)]
    places[others] = np.concatenate([np.empty(0, dtype=np.int64), *told])[numbers]
    return places, found.answers


def _learnt(people: Sequence[Who], is_known: npt.NDArray[np.bool_], attributor: Attributor) -> npt.NDArray[np.bool_]:
    asked = zip(people, is_known.tolist(), strict=True)
    return np.array([not known and attributor.is_learnt(who) for who, known in asked], dtype=bool)


def _identities(columns: Columns) -> tuple[Ints, list[Who]]:
    """Number the identities: each row's number, and what they are."""
    identities = [columns.texts[name] for name in Who._fields]
    codes, distinct = rows_by([one.codes for one in identities])
    known = [[*one.distinct, None] for one in identities]
    asked = zip(*(one.codes[distinct].tolist() for one in identities), strict=True)
    return codes, [Who(*(texts[code] for texts, code in zip(known, one, strict=True))) for one in asked]


def _together(
    rows: Ints, people: Sequence[Who], spans: Spans, attributor: Attributor
) -> Iterator[tuple[Ints, Ints, list[Attribution]]]:
    """Ask about the rows of learnt identities: rows, the number of each one's answer, and the answers."""
    owners = spans[0][rows]
    rows = rows[np.argsort(owners, kind="stable")]  # so that an identity is in few of the parts
    for start in range(0, len(rows), AT_ONCE):
        some = rows[start : start + AT_ONCE]
        mine, at = np.unique(spans[0][some], return_inverse=True)
        asked = [people[number] for number in mine.tolist()]
        yield some, *attributor.resolve_learnt(asked, (at, spans[1][some], spans[2][some]))


def _apart(questions: Ints, people: Sequence[Who], spans: Spans, attributor: Attributor) -> Iterator[list[Attribution]]:
    """Ask about rows identity by identity; those of one lie together."""
    owner, first, last = (some[questions] for some in spans)
    for begin, end in pairwise([*np.flatnonzero(np.diff(owner, prepend=-1)).tolist(), len(questions)]):
        times = zip(_times(first[begin:end]), _times(last[begin:end]), strict=True)
        yield attributor.resolve_all(people[int(owner[begin])], times)


def _times(values: npt.NDArray[Any]) -> list[int | None]:
    return [None if value == NO_TIME else value for value in values.tolist()]
