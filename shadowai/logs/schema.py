"""What a log format is: a small data definition, validated; no vendor has code of its own.

A definition says how a line is cut into columns (`syntax`), what must be true of them (`shapes`), which column fills
which field of an observation (`map`), and what the vendor's verdicts mean. Column names are the vendor's; `@7` is the
seventh column, `@syslog` the time of the syslog header in front of the record.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from shadowai.errors import UsageError
from shadowai.logs.cef import CEF_BEGINS, LEEF_BEGINS
from shadowai.logs.times import Clock, parser_of
from shadowai.model import Action, Evidence, Kind

MappedField = Literal[
    "source_ip", "source_port", "destination_ip", "destination_port", "user", "device", "host", "url", "uri", "path",
    "query", "method", "user_agent", "bytes_up", "bytes_down", "bytes_total", "flow",
    "tenant",
]  # fmt: skip
FIELD_ORDER = (
    "time", "source_ip", "source_port", "user", "device", "host", "path", "destination_ip", "destination_port",
    "bytes_up", "bytes_down", "bytes_total", "action", "user_agent", "method",
)  # fmt: skip


CHECKED = {"checked": True}
"""Context for validating definitions whose patterns are known to compile: compiling is seven eighths of the work."""


def _compiles(pattern: str, info: ValidationInfo) -> str:
    if info.context == CHECKED:
        return pattern
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
    """`key=value` pairs; values may be quoted (`shadowai.logs.pairs`).

    `lead` names the text in front of the first pair, where there is one. `separator` is what stands between pairs, told
    by the line itself with `auto`; `equals: colon` is for `key:"value"; key:"value"`. With `spaced` a value without
    quotes may hold blanks: it runs on to the blank before the next key.
    """

    engine: Literal["pairs"]
    lead: str | None = None
    separator: Literal["auto", "blank", "comma", "tab", "semicolon", "pipe", "spaced"] = "auto"
    equals: Literal["sign", "colon"] = "sign"


class Cef(_Strict):
    """ArcSight's Common Event Format.

    Columns are deviceVendor, deviceProduct, deviceVersion, deviceEventClassId, name, severity and the keys of the
    extension; `label:<text>` is the custom field that carries that label.
    """

    engine: Literal["cef"]


class Leef(_Strict):
    """IBM's Log Event Extended Format 1.0 and 2.0; columns are vendor, product, version, eventId and the attributes."""

    engine: Literal["leef"]


class Xml(_Strict):
    """One XML element a record: `record` names it, whatever stands around it.

    Columns are dotted paths below it, attributes `@name`; `<Data Name='X'>` of Windows counts as an element `X`.
    """

    engine: Literal["xml"]
    record: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.:-]*$")] = "Event"


class Dnstap(_Strict):
    """Binary frames of dnstap (`shadowai.logs.dnstap`); columns are the names of its fields."""

    engine: Literal["dnstap"]


class Json(_Strict):
    """One JSON object a record; columns are dotted paths, list items by number or `[name]`, else the first of a list.

    `each` is the path of a list in it whose items are records of their own, with `*` for every item of a list on the
    way; the lists on that path then stand for their current item. Items that are texts of values between commas are the
    columns `1`, `2`, ...
    """

    engine: Literal["json"]
    each: str | None = None


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
    def _known(cls, formats: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        for pattern in formats if info.context != CHECKED else ():
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
    `extract` takes a part (group 1) of a column; under `column#part` a column has several. `user_not` names columns
    that hold a network's label: a user equal to it is no person. `user_when` must match for the user to be a person.
    `strict` makes a header without a mapped column an error, as for a column map of the user.
    `day_first` settles dates such as 05/06/2021; with None they are refused, unless dots part them. `day_first_12h`
    does so for times with AM and PM, where they differ.

    What recognition adds for one file: `framing`, how records are told apart where they are not lines
    (`shadowai.logs.framing`); `wrapped`, what stands around them, from the outside in (`shadowai.logs.wrappers`);
    `members`, the formats of a file that holds several; `recognition`, how sure that is, for the user to read.
    """

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    vendor: str
    product: str
    kind: Kind
    evidence: Evidence
    document: Annotated[str, Field(pattern=r"^https://")]
    priority: int = 50
    syntax: Annotated[Delimited | Pairs | Cef | Leef | Xml | Json | Regex | Dnstap, Field(discriminator="engine")]
    begins: Pattern | None = None
    comments: tuple[Pattern, ...] = ()
    require: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()
    shapes: Shapes = {}
    extract: Shapes = {}
    map: dict[MappedField, Names] = {}
    user_not: tuple[str, ...] = ()
    user_when: Shapes = {}
    time: tuple[TimeSource, ...] = ()
    ignore: tuple[Ignored, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    records: tuple[Record, ...] = (Record(),)
    spelling: Literal["plain", "dns-labels"] = "plain"
    strict: bool = False
    day_first: bool | None = None
    day_first_12h: bool | None = None
    framing: Annotated[str, Field(pattern=r"^(?:lines|returns|quotes|rows|json:[1-7]|xml:.+)$")] = "lines"
    wrapped: tuple[str, ...] = ()
    members: tuple[Format, ...] = ()
    recognition: str | None = None

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
    def start(self) -> str | None:
        """How a record starts: `begins`, or what its syntax has all records start with."""
        return self.begins or STARTS.get(self.syntax.engine)

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
        own = DIRECTIVES[self.header]
        return own + tuple(prefix for member in self.members for prefix in member.directives if prefix not in own)

    @property
    def holds_several(self) -> bool:
        """Say whether one record of the file holds several contacts."""
        return isinstance(self.syntax, Json) and self.syntax.each is not None

    @property
    def reads_all(self) -> bool:
        """Say whether every line must be read: those of interest cannot be found by the names in them."""
        return self.holds_several or isinstance(self.syntax, Dnstap) or not (self.members or "host" in self.fields)

    @property
    def is_whole(self) -> bool:
        """Say whether a file must be read from its start: its records may go on over any line end."""
        return self.framing != "lines" or isinstance(self.syntax, Dnstap)

    @property
    def family(self) -> str:
        """What its flows are called by: formats of one family share their ids."""
        return self.id.partition("-")[0]

    @property
    def flow_columns(self) -> tuple[str, ...]:
        """Columns that hold the id of the flow, none where the source does not say which records are of one."""
        maps = (self.map, *(record.map for record in self.records))
        own = dict.fromkeys(name for mapped in maps for name in mapped.get("flow", ()))
        return (*own, *(name for member in self.members for name in member.flow_columns))

    @property
    def joined(self) -> tuple[str, ...]:
        """Fields of `fields` that a scan can fill from other records of the flow, in the same folder."""
        for record in self.records:
            mapped = set(self.map) | set(record.map)
            is_name = {"host", "url", "uri"} & mapped and (record.evidence or self.evidence) is not Evidence.DNS
            if "flow" in mapped and is_name:
                return "bytes_up", "bytes_down"
        return ()

    @property
    def tells_flows(self) -> bool:
        """Say whether it has records of the bytes of whole flows, whose names stand in other records."""
        for record in self.records:
            mapped = self.map | record.map
            if (record.evidence or self.evidence) is Evidence.ADDRESS and {"flow", "bytes_up"} <= set(mapped):
                return True
        return any(member.tells_flows for member in self.members)

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


STARTS = {"cef": CEF_BEGINS, "leef": LEEF_BEGINS, "xml": r"<[A-Za-z?!]", "json": r"\{"}
"""Starts of the records of syntaxes that mark them; nothing else of such a record can be taken for a header's word."""

DIRECTIVES: dict[str, tuple[bytes, ...]] = {
    "none": (),
    "line": (),
    "w3c": (b"#Fields:", b"#Date:"),
    "zeek": (b"#separator", b"#fields", b"#unset_field", b"#empty_field"),
}
