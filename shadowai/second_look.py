"""A second look into the logs that name users: who was at the addresses of contacts that name nobody.

The first pass reads the lines about AI alone, so that it sees of most users at an address nothing. Here the lines with
such an address are looked at, whatever they are about: of each run of lines of one user the first, the last and three
an hour are read, the others only searched for that user's name. Nothing of them is kept but who was where when: for
this scan, or in the history for reports about those days.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import ip_address
from itertools import chain
from typing import TYPE_CHECKING

import hyperscan
import numpy as np

from shadowai import detect, logs, sources
from shadowai.activity.columns import DAY_MINUTES, NO_MINUTE, rows_by
from shadowai.activity.sightings import Sightings, about
from shadowai.engine import run
from shadowai.kept_readers import reader_of
from shadowai.model import MINUTE, Observation, Tally, Who

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    import numpy.typing as npt

    from shadowai.activity.columns import Columns
    from shadowai.directory import Directory
    from shadowai.inputs import Input
    from shadowai.verdicts import Attribution

FRUITLESS = 5_000  # lines of a shard that name no user; the others are not read then
NOT_AGAIN = "could not be read a second time for who was at which address, so that fewer contacts have a name"
NEWLINE, DOT = ord("\n"), ord(".")
STEP, DENSE = 20 * MINUTE, 10 * MINUTE  # together no more than what two sightings tell of the time between them
HEAD = 64  # lines at the start of a file, among which is its header

Times = dict[tuple[str, str, int | None], tuple[int, int]]
"""(address, user, minute) -> the first and the last time (ns) at which they were seen together."""


def look_again(columns: Columns, directory: Directory, inputs: Sequence[Input], again: detect.Again) -> Sightings:
    """Find out who was at the addresses of contacts whom the directory gives to nobody, on the days of those contacts.

    What a log that names users leaves unnamed stays so: of a proxy's line without one nobody knows more than the proxy.
    """
    tasks = [task for task in again.tasks if task.format is not None and names_users(task.format)]
    files = {task.shard.source.name for task in tasks}
    wanted = nameless(without(files, columns), directory) if tasks else frozenset()
    if not wanted:
        return Sightings()
    times: Times = {}
    is_whole = True
    for found in search(again.only(tasks), {address for address, _ in wanted}):
        merge_times(times, found.times.items())
        is_whole &= found.error is None
        if found.error is not None and NOT_AGAIN not in inputs[found.number].notes:
            inputs[found.number].notes.append(NOT_AGAIN)
    return about(moments(times), wanted) if is_whole else Sightings()


def search(again: detect.Again, addresses: Collection[str]) -> Iterator[Found]:
    """Look through the shards of tasks for who was at some addresses."""
    searcher = Searcher(again.reading, frozenset(addresses))
    yield from run(searcher.search, again.tasks, workers=again.workers)


def moments(times: Times) -> Iterator[tuple[str, str, int]]:
    """Give (address, user, time in ns) of both ends of each minute's sightings."""
    for (address, user, _), ends in times.items():
        yield from ((address, user, time) for time in sorted({*ends}))


def without(files: Collection[str], columns: Columns) -> Columns:
    """Give the rows that were read in other files."""
    names = columns.texts["file"]
    theirs = np.array([name in files for name in (*names.distinct, None)], dtype=bool)
    return columns.taken(~theirs[names.codes])


def nameless(columns: Columns, directory: Directory) -> frozenset[tuple[str, int]]:
    """Give address and day (since 1970-01-01 UTC) of contacts that stand for one person or device nobody can name.

    Minutes are judged whole: how contacts are spread over files then changes nothing.
    """
    identities = [columns.texts[name] for name in Who._fields]
    dated = np.flatnonzero((columns.numbers["minute"] != NO_MINUTE) & (identities[0].codes >= 0))
    minutes = columns.numbers["minute"][dated]
    codes, distinct = rows_by([one.codes[dated] for one in identities])
    order = np.argsort(codes, kind="stable")
    ends = np.searchsorted(codes[order], np.arange(len(distinct) + 1))
    found: set[tuple[str, int]] = set()
    for number, row in enumerate(dated[distinct].tolist()):
        texts = (one.distinct[one.codes[row]] if one.codes[row] >= 0 else None for one in identities)
        mine = np.unique(minutes[order[ends[number] : ends[number + 1]]])
        who = Who(*texts)
        found.update((who.source_ip or "", day) for day in _nameless_days(who, mine, directory))
    return frozenset(found)


def _nameless_days(who: Who, minutes: npt.NDArray[np.int64], directory: Directory) -> Iterator[int]:
    days = minutes // DAY_MINUTES
    always = directory.timeless(who)
    if always is not None:
        yield from np.unique(days).tolist() if _is_nobody(always) else ()
        return
    for day in np.unique(days).tolist():
        starts = [minute * MINUTE for minute in minutes[days == day].tolist()]
        answers = (directory.resolve_span(who, start, start + MINUTE - 1) for start in starts)
        if any(map(_is_nobody, answers)):
            yield day


def _is_nobody(found: Attribution) -> bool:
    return found.individual and not found.key.startswith(("person:", "user:"))


def names_users(fmt: logs.Format) -> bool:
    """Say whether a format has fields for both an address and its user."""
    return any({"user", "source_ip"} <= set(one.fields) for one in fmt.members or (fmt,))


def merge_times(times: Times, more: Iterable[tuple[tuple[str, str, int | None], tuple[int, int]]]) -> None:
    """Take in more times at which users were seen."""
    for key, (first, last) in more:
        known = times.get(key)
        times[key] = (first, last) if known is None else (min(first, known[0]), max(last, known[1]))


@dataclass(slots=True)
class Found:
    """Who was seen where in a shard; `error` says why reading ended early."""

    number: int
    times: Times = field(default_factory=dict)
    error: str | None = None


@dataclass
class Searcher:
    """Looks through shards for who was at some addresses. Picklable."""

    reading: detect.Reading
    wanted: Collection[str]

    def search(self, task: detect.Task) -> Found:
        """Look through one shard. Whatever goes wrong inside it is this shard's error and stops no other."""
        found = Found(task.number)
        with detect.faults_told(found):
            sources.at_hand(task.shard.source)
            if task.format is not None:
                for seen in self._observations(task, task.format):
                    _note(found.times, seen, self.wanted)
        return found

    def __reduce__(self) -> tuple[type[Searcher], tuple[object, ...]]:
        """Pickle what it was made of, without the compiled needles."""
        return Searcher, (self.reading, self.wanted)

    @cached_property
    def needles(self) -> Needles:
        """The addresses in their spellings, compiled."""
        return Needles(self.wanted)

    def _observations(self, task: detect.Task, fmt: logs.Format) -> Iterator[Observation]:
        reader = reader_of(task.shard, fmt, self.reading.zone)
        blocks = sources.line_blocks(task.shard)
        if fmt.is_whole or fmt.holds_several:
            yield from logs.read_blocks(blocks, reader, Tally(), None)
            return
        yield from Runs(reader, self.needles).read(blocks, at_start=task.shard.start == 0)


def _note(times: Times, seen: Observation, wanted: Collection[str]) -> None:
    if seen.user is not None and seen.source_ip in wanted and seen.time is not None and seen.source_ip:
        key = seen.source_ip, seen.user, seen.time // MINUTE
        merge_times(times, [(key, (seen.time, seen.time))])


class Needles:
    """Addresses to look for in raw bytes, in every spelling that RFC 4291 section 2.2 calls usual."""

    def __init__(self, addresses: Collection[str]) -> None:
        spelt = sorted({(text, address) for address in addresses for text in _spellings(address)})
        texts = [text.encode() for text, _ in spelt]
        self._lengths = np.array([len(text) for text in texts], dtype=np.int64)
        self._addresses = sorted({address for _, address in spelt})
        self._places = np.searchsorted(self._addresses, [address for _, address in spelt])
        self._database = hyperscan.Database()
        self._database.compile(
            # Word boundaries would spare hits on longer addresses, but take a hundred times as long to compile.
            expressions=[b"".join(b"\\x%02x" % byte for byte in text) for text in texts],
            ids=list(range(len(spelt))),
            elements=len(spelt),
            flags=[hyperscan.HS_FLAG_CASELESS] * len(spelt),
        )

    def lines(self, block: bytes) -> Iterator[tuple[int, int, str]]:
        """Give start, end and address of every line of a block in which an address stands by itself."""
        ends: list[int] = []
        numbers: list[int] = []

        def found(number: int, _start: int, end: int, _flags: int, _context: object) -> None:
            ends.append(end)
            numbers.append(number)

        self._database.scan(block, match_event_handler=found)
        data = np.frombuffer(block + b"\n\n\n", np.uint8)  # room to look behind the last address
        after = np.array(ends, dtype=np.int64)
        which = np.array(numbers, dtype=np.int64)
        before = data[after - self._lengths[which] - 1]  # before the first byte that is the last one, a newline
        is_longer = _is_digit(before) | (before == DOT) | _is_digit(data[after])
        is_longer |= (data[after] == DOT) & _is_digit(data[after + 1])
        after, which = after[~is_longer], self._places[which[~is_longer]]
        newlines = np.flatnonzero(data == NEWLINE)
        line = np.searchsorted(newlines, after)
        starts = np.where(line > 0, newlines[line - 1] + 1, 0)
        told = (-1, -1)
        for start, end, place in zip(starts.tolist(), newlines[line].tolist(), which.tolist(), strict=True):
            if (start, place) != told:
                told = start, place
                yield start, end, self._addresses[place]


def _spellings(address: str) -> set[str]:
    return {address, ip_address(address).exploded}


def _is_digit(data: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    return (data >= ord("0")) & (data <= ord("9"))


@dataclass(slots=True)
class _Run:
    """Lines of one address and one user.

    `mark` is how they name the user, `time` (ns) that of the line that was read, `last` the last one, not yet read.
    """

    mark: bytes | None
    time: int
    last: tuple[bytes, int] | None = None


class Runs:
    """Reads the first and the last of each run of lines that have one address and name one user, and some in between.

    Two that are read lie no more than `STEP` and `DENSE` apart if there are others between them: where a block of the
    file tells of more time than `DENSE`, all of its lines are read.
    """

    def __init__(self, reader: logs.AnyReader, needles: Needles) -> None:
        self._reader = reader
        self._needles = needles
        self._open: dict[str, _Run] = {}
        self._left = FRUITLESS

    def read(self, blocks: Iterable[tuple[int, bytes]], *, at_start: bool) -> Iterator[Observation]:
        """Give the observations that name one of the addresses and a user; `at_start` of files, headers are read."""
        for offset, block in blocks:
            if at_start:
                self._read_head(block)
                at_start = False
            yield from self._read_block(offset, block)
            if not self._left:
                return
        yield from self._close_all()

    def _close_all(self) -> Iterator[Observation]:
        for one in self._open.values():
            yield from self._closed(one)
        self._open.clear()

    def _read_head(self, block: bytes) -> None:
        for line in block[: 1 << 20].split(b"\n", HEAD)[:HEAD]:
            self._reader.parse(line, 0)

    def _read_block(self, offset: int, block: bytes) -> Iterator[Observation]:
        if b"\0" in block:  # UTF-16, in which no address would be found
            pieces = zip(_starts(block), block.split(b"\n"), strict=True)
            results = (self._reader.parse(line, offset + start) for start, line in pieces)
            yield from (seen for seen in results if isinstance(seen, Observation))
            return
        marked = (logs.line_starts(block, prefix) for prefix in self._reader.format.directives)
        directives = sorted(chain(*marked), reverse=True)
        lines = list(self._needles.lines(block))
        begins = self._time_if_dense(lines, block)
        runs = self._open
        for start, end, address in lines:
            while directives and directives[-1] < start:
                yield from self._close_all()  # read by the layout that they were written in
                at = directives.pop()
                self._reader.parse(block[at : block.find(b"\n", at)], offset + at)
            known = runs.get(address)
            is_fresh = known is not None and begins is not None and begins - known.time < STEP
            if known and is_fresh and known.mark and block.find(known.mark, start, end) >= 0:
                known.last = block[start:end], offset + start
            elif self._left:
                yield from self._take(address, block[start:end], offset + start)

    def _time_if_dense(self, lines: Sequence[tuple[int, int, str]], block: bytes) -> int | None:
        """Give the time of the first of a block's lines, None where they tell of more than `DENSE`, or of no time."""
        times = []
        for start, end, _ in lines[:: max(len(lines) - 1, 1)]:
            seen = self._reader.parse(block[start:end], 0)
            if isinstance(seen, Observation) and seen.time is not None:
                times.append(seen.time)
        return times[0] if len(times) > 1 and abs(times[1] - times[0]) <= DENSE else None

    def _take(self, address: str, line: bytes, offset: int) -> Iterator[Observation]:
        seen = self._reader.parse(line, offset)
        if not isinstance(seen, Observation) or None in (seen.user, seen.time) or seen.source_ip != address:
            if not self._open:
                self._left -= 1
            return
        if known := self._open.get(address):
            yield from self._closed(known)
        yield seen
        self._open[address] = _Run(_mark(line, seen.user or ""), seen.time or 0)

    def _closed(self, one: _Run) -> Iterator[Observation]:
        if one.last is not None:
            seen = self._reader.parse(*one.last)
            if isinstance(seen, Observation):
                yield seen
            one.last = None


def _mark(line: bytes, user: str) -> bytes | None:
    """Give the user's name as a line has it, with a byte on each side; None where that is not certain to be it."""
    raw = user.encode()
    for spelt in (raw, *(raw.replace(b"\\", escape) for escape in (b"\\\\", b"%5c", b"%5C"))):
        at = line.find(spelt)
        if at > 0 and at + len(spelt) < len(line) and line.count(spelt) == 1:
            return line[at - 1 : at + len(spelt) + 1]
    return None


def _starts(block: bytes) -> Iterator[int]:
    at = 0
    yield at
    while (at := block.find(b"\n", at) + 1) > 0:
        yield at
