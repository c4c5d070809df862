"""From the lines of one file to observations: the only state is the layout that the header or a directive set."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeGuard, cast

from shadowai.errors import SourceError
from shadowai.logs import engines, lines
from shadowai.logs.bulk import Bulk, Found, Lines, texts_of
from shadowai.logs.columns import Columns, Row, wanted_columns
from shadowai.logs.json_records import each_splitter
from shadowai.logs.plan import Context, Plan
from shadowai.logs.schema import STARTS, Delimited, Format, Json
from shadowai.logs.times import Clock, zone_of
from shadowai.logs.wrappers import opener_of
from shadowai.model import Observation, Skip

BRACKETED = frozenset(("gmttime", "localtime"))  # ProxySG writes them as [15/Jan/2026:10:00:00 +0000]
RESAVED = ",;"  # between these, a spreadsheet's, quotes count (RFC 4180) in files that write none themselves
EMPTY_CELLS = ' \t,;"'  # of rows that a spreadsheet saves below its table
Layout = tuple[Callable[[str], list[str] | None], Plan]


class Reader:
    """Reads the lines of one file in one format.

    `name` is the file as it is to appear in observations. `header` holds the header and directive lines that precede
    the part to be read (`Format.directives`, `Format.has_header_line`), where it is not read from its start.
    `reference_time` (ns) is the file's time of modification, from which a missing year is taken; without it such times
    are unknown. `zone` is the IANA zone of times that name none.
    """

    def __init__(
        self,
        fmt: Format,
        *,
        name: str,
        header: Sequence[bytes] = (),
        reference_time: int | None = None,
        zone: str = "UTC",
    ) -> None:
        self.format = fmt
        self._context = Context(name, Clock(zone_of(zone), reference_time, fmt.day_first, fmt.day_first_12h))
        self._begins = re.compile(fmt.start) if fmt.start else None
        self._marked_start = fmt.syntax.engine in STARTS
        self._comments = [re.compile(pattern) for pattern in fmt.comments]
        self._marked = fmt.header in {"w3c", "zeek"}
        self._openers = [(wrapping, opener_of(wrapping)) for wrapping in fmt.wrapped]
        self._header_line: str | None = None
        self._layout: Layout | None = None
        self._zeek = _ZeekHeader()
        self._date = ""
        self._more: list[Row] = []
        self._bulk = Bulk()
        if fmt.header == "none":
            self._layout = self._fixed()
        for line in header:
            self.parse(line, 0)

    @property
    def notes(self) -> set[str]:
        """What the user should know of what was read so far, in a sentence each."""
        return self._context.clock.notes

    def parse(self, line: bytes, offset: int) -> Observation | Skip:
        """Read one line that begins at a byte offset.

        Never raises on what a line holds, except SourceError for a header that lacks a column of the user's map.
        """
        if len(line) > lines.MAX_LINE:
            return Skip("over-long", offset, broken=True)
        text, offset = lines.decode(line, offset)
        if not text and line.startswith(lines.HOLE):
            return Skip("bad-record", offset, broken=True)
        if self._marked and text.startswith("#"):
            return self._directive(text, offset)
        if self._openers:
            return self._opened(text, offset)
        return self.read(text, offset)

    def parse_all(self, line: bytes, offset: int) -> list[Observation | Skip]:
        """Read one line of a format whose records hold several contacts."""
        self._more = []
        first = self.parse(line, offset)
        if self._layout is None:
            return [first]
        plan = self._layout[1]
        return [first, *(plan.read([*row, ""], offset) for row in self._more)]

    def read(self, text: str, offset: int, stamp: str = "") -> Observation | Skip:
        """Read the text of one record; `stamp` is the time of what is wrapped around it."""
        if self._begins is None:
            return self._record(text, stamp or self._date, offset)
        found = lines.strip_syslog(text, self._begins, marked=self._marked_start)
        if found is None:
            return self._foreign(text, offset)
        return self._record(found[0], found[1] or stamp, offset)

    def parse_many(self, many: Lines) -> Found | None:
        """Read many lines column by column, each as `parse` does; None where a line may change the layout."""
        if self._layout is None:
            return None
        texts = texts_of(many.lines)
        if self._marked and any(text is None or text.startswith("#") for text in texts):
            return None
        return self._bulk.read(self._layout[1], self._rows(texts, self._layout[0]), many, self.parse)

    def _rows(self, texts: Sequence[str | None], split: engines.Splitter) -> Sequence[Row | None]:
        """Cut texts into rows, each with the time of what is wrapped around it; None for those that are odd."""
        if not self._are_bare(texts):
            return [self._row(text, split) for text in texts]
        rows = split.many(texts) if isinstance(split, engines.Cutter) else list(map(split, texts))
        stamp = "" if self._begins else self._date
        for row in rows:
            if row is not None:
                row.append(stamp)
        return rows

    def _are_bare(self, texts: Sequence[str | None]) -> TypeGuard[Sequence[str]]:
        """Say whether every text is a record from its beginning on."""
        if self._openers or not all(texts) or self._header_line in texts:
            return False
        return self._begins is None or all(map(self._begins.match, cast("Sequence[str]", texts)))

    def _row(self, text: str | None, split: engines.Splitter) -> Row | None:
        bare = self._bare(text) if text else None
        row = split(bare[0]) if bare and bare[0] != self._header_line else None
        if bare and row is not None:
            row.append(bare[1])
        return row

    def _bare(self, text: str) -> tuple[str, str] | None:
        """Give the record in a text, without what is wrapped around it, and the time of that; None where it is odd."""
        stamp = ""
        for name, opener in self._openers:
            inner = opener(text)
            if inner is None or name.endswith(f":{inner[0]}"):
                return None
            text, stamp = inner[0], stamp or inner[1]
        if self._begins is None:
            return text, stamp or self._date
        found = lines.strip_syslog(text, self._begins, marked=self._marked_start)
        return found and (found[0], found[1] or stamp)

    def _opened(self, text: str, offset: int) -> Observation | Skip:
        """Read the record inside a wrapping."""
        stamp = ""
        for name, opener in self._openers:
            inner = opener(text)
            if inner is None:
                return self._foreign(text, offset)
            if name.endswith(f":{inner[0]}"):
                return Skip("header", offset)  # of the export: the column's own name
            text, stamp = inner[0], stamp or inner[1]
        return self.read(text, offset, stamp)

    def _record(self, text: str, stamp: str, offset: int) -> Observation | Skip:
        if self._layout is None:
            return self._header(text, offset)
        if text == self._header_line:
            return Skip("header", offset)
        split, plan = self._layout
        row = split(text)
        if row is None:
            return self._foreign(text, offset)
        row.append(stamp)
        return plan.read(row, offset)

    def _foreign(self, text: str, offset: int) -> Skip:
        if not text.strip(EMPTY_CELLS) or any(pattern.match(text) for pattern in self._comments):
            return Skip("comment", offset)
        return Skip("bad-record", offset, broken=True)

    def _fixed(self) -> Layout:
        syntax = self.format.syntax
        if isinstance(syntax, Delimited):
            return self._delimited(syntax.columns, engines.delimiter_of(syntax, ""), syntax.least)
        wanted = wanted_columns(self.format)
        if isinstance(syntax, Json) and syntax.each:
            return self._several(each_splitter(wanted, syntax.each)), Plan(
                self.format, Columns(wanted, self.format), self._context
            )
        return engines.splitter_of(syntax, wanted), Plan(self.format, Columns(wanted, self.format), self._context)

    def _several(self, rows_of: Callable[[str], list[Row] | None]) -> Callable[[str], Row | None]:
        """Give an engine that gives the first row of a record and keeps the others for `parse_all`."""

        def split(text: str) -> Row | None:
            rows = rows_of(text)
            self._more = rows[1:] if rows else []
            return rows[0] if rows else None

        return split

    def _delimited(self, names: Sequence[str], delimiter: str, least: int) -> Layout:
        width = len(names)
        syntax = self.format.syntax
        exact = isinstance(syntax, Delimited) and syntax.exact
        quotes = not isinstance(syntax, Delimited) or syntax.quotes or delimiter in RESAVED
        cut = partial(engines.cut, delimiter=delimiter, quotes=quotes)
        simple: engines.Simple | None = engines.Simple(None if delimiter == " " else delimiter, quotes)
        if self.format.header == "w3c" and delimiter == " ":
            cut = partial(engines.cut_w3c, width=width, bracketed=not BRACKETED.isdisjoint(map(str.lower, names)))
            simple = None
        cutter = engines.Cutter(cut, simple, width, least, exact=exact)
        return cutter, Plan(self.format, Columns(names, self.format), self._context)

    def _header(self, text: str, offset: int) -> Skip:
        """Take the names of the columns from the first line; a line before any header is broken."""
        if self.format.header != "line":
            return Skip("no-layout", offset, broken=True)
        if not text.strip() or text.startswith("#") or text.lower().startswith("sep="):
            return Skip("comment", offset)
        syntax = self.format.syntax
        delimiter = engines.delimiter_of(syntax, text) if isinstance(syntax, Delimited) else ","
        names = [name.strip().strip('"') for name in engines.cut(text, delimiter) or ()]
        if not self._complete(names):
            return Skip("bad-header", offset, broken=True)
        self._header_line = text
        self._layout = self._delimited(names, delimiter, len(names))
        return Skip("header", offset)

    def _complete(self, names: Sequence[str]) -> bool:
        """Say whether a header names what the format needs; a column missing from the user's map is an error."""
        fmt = self.format
        known = {name.lower() for name in names}
        if fmt.strict:
            missing = [name for name in wanted_columns(fmt) if name.lower() not in known]
            if missing:
                message = f"the column map names {_listed(missing)}, but the header of the file is {_listed(names)}"
                raise SourceError(message, where=self._context.file, record=1)
        enough = not fmt.any_of or any(name.lower() in known for name in fmt.any_of)
        return enough and all(name.lower() in known for name in fmt.require) and len(names) <= engines.MAX_COLUMNS

    def _directive(self, text: str, offset: int) -> Skip:
        if self.format.header == "zeek":
            return self._zeek_directive(text, offset)
        keyword, _, rest = text.partition(":")
        if keyword.lower() in {"#date", "#start-date"}:
            self._date = rest.strip()
        if keyword.lower() != "#fields":
            return Skip("comment", offset)
        syntax = self.format.syntax
        delimiter = engines.delimiter_of(syntax, rest.strip()) if isinstance(syntax, Delimited) else " "
        return self._set_layout(rest.split(), delimiter, offset)

    def _zeek_directive(self, text: str, offset: int) -> Skip:
        if not text.startswith("#fields"):
            self._zeek.note(text)
            return Skip("comment", offset)
        separator = self._zeek.separator
        return self._set_layout(text.split(separator)[1:] if separator else [], separator, offset)

    def _set_layout(self, names: list[str], delimiter: str, offset: int) -> Skip:
        if not self._complete(names):
            self._layout = None
            return Skip("bad-header", offset, broken=True)
        split, plan = self._delimited(names, delimiter, len(names))
        if self._marked and self.format.header == "zeek":
            split = self._zeek.splitter(len(names))
        self._layout = split, plan
        return Skip("header", offset)


class _ZeekHeader:
    """What the directives in front of `#fields` say (Zeek's ASCII writer: separator, unset and empty values)."""

    def __init__(self) -> None:
        self.separator = "\t"
        self._nothing = {"-", "(empty)"}

    def note(self, text: str) -> None:
        """Take in `#separator`, `#unset_field` or `#empty_field`."""
        keyword, _, rest = text.partition(" ")
        if keyword == "#separator":
            self.separator = re.sub(r"\\x([0-9a-fA-F]{2})", lambda found: chr(int(found[1], 16)), rest)
            return
        if self.separator and text.startswith(("#unset_field", "#empty_field")):
            self._nothing.add(text.partition(self.separator)[2])

    def splitter(self, width: int) -> Callable[[str], list[str] | None]:
        """Give the engine of the lines that follow: no quotes, every column in every line."""
        separator, nothing = self.separator, frozenset(self._nothing)

        def split(text: str) -> list[str] | None:
            row = text.split(separator)
            if len(row) != width:
                return None
            return ["" if value in nothing else value for value in row]

        return split


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:20])
    return f"{shown}, ..." if len(names) > len(names[:20]) else shown
