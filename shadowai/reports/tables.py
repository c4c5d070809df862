"""usage.csv: one line a department and service (RFC 4180), for spreadsheets and scripts."""

import csv
import io

from shadowai.model import Evidence
from shadowai.reports.text import csv_cell
from shadowai.result import AccountCounts, DepartmentUse, Result, ServiceUse

Cell = str | int | None

COLUMNS = (
    "department",
    "headcount",
    "service",
    "service_name",
    "vendor",
    "country",
    "category",
    "status",
    "risk",
    "proven",
    "people",
    "people_dns_only",
    "sessions",
    "sessions_with_bytes_up",
    "blocked",
    "bytes_up",
    "bytes_down",
    "first_seen",
    "last_seen",
    "confidence",
    *(f"evidence_{kind.value}" for kind in Evidence),
    *(f"account_{kind}" for kind in AccountCounts.model_fields),
    "alternative",
)


def usage_csv(result: Result) -> str:
    """Write every service of every department as CSV with a header; an unknown value is an empty cell.

    The keys are those of result.json. Lines end in CRLF, text is UTF-8 without a byte order mark, and a cell that a
    spreadsheet would take for a formula begins with an apostrophe.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for department in result.departments:
        for service in department.services:
            writer.writerow(map(csv_cell, _cells(department, service)))
    return out.getvalue()


def _cells(department: DepartmentUse, service: ServiceUse) -> tuple[Cell, ...]:
    return (
        department.name,
        department.headcount,
        service.id,
        service.name,
        service.vendor,
        service.country,
        service.category,
        service.status.value,
        service.risk,
        "true" if service.proven else "false",
        service.people,
        service.people_dns_only,
        service.sessions,
        service.sessions_with_bytes_up,
        service.blocked,
        service.bytes_up,
        service.bytes_down,
        service.first_seen,
        service.last_seen,
        service.confidence,
        *(getattr(service.evidence, kind.value) for kind in Evidence),
        *(count for _, count in service.account),
        service.alternative,
    )
