"""Many records of one layout at once, column by column: what a roll-up needs, as numbers that numpy can add up.

`shadowai.logs.plan` reads a record by itself, in some fifty calls. Here a column takes one pass, and a text that was
met before one look-up. The columns, their order and the conversions are the plan's own; a record about which anything
is odd is left to the plan, so that both roads come to the same (a property test proves it).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from shadowai.logs.lines import decode
from shadowai.logs.plan import PLAIN_FIELDS
from shadowai.logs.times import EARLIEST, EPOCH_DIGITS, LATEST
from shadowai.logs.values import BAD, MEMO_ENTRIES, MEMO_KEY, Memo, text_of
from shadowai.model import Skip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from shadowai.logs.columns import Row
    from shadowai.logs.plan import Decision, Plan, RecordPlan
    from shadowai.model import Action, Evidence, Kind, Observation

    Ints = npt.NDArray[Any]
    Parse = Callable[[bytes, int], Observation | Skip]
    Flags = npt.NDArray[np.bool_]

NO_TIME = -(1 << 62)  # stands for a time that is not known
NO_COUNT = -1  # stands for a count of bytes that is not known
PLAIN_DIGITS = 13  # of a count that is below `shadowai.logs.values.MAX_COUNT` whatever its digits
FRACTION_DIGITS = 9
ZERO, NINE, DOT = ord("0"), 9, ord(".")
CODED = ("source_ip", "user", "device", "user_agent", "tenant")


@dataclass(slots=True)
class Lines:
    """Lines of a file that are to be read: their bytes, and where they begin.

    `asked` says of each whether its observation is asked for, or only whether it can be read.
    """

    lines: list[bytes] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)
    asked: list[bool] = field(default_factory=list)
    size: int = 0

    def add(self, lines: Sequence[bytes], offsets: Iterable[int], asked: Iterable[bool]) -> None:
        """Add more of them."""
        self.lines += lines
        self.offsets += offsets
        self.asked += asked
        self.size += sum(map(len, lines))

    def some(self, places: Sequence[int]) -> Lines:
        """Give some of the lines."""
        found = Lines()
        lines = [self.lines[at] for at in places]
        found.add(lines, [self.offsets[at] for at in places], [self.asked[at] for at in places])
        return found


class Coded(NamedTuple):
    """A column of texts: `codes` point into `values`, the first of which is None; not all of them need be used."""

    codes: Ints
    values: Sequence[str | None]


@dataclass(frozen=True, slots=True)
class Batch:
    """Observations of one kind, column by column: all have a host, and what they share stands once.

    `texts` are `host` and the fields of CODED. `times` are in ns (NO_TIME where unknown), `bytes_up` and `bytes_down`
    NO_COUNT where unknown; `paths` are those of the requests. `places` are the numbers of their lines, of which `read`
    gives the observation whole.
    """

    evidence: Evidence
    kind: Kind
    file: str
    action: Action | None
    texts: Mapping[str, Coded]
    times: Ints
    bytes_up: Ints
    bytes_down: Ints
    paths: Sequence[str | None]
    places: Ints
    read: Callable[[int], Observation | Skip]

    def __len__(self) -> int:
        return len(self.times)

    def observations(self, rows: Flags) -> Iterator[Observation]:
        """Give some of the observations whole."""
        for place in self.places[rows].tolist():
            seen = self.read(place)
            if not isinstance(seen, Skip):
                yield seen


class Some(NamedTuple):
    """Rows of one kind: the rows, the numbers of their lines, and which are asked for."""

    rows: Sequence[Row]
    places: Ints
    asked: Flags


@dataclass(slots=True)
class Found:
    """What many lines gave: batches, the times of all that could be read, skips, and the numbers of the odd lines."""

    batches: list[Batch] = field(default_factory=list)
    times: list[Ints] = field(default_factory=list)
    skips: list[tuple[Skip, int]] = field(default_factory=list)
    odd: list[int] = field(default_factory=list)


class Codes(dict[str, int]):
    """Numbers what texts are converted to; `known` are these by number, the first is None."""

    def __init__(self, convert: Callable[[str], str | None]) -> None:
        super().__init__()
        self._convert = convert
        self._forget()

    def __missing__(self, text: str) -> int:
        value = self._convert(text)
        number = self._numbers.get(value)
        if number is None:
            number = self._numbers[value] = len(self.known)
            self.known.append(value)
        if len(text) <= MEMO_KEY and len(self) < MEMO_ENTRIES:
            self[text] = number
        return number

    def read(self, columns: Sequence[Iterable[str]], size: int) -> Coded:
        """Convert columns of which the first that holds a value counts; `size` is their length."""
        if max(len(self), len(self.known)) >= MEMO_ENTRIES:
            self._forget()
        codes = np.zeros(size, dtype=np.int32)
        for at, column in enumerate(columns):
            more = np.fromiter(map(self.__getitem__, column), dtype=np.int32, count=size)
            codes = np.where(codes, codes, more) if at else more
        return Coded(codes, self.known)

    def number(self, value: str) -> int:
        """Give the number of a value, -1 where there is none."""
        return self._numbers.get(value, -1)

    def _forget(self) -> None:
        self.clear()
        self.known: list[str | None] = [None]  # not cleared: batches point at the old one
        self._numbers: dict[str | None, int] = {None: 0}


class RecordColumns:
    """Reads rows of one kind of record as columns."""

    def __init__(self, record: RecordPlan) -> None:
        self._record = record
        self._coded = {name: Codes(PLAIN_FIELDS[name][1]) for name in CODED}
        self._hosts = Codes(lambda host: host or None)
        self._methods: Memo[str | None] = Memo(text_of)

    def read(self, some: Some, decision: Decision, found: Found, read: Callable[[int], Observation | Skip]) -> None:
        """Add to what was found a batch of the rows that are asked for, the times of all, and those that are odd."""
        record, rows, size = self._record, some.rows, len(some.rows)
        times = _times(record, rows)
        places = list(map(record.place, rows, self._methods_of(rows)))
        hosts = self._hosts.read([[place[0] or "" for place in places]], size)
        fine = (hosts.codes > 0) & (hosts.codes != self._hosts.number(BAD)) & ((times >= 0) | (times == NO_TIME))
        for get, fits in record.fits:
            fine &= _flags(map(fits, map(get, rows)), size)
        found.times.append(times[fine])
        found.odd += some.places[~fine].tolist()
        sound = rows if fine.all() else [rows[at] for at in np.flatnonzero(fine).tolist()]
        # Of all, so that what cannot be read as a count is noted whether its line is asked for or not.
        up, down = (self._counts(self._texts(name, sound), len(sound)) for name in ("bytes_up", "bytes_down"))
        up, down = up[some.asked[fine]], down[some.asked[fine]]
        chosen = np.flatnonzero(fine & some.asked)
        if not len(chosen):
            return
        taken = rows if len(chosen) == size else [rows[at] for at in chosen.tolist()]
        texts = {name: self._coded[name].read(self._texts(name, taken), len(taken)) for name in CODED}
        self._drop_labels(taken, texts["user"])
        texts["host"] = Coded(hosts.codes[chosen], hosts.values)
        paths = [places[at][2] for at in chosen.tolist()]
        evidence, kind, _, file = record.origin
        batch = Batch(
            evidence, kind, file, decision[1], texts, times[chosen], up, down, paths, some.places[chosen], read
        )
        found.batches.append(batch)

    def _texts(self, name: str, rows: Sequence[Row]) -> list[list[str]]:
        return [list(map(get, rows)) for get in self._record.getters.get(name, [])]

    def _methods_of(self, rows: Sequence[Row]) -> list[str | None]:
        methods: list[str | None] = [None] * len(rows)
        for column in self._texts("method", rows):
            more = list(map(self._methods.__getitem__, column))
            methods = [one or other for one, other in zip(methods, more, strict=True)] if any(methods) else more
        return methods

    def _counts(self, columns: Sequence[Sequence[str]], size: int) -> Ints:
        """Read counts of bytes from columns of which the first that holds one counts; NO_COUNT where none does."""
        counts = np.full(size, NO_COUNT, dtype=np.int64)
        for texts in columns:
            joined = "".join(texts)
            if joined.isascii() and joined.isdigit() and all(texts) and len(max(texts, key=len)) <= PLAIN_DIGITS:
                more = np.fromiter(map(int, texts), dtype=np.int64, count=size)
            else:
                known = map(self._record.count, texts)
                more = np.fromiter((NO_COUNT if one is None else one for one in known), dtype=np.int64, count=size)
            counts = np.where(counts == NO_COUNT, more, counts)
        return counts

    def _drop_labels(self, rows: Sequence[Row], users: Coded) -> None:
        """Leave out what stands where the user should be and is none."""
        if self._record.is_user_doubtful:
            for at in np.flatnonzero(users.codes).tolist():
                if not self._record.is_person(rows[at], users.values[users.codes[at]] or ""):
                    users.codes[at] = 0


class Bulk:
    """Reads many rows of one file, whatever their kind."""

    def __init__(self) -> None:
        self._plan: Plan | None = None
        self._kinds: dict[RecordPlan, RecordColumns] = {}

    def read(self, plan: Plan, rows: Sequence[Row | None], lines: Lines, parse: Parse) -> Found:
        """Read the rows of some lines; a line without one is odd, and so is whatever the plan would stumble at."""
        if plan is not self._plan:
            self._plan, self._kinds = plan, {}
        flags = np.ones(len(rows), dtype=bool)
        kept = cast("list[Row]", rows)
        if None in rows:
            flags = _flags((row is not None for row in rows), len(rows))
            kept = [row for row in rows if row is not None]
        for get, fits in plan.fits:
            good = list(map(fits, map(get, kept)))
            if not all(good):
                flags[flags] = good
                kept = [row for row, is_good in zip(kept, good, strict=True) if is_good]
        found = Found(odd=np.flatnonzero(~flags).tolist())
        numbers = np.flatnonzero(flags)
        asked = np.array(lines.asked, dtype=bool)
        for decision, chosen in _grouped(plan.decide_all(kept)):
            record, places = decision[0], numbers[chosen]
            if isinstance(record, Skip):
                found.skips.append((record, len(places)))
                continue
            taken = kept if len(places) == len(kept) else [kept[at] for at in chosen.tolist()]
            if record not in self._kinds:
                self._kinds[record] = RecordColumns(record)
            some = Some(taken, places, asked[places])
            self._kinds[record].read(some, decision, found, lambda at: parse(lines.lines[at], lines.offsets[at]))
        return found


def texts_of(lines: Sequence[bytes]) -> list[str | None]:
    """Give the texts of lines as `shadowai.logs.lines.decode` does; None for one that may be UTF-16."""
    whole = b"\n".join(lines)
    if b"\0" in whole:
        return [None if b"\0" in line else decode(line, 0)[0] for line in lines]
    try:
        text = whole.decode()
    except UnicodeDecodeError:
        return [decode(line, 0)[0] for line in lines]
    texts: list[str | None] = [*text.split("\n")]
    if "\r" in text or "\ufeff" in text:
        return [one and one.lstrip("\ufeff").rstrip("\r\n") for one in texts]
    return texts


def epochs(texts: Sequence[str]) -> Ints | None:
    """Read epoch numbers as `shadowai.logs.times.epoch` does: seconds with a fraction, all of one width; else None."""
    width = len(texts[0]) if texts else 0
    joined = "".join(texts)
    if not EPOCH_DIGITS + 1 < width <= EPOCH_DIGITS + 1 + FRACTION_DIGITS or set(map(len, texts)) != {width}:
        return None
    if not joined.isascii():
        return None
    digits = np.frombuffer(joined.encode(), dtype=np.uint8).reshape(-1, width) - ZERO  # what precedes 0 wraps around
    seconds, fraction = digits[:, :EPOCH_DIGITS], digits[:, EPOCH_DIGITS + 1 :]
    if (digits[:, EPOCH_DIGITS] != (DOT - ZERO) % 256).any() or max(seconds.max(), fraction.max()) > NINE:
        return None
    places = 10 ** np.arange(EPOCH_DIGITS + FRACTION_DIGITS - 1, -1, -1, dtype=np.int64)
    times = seconds @ places[:EPOCH_DIGITS] + fraction @ places[EPOCH_DIGITS:][: fraction.shape[1]]
    return times if times.min() >= EARLIEST and times.max() < LATEST else None


def _times(record: RecordPlan, rows: Sequence[Row]) -> Ints:
    """Read the times of rows; NO_TIME where none is written, negative where it cannot be read."""
    if record.epoch_column is not None:
        found = epochs(list(map(record.epoch_column, rows)))
        if found is not None:
            return found
    times = map(record.time, rows)
    return np.fromiter((NO_TIME if time is None else time for time in times), dtype=np.int64, count=len(rows))


def _flags(values: Iterable[bool], size: int) -> Flags:
    return np.fromiter(values, dtype=bool, count=size)


def _grouped(decisions: Sequence[Decision]) -> Iterator[tuple[Decision, Ints]]:
    """Give each decision and where it stands; equal ones are the same object."""
    numbers = np.fromiter(map(id, decisions), dtype=np.int64, count=len(decisions))
    for number, decision in dict(zip(numbers.tolist(), decisions, strict=True)).items():
        yield decision, np.flatnonzero(numbers == number)
