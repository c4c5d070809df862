"""The tables behind CSV and XLSX: what each is called, its columns with their kinds, and its rows.

One table for each list of the document. Keys are those of result.json; times are RFC 3339 UTC, None is unknown, and a
`word` is one of a fixed few, which a workbook says in its language; one of a later version keeps its own name. It also
says what the program wrote: `said` are its sentences, `rule` what and whom a rule is about.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from shadowai.model import Evidence
from shadowai.reports import sheet_rows
from shadowai.reports.language import later
from shadowai.result import AccountCounts, StatusCounts, UseCounts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from shadowai.reports.sheet_rows import Row
    from shadowai.result import Result

Kind = Literal["text", "word", "said", "rule", "count", "bytes", "points", "percent", "day", "time", "flag"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its key, its heading (a message of the catalogues), the kind of its cells, its width in letters."""

    key: str
    heading: str
    kind: Kind = "text"
    width: int = 0


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table: its key, its title (a message of the catalogues), its columns, and what gives its rows."""

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: Callable[[Result], Iterable[Row]]


def _counts(prefix: str, keys: Iterable[str], headings: Iterable[str]) -> tuple[Column, ...]:
    return tuple(Column(f"{prefix}_{key}", say, "count") for key, say in zip(keys, headings, strict=True))


_DEPARTMENT = Column("department", later("Department"), width=26)
_PEOPLE = Column("people", later("People"), "count")
_SESSIONS = Column("sessions", later("Sessions"), "count")
_BYTES_UP = Column("bytes_up", later("Data sent"), "bytes")
_STATUS = Column("status", later("Status"), "word", 16)
_SERVICE = (
    Column("service", later("Service id"), width=20),
    Column("service_name", later("Service"), width=24),
)
_VENDOR = (Column("vendor", later("Vendor"), width=18), Column("country", later("Country")))
_PERIOD = (
    Column("first_seen", later("First seen (UTC)"), "time"),
    Column("last_seen", later("Last seen (UTC)"), "time"),
)
_SCORE = Column("score", later("Score (of 100)"), "points")
_UNSANCTIONED = Column("services_unsanctioned", later("Unsanctioned services"), "count")
_SERVICES = Column("services", later("Services"), "count")
_PLACES = Column("departments", later("Departments"), width=30)
_BYTES_DOWN = Column("bytes_down", later("Data received"), "bytes")
_BLOCKED = Column("blocked", later("Blocked requests"), "count")
_EVIDENCE = (
    later("Seen in DNS"),
    later("Seen in TLS"),
    later("Seen in QUIC"),
    later("Seen in HTTP"),
    later("Seen in proxy logs"),
    later("Seen in firewall logs"),
    later("Seen by address"),
)
_ACCOUNT = (
    later("Sessions, company account"),
    later("Sessions, personal account"),
    later("Sessions, signed out"),
    later("Sessions, account unknown"),
    later("Sessions, some organisation's account"),
)
_ACCOUNTS = _counts("account", AccountCounts.model_fields, _ACCOUNT)
_STATUSES = (
    later("Sessions, sanctioned"),
    later("Sessions, tolerated"),
    later("Sessions, under review"),
    later("Sessions, unsanctioned"),
    later("Sessions, prohibited"),
)
_USES = (
    later("Sessions, chat"),
    later("Sessions, code"),
    later("Sessions, program (API)"),
    later("Sessions, agent"),
    later("Sessions, download"),
    later("Sessions, kind unknown"),
    later("Sessions that sent much at once"),
    later("Runs of background traffic"),
)

USAGE = Sheet(
    "usage",
    later("Use by department"),
    (
        _DEPARTMENT,
        Column("headcount", later("Headcount"), "count"),
        *_SERVICE,
        *_VENDOR,
        Column("category", later("Category"), width=16),
        _STATUS,
        Column("risk", later("Risk"), "word"),
        Column("proven", later("Use proven"), "flag"),
        _PEOPLE,
        Column("people_dns_only", later("People who only looked it up"), "count"),
        _SESSIONS,
        Column("sessions_with_bytes_up", later("Sessions whose data was measured"), "count"),
        _BLOCKED,
        _BYTES_UP,
        _BYTES_DOWN,
        *_PERIOD,
        Column("confidence", later("Confidence (of 100)"), "count"),
        *_counts("evidence", (kind.value for kind in Evidence), _EVIDENCE),
        *_ACCOUNTS[:-1],
        Column("alternative", later("What to use instead"), width=20),
        Column("score", later("Score of this use (of 100)"), "points"),
        Column("service_risk", later("Risk of the service (of 10)"), "points"),
        Column("rule", later("Rule of the policy"), "count"),
        Column("status_reason", later("Reason"), width=28),
        Column("status_owner", later("Owner"), width=22),
        Column("status_until", later("Until"), "day"),
        *_counts("status", StatusCounts.model_fields, _STATUSES),
        *_counts("use", UseCounts.model_fields, _USES),
        _ACCOUNTS[-1],  # younger than the columns before it, whose places scripts may know
    ),
    sheet_rows.usage,
)

SHEETS = (
    Sheet(
        "departments",
        later("Departments"),
        (
            _DEPARTMENT,
            Column("parent", later("Part of"), width=20),
            Column("head", later("Head"), width=22),
            Column("email", later("Mail"), width=26),
            Column("sensitivity", later("Sensitivity"), "word"),
            Column("headcount", later("Headcount"), "count"),
            _PEOPLE,
            Column("people_unsanctioned", later("People with unsanctioned services"), "count"),
            Column("people_dns_only", later("People who only looked services up"), "count"),
            _SERVICES,
            _UNSANCTIONED,
            _SESSIONS,
            Column("sessions_unsanctioned", later("Unsanctioned sessions"), "count"),
            _BLOCKED,
            _BYTES_UP,
            Column("bytes_up_unsanctioned", later("Data sent to unsanctioned"), "bytes"),
            _SCORE,
            Column("hidden_percent", later("Traffic that could hide AI use"), "percent"),
        ),
        sheet_rows.departments,
    ),
    USAGE,
    Sheet(
        "services",
        later("Services"),
        (
            *_SERVICE,
            *_VENDOR,
            Column("category", later("Category"), "said", 22),
            Column("status", later("Gravest status"), "word", 16),
            Column("risk", later("Highest risk"), "word"),
            Column("people", later("People, added up over departments"), "count"),
            _SESSIONS,
            _BYTES_UP,
            Column("departments", later("Number of departments"), "count"),
            Column("department_names", later("Departments"), width=40),
        ),
        sheet_rows.services,
    ),
    Sheet(
        "people",
        later("People"),
        (
            _DEPARTMENT,
            Column("person", later("Person"), width=22),
            _SERVICES,
            _UNSANCTIONED,
            _SESSIONS,
            _BYTES_UP,
            _PERIOD[1],
            _SCORE,
        ),
        sheet_rows.people,
    ),
    Sheet(
        "candidates",
        later("Looks like AI"),
        (
            Column("host", later("Host"), width=36),
            _SCORE,
            Column("reasons", later("Why"), "said", 60),
            _PEOPLE,
            Column("detections", later("Contacts"), "count"),
            _PLACES,
            *_PERIOD,
        ),
        sheet_rows.candidates,
    ),
    Sheet(
        "blind_spots",
        later("Blind spots"),
        (
            Column("kind", later("Kind"), "word", 38),
            Column("name", later("Name"), "said", 30),
            Column("detail", later("What it is"), "said", 70),
            Column("count", later("Number"), "count"),
            Column("unit", later("Counted in"), "word", 14),
            _PEOPLE,
            _BYTES_UP,
            _BYTES_DOWN,
            _PLACES,
            Column("servers", later("Servers"), width=30),
        ),
        sheet_rows.blind_spots,
    ),
    Sheet(
        "sources",
        later("Sources"),
        (
            Column("path", later("Source"), width=44),
            Column("format", later("Format"), width=16),
            Column("kind", later("Kind"), "word", 14),
            Column("records", later("Records"), "count"),
            Column("parsed", later("Records read in full"), "count"),
            Column("skipped", later("Records set aside"), "count"),
            Column("broken", later("Damaged records"), "count"),
            Column("first", later("First record (UTC)"), "time"),
            Column("last", later("Last record (UTC)"), "time"),
            Column("silences", later("Silent stretches"), "count"),
            Column("error", later("Why it could not be read"), "said", 70),
        ),
        sheet_rows.sources,
    ),
    Sheet(
        "changes",
        later("Changes"),
        (
            _DEPARTMENT,
            *_SERVICE,
            _STATUS,
            Column("change", later("Change"), "word", 12),
            Column("cause", later("Cause"), "word", 18),
            Column("before", later("Sessions a day before"), "points"),
            Column("now", later("Sessions a day now"), "points"),
            Column("people_before", later("People before"), "count"),
            Column("people_now", later("People now"), "count"),
            Column("says", later("In words"), "said", 70),
        ),
        sheet_rows.changes,
    ),
    Sheet(
        "policy",
        later("Policy"),
        (
            Column("rule", later("Rule"), "count"),
            _STATUS,
            Column("what", later("What"), "rule", 36),
            Column("whom", later("Whom"), "rule", 28),
            Column("starts", later("From"), "day"),
            Column("until", later("Until"), "day"),
            Column("days_left", later("Days left"), "count"),
            Column("owner", later("Owner"), width=26),
            Column("reason", later("Reason"), width=34),
            _SESSIONS,
        ),
        sheet_rows.rules,
    ),
)
"""Every table, in the order in which a workbook shows them."""
