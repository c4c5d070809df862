"""Where a result comes from: the inputs and what was read of them, and the versions of what it was made with."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """A part of a document: frozen, unknown keys refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Period(Part):
    """From the first to the last record seen, RFC 3339 UTC; None where no record had a time."""

    start: str | None
    end: str | None


class SignatureVersion(Part):
    """Which signature database was used: its digest (`version`), how large it is, and which services it knows."""

    version: str
    services: int
    indicators: int
    ids: tuple[str, ...] = ()


class Origin(Part):
    """Where figures come from: the source's path, the evidence, and how many detections of it, denied ones too."""

    source: str
    evidence: str
    detections: int


class DayCount(Part):
    """Records of a source that were read in full on one day (UTC, YYYY-MM-DD), and in how many of its hours."""

    day: str
    parsed: int
    hours: int


class SourceReport(Part):
    """What was read of one input.

    `records` = parsed + skipped + lines without any indicator that were only counted. `silent` are the times of an hour
    and more between its first and last record in which it has none although it has some at the same hour of most other
    days, or another source has some then.

    `recognition` says how sure a log's format is: the share of the lines looked at, and which format came next.
    """

    path: str
    format: str | None
    format_name: str | None = None
    recognition: str | None = None
    kind: str | None = None
    records: int
    parsed: int
    skipped: dict[str, int]
    broken: int = 0
    first: str | None
    last: str | None
    error: str | None = None
    warnings: tuple[str, ...] = ()
    days: tuple[DayCount, ...] = ()
    silent: tuple[Period, ...] = ()


class InputRecord(Part):
    """One input as it lay on disk after it was scanned: size in bytes and SHA-256 (hex), None where it has gone."""

    path: str
    size: int | None
    sha256: str | None
    format: str | None
    records: int


class Manifest(Part):
    """What a report was made from; the digests tell whether two reports are comparable, None where nobody knows."""

    generator: str
    inputs: tuple[InputRecord, ...]
    signatures: str
    policy: str | None
    directory: str | None
