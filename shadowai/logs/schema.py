"""What a log format is: a small data definition, validated; no vendor has code of its own.

A definition says how a line is cut into columns (`syntax`), what must be true of them (`shapes`), which column fills
which field of an observation (`map`), and what the vendor's verdicts mean. Column names are the vendor's; `@7` is the
seventh column, `@syslog` the time of the syslog header in front of the record.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from shadowai.errors import UsageError
from shadowai.logs.times import Clock, parser_of
from shadowai.model import Action, Evidence, Kind

MappedField = Literal[
    "source_ip", "source_port", "destination_ip", "destination_port", "user", "device", "host", "url", "uri", "path",
    "query", "method", "user_agent", "bytes_up", "bytes_down", "bytes_total",
]  # fmt: skip
FIELD_ORDER = (
    "time", "source_ip", "source_port", "user", "device", "host", "path", "destination_ip", "destination_port",
    "bytes_up", "bytes_down", "bytes_total", "action", "user_agent", "method",
)  # fmt: skip


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        message = f"no regular expression: {error}"
        raise ValueError(message) from error
    return pattern


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Pattern = Annotated[str, AfterValidator(_compiles)]
Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Shapes = dict[str, Pattern]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Delimited(_Strict):
    """Columns between delimiters. Names are fixed (`columns`) or come from the file (`header`).

    `header`: `line` is a first line of names (RFC 4180), `w3c` the `#Fields:` directive, `zeek` the `#fields` line.
    `least` is the number of columns a whole record has at least; with a header it is the header's length.
    `quotes` says whether values may be quoted (RFC 4180).
    `exact` refuses longer rows too: a delimiter inside an unquoted value would shift the columns.
    """

    engine: Literal["delimited"]
    delimiter: Literal["blank", "comma", "tab", "auto"] = "auto"
    columns: tuple[str, ...] = ()
    header: Literal["none", "line", "w3c", "zeek"] = "none"
    least: int = 1
    quotes: bool = True
    exact: bool = False


class Pairs(_Strict):
    """`key=value` pairs, separated by tabs, blanks or commas (told by the line itself); values may be quoted.

    `lead` names the text in front of the first pair, where there is one.
    """

    engine: Literal["pairs"]
    lead: str | None = None


class Json(_Strict):
    """One JSON object a line; columns are dotted paths, list items by number."""

    engine: Literal["json"]


class Regex(_Strict):
    """One regular expression for the whole record; its named groups are the columns."""

    engine: Literal["regex"]
    pattern: Pattern


class TimeSource(_Strict):
    """Where a time is written: columns joined by a blank, and the patterns to try (`shadowai.logs.times`).

    `utc` says that the format's standard fixes the zone, so that the zone of the user's other logs is not meant.
    """

    columns: Names
    utc: bool = False
    formats: Annotated[tuple[str, ...], BeforeValidator(_listed)] = Field(alias="as")

    @field_validator("formats")
    @classmethod
    def _known(cls, formats: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in formats:
            try:
                parser_of(pattern, Clock())
            except UsageError as error:
                raise ValueError(error.message) from error
        return formats


class Ignored(_Strict):
    """Records that are read but are no contact: when all columns match, they are skipped for that reason."""

    when: Shapes
    reason: Annotated[str, Field(pattern=r"^[a-z][a-z-]*$")]


class Verdict(_Strict):
    """What the log says of the request: the first verdict whose columns all match (ignoring case) holds."""

    when: Shapes = {}
    then: Action


class Record(_Strict):
    """One kind of record of a format: when it is met, what evidence it is, and which columns fill which field.

    `shapes` must match too, or the record is damaged; `needs_host` says that without a host it is no contact.
    """

    when: Shapes = {}
    shapes: Shapes = {}
    evidence: Evidence | None = None
    map: dict[MappedField, Names] = {}
    time: tuple[TimeSource, ...] = ()
    needs_host: bool = False


class Format(_Strict):
    """One log format. `evidence` is that of records that do not say otherwise, `document` the vendor's page it follows.

    `priority` settles ties of recognition (smaller wins). `begins` is how a record starts; where it is given, a syslog
    header may precede the record. `comments` match lines that are no records. `require` are columns a header must name,
    `any_of` columns of which it must name one at least. `shapes` must match for a line to be a record of this format.
    `extract` takes a part (group 1) of a column. `user_not` names columns that hold a network's label: a user equal to
    it is no person. `strict` makes a header without a mapped column an error, as for a column map of the user.
    `day_first` settles dates such as 05/06/2021; None goes by the clock: with AM and PM the month comes first, else the
    day.
    """

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    vendor: str
    product: str
    kind: Kind
    evidence: Evidence
    document: Annotated[str, Field(pattern=r"^https://")]
    priority: int = 50
    syntax: Annotated[Delimited | Pairs | Json | Regex, Field(discriminator="engine")]
    begins: Pattern | None = None
    comments: tuple[Pattern, ...] = ()
    require: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()
    shapes: Shapes = {}
    extract: Shapes = {}
    map: dict[MappedField, Names] = {}
    user_not: tuple[str, ...] = ()
    time: tuple[TimeSource, ...] = ()
    ignore: tuple[Ignored, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    records: tuple[Record, ...] = (Record(),)
    spelling: Literal["plain", "dns-labels"] = "plain"
    strict: bool = False
    day_first: bool | None = None

    @model_validator(mode="after")
    def _whole(self) -> Format:
        for pattern in self.extract.values():
            if re.compile(pattern).groups != 1:
                message = f"extract needs exactly one group: {pattern}"
                raise ValueError(message)
        if not self.records:
            message = "a format needs one kind of record at least"
            raise ValueError(message)
        return self

    @property
    def name(self) -> str:
        """Vendor and product, as shown to the user."""
        return f"{self.vendor} {self.product}"

    @property
    def header(self) -> str:
        """Where the names of the columns come from: `none`, `line`, `w3c` or `zeek`."""
        return self.syntax.header if isinstance(self.syntax, Delimited) else "none"

    @property
    def directives(self) -> tuple[bytes, ...]:
        """Prefixes of the lines that change the layout; whoever reads a part of a file needs those before it."""
        return DIRECTIVES[self.header]

    @property
    def conditions(self) -> tuple[Shapes, ...]:
        """Conditions of all rules: what is ignored, verdicts, kinds of records."""
        ignore = (rule.when for rule in self.ignore)
        verdicts = (rule.when for rule in self.verdicts)
        return (*ignore, *verdicts, *(record.when for record in self.records))

    @property
    def has_header_line(self) -> bool:
        """Say whether the first line of a file names its columns."""
        return self.header == "line"

    @property
    def fields(self) -> tuple[str, ...]:
        """Fields of `shadowai.model.Observation` that this format can fill, where the file has the columns."""
        mapped: set[str] = {"action"} if self.verdicts else set()
        for record in self.records:
            mapped |= set(self.map) | set(record.map)
            mapped |= {"time"} if self.time or record.time else set()
        if "url" in mapped:
            mapped.add("host")
        if {"url", "uri"} & mapped:
            mapped.add("path")
        return tuple(name for name in FIELD_ORDER if name in mapped)


DIRECTIVES: dict[str, tuple[bytes, ...]] = {
    "none": (),
    "line": (),
    "w3c": (b"#Fields:", b"#Date:"),
    "zeek": (b"#separator", b"#fields", b"#unset_field", b"#empty_field"),
}
