"""Votes of a file's lines for the formats that read them: the ground on which a format is chosen."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from shadowai.logs import lines
from shadowai.logs.json_records import load_object, walk
from shadowai.logs.reader import Reader
from shadowai.logs.registry import load_formats
from shadowai.logs.schema import STARTS, Format, Json
from shadowai.model import Observation

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

FIRST_ROUND = 24  # lines, of which a format must read one to stay in the race
ROUNDS = 9  # of such lines; those after the first are among the lines that nobody has read
GOLDEN = (5**0.5 - 1) / 2
HEADER_LINES = 8  # a header stands among the first lines
LEAST_SHARE = 0.5  # of the lines that are no comments
REMEDIED = frozenset(("ambiguous-date",))  # the record is of the format; a setting is missing


class Line(NamedTuple):
    """One line of the sample: where it begins, its bytes."""

    offset: int
    line: bytes

    @property
    def text(self) -> str:
        """The line as text, without its end."""
        return lines.decode(self.line, self.offset)[0]


@dataclass(slots=True)
class Votes:
    """What a format makes of a sample: the lines (by index) that gave observations, that it read, that are damaged."""

    format: Format
    seen: set[int] = field(default_factory=set)
    read: set[int] = field(default_factory=set)
    broken: set[int] = field(default_factory=set)
    has_header: bool = False

    @property
    def records(self) -> int:
        """Count the lines that are no comments."""
        return len(self.seen) + len(self.read) + len(self.broken)

    @property
    def share(self) -> float:
        """Give the share of the records that the format reads.

        A header that names what the format needs settles the format; what is wrong with the records is reported later.
        """
        if not self.records:
            return 1.0 if self.has_header else 0.0
        return max(1 - len(self.broken) / self.records, LEAST_SHARE if self.has_header else 0.0)

    @property
    def rank(self) -> tuple[float, float]:
        """Order by what is read, then by what gives observations; the first of equals has the smaller priority."""
        return self.share, len(self.seen) / self.records if self.records else 0.0

    def take(self, reader: Reader, index: int, line: Line) -> None:
        """Let the format vote on a line."""
        result = reader.parse(line.line, line.offset)
        if isinstance(result, Observation):
            self.seen.add(index)
        elif result.reason == "header":
            self.has_header = True
        elif result.reason == "comment":
            return
        elif result.broken and result.reason not in REMEDIED:
            self.broken.add(index)
        else:
            self.read.add(index)


def vote(sample: Sequence[Line], formats: Collection[Format]) -> list[Votes]:
    """Let formats vote on a sample, best first; those that read none of the lines they are tried on are left out.

    The lines are the outer loop, so that a line that several formats parse alike is parsed once.
    """
    numbered = list(enumerate(sample))
    texts = [line.text for line in sample]
    head = [text.lower() for text in texts[:HEADER_LINES]]
    with_header = [_Running(Reader(fmt, name=""), Votes(fmt)) for fmt in formats if _names_columns(fmt, head)]
    _poll(with_header, numbered)
    chosen = with_header + _selected([fmt for fmt in formats if fmt.header == "none"], numbered, texts)
    order = {fmt.id: place for place, fmt in enumerate(formats)}
    ranked = sorted((one.votes for one in chosen if one.votes.share), key=lambda votes: order[votes.format.id])
    return sorted(ranked, key=lambda votes: votes.rank, reverse=True)


class _Running(NamedTuple):
    """A format that stands for election."""

    reader: Reader
    votes: Votes


def _selected(formats: list[Format], numbered: Sequence[tuple[int, Line]], texts: Sequence[str]) -> list[_Running]:
    """Let formats without a header vote: on a few lines first, then on a few of those that nobody has read."""
    # A stride that no file has: every other line, or every tenth, may be of one kind.
    order = sorted(numbered, key=lambda one: one[0] * GOLDEN % 1)
    chosen: list[_Running] = []
    left = list(formats)
    for _ in range(ROUNDS):
        few = order[:FIRST_ROUND]
        bodies = _Bodies([texts[at] for at, _ in few])
        running = [_Running(_trial(fmt), Votes(fmt)) for fmt in left if _may_fit(fmt, bodies)]
        _poll(running, few)
        better = [one for one in running if one.votes.seen or one.votes.read]
        tried = {index for index, _ in few}
        _poll(better, [one for one in numbered if one[0] not in tried])
        chosen += better
        known = {one.votes.format.id for one in better}
        left = [fmt for fmt in left if fmt.id not in known]
        read = set[int]().union(*(one.votes.seen | one.votes.read for one in better))
        order = [one for one in order if one[0] not in read and one[0] not in tried]
        if not order:
            break
    return chosen


def _poll(running: Sequence[_Running], numbered: Sequence[tuple[int, Line]]) -> None:
    for index, line in numbered:
        for reader, votes in running:
            votes.take(reader, index, line)


def _names_columns(fmt: Format, head: Sequence[str]) -> bool:
    """Say whether a header that the format could use is among the first lines."""
    if fmt.header != "line":
        return fmt.header != "none" and any(text.startswith("#fields") for text in head)
    wanted = [name.lower() for name in fmt.require]
    return any(all(name in text for name in wanted) for text in head)


def _may_fit(fmt: Format, bodies: _Bodies) -> bool:
    """Say whether any of some lines could be a record of the format, by what is cheap to know."""
    if fmt.start is None:
        return True
    found = bodies.of(fmt)
    if not isinstance(fmt.syntax, Json):
        return bool(found)
    needed = [name for name, pattern in fmt.shapes.items() if not _matches_nothing(pattern)]
    return any(_holds(load_object(body), needed) for body in found)


class _Bodies:
    """The records behind the syslog headers of some lines, for each way in which records may start."""

    def __init__(self, texts: Sequence[str]) -> None:
        # Where records may start is the same for all formats, of which there are hundreds.
        self._openings = {
            marked: [(text, [0, *(at for at, _ in lines.openings(text, marked=marked))]) for text in texts]
            for marked in (False, True)
        }
        self._known: dict[str, list[str]] = {}

    def of(self, fmt: Format) -> list[str]:
        """Give the records that start as those of a format do."""
        start = fmt.start or ""
        if start not in self._known:
            begins = _start(start).match
            self._known[start] = found = []
            for text, places in self._openings[fmt.syntax.engine in STARTS]:
                for at in places:
                    if begins(text, at):
                        found.append(text[at:])
                        break
        return self._known[start]


@cache
def _matches_nothing(pattern: str) -> bool:
    return re.fullmatch(pattern, "") is not None


def _holds(document: dict[str, object] | None, needed: Sequence[str]) -> bool:
    return document is not None and all(
        name in document or walk(document, name.split(".")) is not None for name in needed
    )


@cache
def _start(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


_trials: dict[str, Reader] = {}


def _trial(fmt: Format) -> Reader:
    """Give a reader to try a format with; those of shipped formats hold no state and are kept for the next file."""
    if load_formats().get(fmt.id) is not fmt:
        return Reader(fmt, name="")
    if fmt.id not in _trials:
        _trials[fmt.id] = Reader(fmt, name="")
    return _trials[fmt.id]
