"""Compare a result document with the truth: every difference as one line of text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from support.organisation.catalogue import HIDING
from support.organisation.clock import iso
from support.organisation.truth import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from support.organisation.counts import Row
    from support.organisation.truth import Truth

Document = dict[str, Any]


def differences(truth: Truth, result: Document) -> list[str]:
    """List what a result document (as JSON) says that is not true."""
    return [
        *_sources(truth, result),
        *_departments(truth, result),
        *_candidates(truth, result),
        *_hiding(truth, result),
        *_blind(truth, result),
    ]


def _sources(truth: Truth, result: Document) -> Iterator[str]:
    found = {one["path"]: one for one in result["sources"]}
    for path in truth.sources:
        one = found.get(str(path))
        if one is None:
            yield f"source {path.name} is missing"
            continue
        for silence in (gap for gap in truth.silences if gap.file == path.name):
            told = [(gap["start"], gap["end"]) for gap in one["silent"]]
            if not any(start <= iso(silence.first) and iso(silence.last) <= end for start, end in told):
                yield f"source {path.name}: silent {told}, not from {iso(silence.first)} to {iso(silence.last)}"
        if one["error"] or one["broken"]:
            yield f"source {path.name}: error {one['error']}, {one['broken']} broken, {one['warnings']}"


def _departments(truth: Truth, result: Document) -> Iterator[str]:
    found = {one["name"]: one for one in result["departments"]}
    names = [department or UNKNOWN for department in truth.departments]
    if sorted(found) != sorted(names):
        yield f"departments: {sorted(found)}, not {sorted(names)}"
    yield from _totals("totals", truth, truth.departments, result["totals"])
    for department in truth.departments:
        name = department or UNKNOWN
        one = found.get(name)
        if one is None:
            continue
        if department and one["headcount"] != truth.headcounts[department]:
            yield f"{name}: headcount {one['headcount']}, not {truth.headcounts[department]}"
        yield from _totals(f"{name}: totals", truth, [department], one["totals"])
        yield from _persons(name, truth.persons(department), one["persons"])
        services = {row["id"]: row for row in one["services"]}
        for service in sorted({*services, *(pair[1] for pair in truth.rows if pair[0] == department)}):
            rows = truth.rows.get((department, service), [None])
            reasons = truth.why.get((department, service), [])
            yield from _row(f"{name}: {service}", rows, services.get(service), reasons)
    yield from _divisions(truth, result)


def _persons(where: str, right: list[tuple[int, int, int, int]] | None, found: Sequence[Document]) -> Iterator[str]:
    names = ("services", "services_unsanctioned", "sessions", "bytes_up")
    given = sorted(tuple(one[name] or 0 for name in names) for one in found)
    if right is not None and given != right:
        yield f"{where}: persons {given}, not {right}"


def _divisions(truth: Truth, result: Document) -> Iterator[str]:
    for one in result.get("divisions", []):
        yield from _totals(f"{one['name']} and below", truth, [one["name"], *one["below"]], one["totals"])


def _totals(where: str, truth: Truth, departments: Sequence[str | None], found: Mapping[str, Any]) -> Iterator[str]:
    for name, span in truth.totals(departments).items():
        if not span.holds(found[name]):
            right = span.least if span.least == span.most else f"{span.least} to {span.most}"
            yield f"{where}: {name} {found[name]}, not {right}"


def _row(where: str, rows: Sequence[Row | None], found: Document | None, reasons: list[str]) -> Iterator[str]:
    if found is None:
        if None not in rows:
            yield f"{where}: no row, not {rows[0].numbers if rows[0] else None}"
        return
    known = [row for row in rows if row]
    if not known:
        yield f"{where}: a row that nothing makes: {_shown(found)}"
        return
    wrong = min((list(_wrong(row, found)) for row in known), key=len)
    more = f" (nearest of {len(rows)} right rows: {'; '.join(reasons)})" if len(rows) > 1 else ""
    yield from (f"{where}: {text}{more}" for text in wrong)


def _wrong(row: Row, found: Document) -> Iterator[str]:
    if found["status"] not in row.statuses:
        yield f"status {found['status']}, not {' or '.join(sorted(row.statuses))}"
    for kind, (least, most) in row.kinds.items():
        if not least <= found["uses"][kind] <= most:
            yield f"uses.{kind} {found['uses'][kind]}, not {least} to {most}"
    for name, right in row.numbers.items():
        given = found.get(name)
        if isinstance(right, dict):
            given = {key: (given or {}).get(key) for key in right}
            parts = [f"{key} {given[key]}, not {value}" for key, value in right.items() if given[key] != value]
            yield from (f"{name}.{part}" for part in parts)
        elif given != right:
            yield f"{name} {given}, not {right}"


def _shown(found: Document) -> str:
    names = ("people", "people_dns_only", "sessions", "blocked", "evidence", "first_seen")
    return ", ".join(f"{name} {found[name]}" for name in names)


def _candidates(truth: Truth, result: Document) -> Iterator[str]:
    found = {one["host"]: one for one in result["candidates"]}
    if sorted(found) != sorted(truth.candidates):
        yield f"candidates: {sorted(found)}, not {sorted(truth.candidates)}"
    for host, right in truth.candidates.items():
        if host in found:
            yield from _counts(f"candidate {host}", right, found[host], found[host]["detections"])


def _hiding(truth: Truth, result: Document) -> Iterator[str]:
    found = {(one["kind"], one["name"]): one for one in result["blind_spots"]}
    for host, right in truth.hiding.items():
        one = found.get(HIDING[host])
        if one is None:
            yield f"blind spot {HIDING[host]} is missing"
        else:
            yield from _counts(f"blind spot {HIDING[host]}", right, one, one["count"])


def _counts(where: str, right: Mapping[str, Any], found: Document, detections: int) -> Iterator[str]:
    if detections != right["detections"]:
        yield f"{where}: {detections} detections, not {right['detections']}"
    if not right["people"].holds(found["people"]):
        yield f"{where}: people {found['people']}, not {right['people']}"
    departments = set(found["departments"])
    if not right["surely"] <= departments <= right["maybe"]:
        yield f"{where}: departments {sorted(departments)}, not {sorted(right['surely'])} to {sorted(right['maybe'])}"


def _blind(truth: Truth, result: Document) -> Iterator[str]:
    counts = {one["kind"]: one["count"] for one in result["blind_spots"] if one["kind"] in truth.blind}
    for kind, span in truth.blind.items():
        # That a server's address is a server's is no blind spot; a report may say it or not.
        if kind != "server-address" and not span.holds(counts.get(kind, 0)):
            yield f"blind spot {kind}: {counts.get(kind, 0)}, not {span.least} to {span.most}"
