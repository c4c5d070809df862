"""A format bound to the columns of one layout: from the values of a row to an observation.

Everything that can be decided once is decided here; what remains for each record are look-ups.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, make_dataclass, replace
from datetime import UTC
from functools import partial
from itertools import repeat
from typing import TYPE_CHECKING, Any, cast

from shadowai.logs import values
from shadowai.logs.columns import is_given
from shadowai.logs.places import Placer, name_reader, place_reader
from shadowai.logs.times import AMBIGUOUS, NO_YEAR, Clock, TimeParser, epoch, parser_of
from shadowai.logs.values import BAD, Memo
from shadowai.model import Action, Evidence, Observation, Skip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from shadowai.logs.columns import Columns, Getter, Row
    from shadowai.logs.schema import Format, Record, Shapes, TimeSource

REMEDIES = {
    "ambiguous-date": (
        'dates in which day and month cannot be told apart are not read: say date_order = "day-first" or'
        ' "month-first" in the settings (or SHADOWAI_DATE_ORDER)'
    )
}  # what the user can do about records that are skipped for a reason
BAD_TIME = -1  # a time was written, but none that can be read
HOST, TIME, DESTINATION_IP, DESTINATION_PORT, USER, PATH, METHOD, ACTION, OFFSET = 0, 1, 4, 5, 6, 8, 9, 11, 14
FLOW, TENANT = 22, 23
PLAIN_FIELDS: dict[str, tuple[int, Callable[[str], Any]]] = {
    "source_ip": (2, values.address_of),
    "source_port": (3, values.port_of),
    "destination_ip": (DESTINATION_IP, values.address_of),
    "destination_port": (DESTINATION_PORT, values.port_of),
    "user": (USER, values.user_of),
    "device": (7, values.text_of),
    "method": (METHOD, values.text_of),
    "user_agent": (10, values.text_of),
    "bytes_up": (12, values.count_of),
    "bytes_down": (13, values.count_of),
    "bytes_total": (16, values.count_of),
    "tenant": (TENANT, values.text_of),
}  # where a field stands in an observation, counted from `host`, and how it is converted

DRAFT: Any = make_dataclass("DRAFT", [one.name for one in fields(Observation)], slots=True)
FIELDS_READ = len(fields(Observation)) - 4  # all from `host` on
# The constructor of a frozen dataclass sets every field through object.__setattr__ and takes a third of the time of
# reading a record (2.0 of 6 us, against 0.5). A twin with the same slots that is not frozen is filled and then turned
# into one.
MEASURED = frozenset(("bytes_up", "bytes_down"))
UNREPEATED = frozenset((*MEASURED, "bytes_total", "source_port"))  # a table of these would only fill up


@dataclass(frozen=True, slots=True)
class Context:
    """What a plan needs besides the format: the file's name and the clock its times are read against."""

    file: str
    clock: Clock


class Plan:
    """Reads rows of one layout. Rows hold one value a column, and the time of the syslog header as the last one."""

    def __init__(self, fmt: Format, columns: Columns, context: Context) -> None:
        self._verdicts = [(matcher(rule.when, columns), rule.then) for rule in fmt.verdicts]
        self._ignored = [(matcher(rule.when, columns), Skip(rule.reason)) for rule in fmt.ignore]
        self._whens = [matcher(record.when, columns) for record in fmt.records]
        self._records = [RecordPlan(fmt, record, columns, context) for record in fmt.records]
        self.fits = shape_tests(fmt.shapes, columns)
        self._classes = _classes(fmt.conditions, columns)
        placed = [when for when in fmt.conditions if any(map(is_given, when))]
        by_place = {item for when in placed for item in when.items() if is_given(item[0])}
        self._by_place = [matcher({name: pattern}, columns) for name, pattern in sorted(by_place)]
        self._by_name = [
            matcher({name: pattern for name, pattern in when.items() if not is_given(name)}, columns) for when in placed
        ]
        self._decisions: dict[tuple[int, ...], Decision] = {}
        self._known: dict[Decision, Decision] = {}

    def read(self, row: Row, offset: int) -> Observation | Skip:
        """Make an observation of a row, or say why it is none."""
        for get, fits in self.fits:
            if not fits(get(row)):
                return Skip("bad-record", offset, broken=True)
        reader, action = self.decide(row)
        if isinstance(reader, Skip):
            return Skip(reader.reason, offset)
        return reader.read(row, offset, action)

    def decide(self, row: Row) -> Decision:
        """Say how a row is to be read, or why it is not, and what became of the contact; equal decisions are one."""
        key = tuple(classes[get(row)] for get, classes in self._classes)
        decision = self._decisions.get(key) or self._decide(row, key)
        if decision is _DEPENDS:
            key = (*key, *(int(matches(row)) for matches in self._by_place))
            decision = self._decisions.get(key) or self._remember(key, self._judge(row))
        return decision

    def decide_all(self, rows: Sequence[Row]) -> list[Decision]:
        """Say of many rows what `decide` says of each."""
        by_column = [map(classes.__getitem__, map(get, rows)) for get, classes in self._classes]
        known = list(map(self._decisions.get, zip(*by_column, strict=True) if by_column else repeat((), len(rows))))
        if _OPEN.isdisjoint(map(id, known)):
            return cast("list[Decision]", known)
        return [
            self.decide(row) if decision is None or decision is _DEPENDS else decision
            for row, decision in zip(rows, known, strict=True)
        ]

    def _decide(self, row: Row, key: tuple[int, ...]) -> Decision:
        """Decide by named columns alone, where no condition that they leave open looks at a column by its place."""
        depends = any(matches(row) for matches in self._by_name)
        return self._remember(key, _DEPENDS if depends else self._judge(row))

    def _remember(self, key: tuple[int, ...], decision: Decision) -> Decision:
        if decision is not _DEPENDS:
            decision = self._known.setdefault(decision, decision)
        if len(self._decisions) >= values.MEMO_ENTRIES:
            self._decisions.clear()
        self._decisions[key] = decision
        return decision

    def _judge(self, row: Row) -> Decision:
        for matches, skip in self._ignored:
            if matches(row):
                return skip, None
        action = next((then for matches, then in self._verdicts if matches(row)), None)
        for matches, record in zip(self._whens, self._records, strict=True):
            if matches(row):
                return record, action
        return Skip("not-a-contact"), None


Decision = tuple["RecordPlan | Skip", Action | None]
_DEPENDS: Decision = (Skip("not-a-contact"), None)  # on columns known by their place, such as a URL: not remembered
_OPEN = frozenset((id(None), id(_DEPENDS)))  # what is not decided yet


class RecordPlan:
    """Reads rows of one kind of record.

    `origin` is what all of them share: evidence, kind, dataset, file. `fits` are the tests of its shapes, `getters` the
    columns of each field, `time` and `place` read those of a row, `count` reads a count of bytes; `epoch_column` holds
    its time, where that is always an epoch number.
    """

    def __init__(self, fmt: Format, record: Record, columns: Columns, context: Context) -> None:
        self._evidence = record.evidence or fmt.evidence
        self.origin = (self._evidence, fmt.kind, fmt.id, context.file)
        self._needs_host = record.needs_host or self._evidence is Evidence.DNS
        self.fits = shape_tests(record.shapes, columns)
        self._labels = columns.getters(fmt.user_not)
        self._personal = matcher(fmt.user_when, columns)
        self.is_user_doubtful = bool(self._labels or fmt.user_when)
        times = (*record.time, *fmt.time)
        self.time = time_reader(times, columns, context.clock)
        self.epoch_column = epoch_column(times, columns)
        mapped: dict[str, tuple[str, ...]] = {str(name): names for name, names in (fmt.map | record.map).items()}
        getters = self.getters = {name: columns.getters(names) for name, names in mapped.items()}
        self.count = values.counting(context.clock.notes)
        self._fields: list[tuple[int, Getter, Callable[[str], Any]]] = []
        for name, (slot, plain) in PLAIN_FIELDS.items():
            convert = plain if name in UNREPEATED else Memo(plain).__getitem__
            if name in MEASURED:
                convert = self.count
            # The first column that holds a value counts, so it is filled in last.
            self._fields += [(slot, get, convert) for get in reversed(getters.get(name, []))]
        in_family = partial(values.flow_of, fmt.family)
        ports = getters.get("source_port", [])
        self._fields += [(FLOW, _with_port(get, ports), in_family) for get in reversed(getters.get("flow", []))]
        self.place: Placer = (
            name_reader(getters.get("host", []), fmt.spelling)
            if self._evidence is Evidence.DNS
            else place_reader({name: getters.get(name, []) for name in ("url", "uri", "host", "path", "query")})
        )

    def read(self, row: Row, offset: int, action: Action | None) -> Observation | Skip:
        """Make an observation of a row of this kind, or say why it is none."""
        for get, fits in self.fits:
            if not fits(get(row)):
                return Skip("bad-record", offset, broken=True)
        time = self.time(row)
        if time is not None and time < 0:
            return Skip("ambiguous-date" if time == AMBIGUOUS else "bad-time", offset, broken=True)
        found: list[Any] = [None] * FIELDS_READ
        for slot, get, convert in self._fields:
            value = convert(get(row))
            if value is not None:
                found[slot] = value
        host, port, path = self.place(row, found[METHOD])
        if host == BAD:
            # Names that are no host names are legal in the DNS (RFC 2181 section 11); in a URL they mean damage.
            return Skip("odd-name", offset) if self._evidence is Evidence.DNS else Skip("bad-host", offset, broken=True)
        if host is None and (self._needs_host or found[DESTINATION_IP] is None):
            return Skip("no-host", offset)
        found[HOST], found[TIME], found[PATH], found[ACTION], found[OFFSET] = host, time, path, action, offset
        if port is not None and found[DESTINATION_PORT] is None:
            found[DESTINATION_PORT] = port
        if self.is_user_doubtful and found[USER] is not None and not self.is_person(row, found[USER]):
            found[USER] = None
        draft = DRAFT(*self.origin, *found)
        draft.__class__ = Observation
        return cast("Observation", draft)

    def is_person(self, row: Row, user: str) -> bool:
        """Say whether what stands where the user should be is one, rather than a network's label."""
        return self._personal(row) and all(get(row).strip() != user for get in self._labels)


def _with_port(get: Getter, ports: Sequence[Getter]) -> Getter:
    """Read the id of a flow; a short one, which another flow may have too, with the client's port."""

    def read(row: Row) -> str:
        text = get(row)
        if not text or len(text) >= values.RANDOM_ID:
            return text
        return f"{text}@{next(filter(None, (port(row) for port in ports)), '')}"

    return read


def shape_tests(shapes: Shapes, columns: Columns) -> list[tuple[Getter, Callable[[str], bool]]]:
    """Give the tests that a row of undamaged columns passes; a column the layout lacks is empty."""
    return [(columns.raw(name), _fitting(pattern)) for name, pattern in shapes.items()]


def _fitting(pattern: str) -> Callable[[str], bool]:
    if pattern == ".+":
        # Times are of this shape: a table of texts that never come again would only fill up.
        return lambda text: text != "" and "\n" not in text
    compiled = re.compile(pattern)
    return Memo(lambda text: compiled.fullmatch(text) is not None).__getitem__


def matcher(shapes: Shapes, columns: Columns) -> Callable[[Row], bool]:
    """Give the test of a condition: every column matches its pattern, ignoring case; a missing column is empty."""
    tests = [(columns.raw(name), re.compile(pattern, re.IGNORECASE)) for name, pattern in shapes.items()]
    return lambda row: all(test.fullmatch(get(row)) for get, test in tests)


def _classes(conditions: Sequence[Shapes], columns: Columns) -> list[tuple[Getter, Memo[int]]]:
    """Give for each named column in conditions the classes of its texts: those alike that no condition tells apart.

    So there are few decisions however many texts there are, such as a server's address in the column of the result.
    """
    patterns: dict[str, dict[str, None]] = {}
    for when in conditions:
        for name, pattern in when.items():
            if not is_given(name):
                patterns.setdefault(name, {})[pattern] = None
    return [(columns.raw(name), Memo(_class_of(tuple(mine)))) for name, mine in patterns.items()]


def _class_of(patterns: Sequence[str]) -> Callable[[str], int]:
    """Give a function that numbers texts by which of the patterns they match, ignoring case."""
    tests = [re.compile(pattern, re.IGNORECASE) for pattern in patterns]
    numbers: dict[tuple[bool, ...], int] = {}
    return lambda text: numbers.setdefault(tuple(test.fullmatch(text) is not None for test in tests), len(numbers))


def time_reader(sources: Iterable[TimeSource], columns: Columns, clock: Clock) -> Callable[[Row], int | None]:
    """Give a reader of the time: of the first source that can be read; BAD_TIME where none of those written can."""
    readers: list[tuple[list[Getter], Callable[[str], int | None]]] = []
    for source in sources:
        getters = columns.getters(source.columns)
        if len(getters) == len(source.columns):
            own = replace(clock, zone=UTC) if source.utc else clock
            readers.append((getters, _any_of([parser_of(pattern, own) for pattern in source.formats])))

    if len(readers) == 1 and len(readers[0][0]) == 1:
        return _one_time(readers[0][0][0], readers[0][1])

    def read(row: Row) -> int | None:
        written: int | None = None
        for getters, parse in readers:
            texts = [get(row) for get in getters]
            if "" in texts or "-" in texts:
                continue
            found = parse(texts[0] if len(texts) == 1 else " ".join(texts))
            if found and found > 0:
                return found
            if found != NO_YEAR:
                written = found or written or BAD_TIME
        return written

    return read


def epoch_column(sources: Sequence[TimeSource], columns: Columns) -> Getter | None:
    """Give the one column of the time where it is always an epoch number, None elsewhere."""
    if len(sources) != 1 or list(sources[0].formats) != ["epoch"] or len(sources[0].columns) != 1:
        return None
    return next(iter(columns.getters(sources[0].columns)), None)


def _one_time(get: Getter, parse: Callable[[str], int | None]) -> Callable[[Row], int | None]:
    def read(row: Row) -> int | None:
        text = get(row)
        found = parse(text)
        if found:
            return found
        return None if found == NO_YEAR or text in {"", "-"} else BAD_TIME

    return read


def _any_of(parsers: list[TimeParser]) -> Callable[[str], int | None]:
    if parsers == [epoch]:
        return epoch  # no two are the same: a table would only fill up

    def parse(text: str) -> int | None:
        for parser in parsers:
            found = parser(text.strip())
            if found is not None:
                return found
        return None

    return Memo(parse).__getitem__
