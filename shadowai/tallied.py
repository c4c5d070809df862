"""What a tally says in a report about its source, be that an input of a scan or a file of the history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shadowai import logs
from shadowai.activity.coverage import days_of, silent_periods
from shadowai.model import DAY, iso_time

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator

    from shadowai.model import Tally
    from shadowai.provenance import Period


REMEDIES = {
    **logs.REMEDIES,
    "unknown-link-type": "frames of a link layer that is not known here; capture on an Ethernet or Wi-Fi interface",
}  # what the user can do about records that are skipped for a reason

_LAYOUT = {"header", "comment"}


def counted(tally: Tally) -> dict[str, Any]:
    """Give the fields of `SourceReport` that are numbers and times of the records."""
    return {
        "records": tally.records,
        "parsed": tally.parsed,
        "skipped": dict(sorted(tally.skipped.items())),
        "broken": tally.broken,
        "first": iso_time(tally.first),
        "last": iso_time(tally.last),
        "days": days_of(tally.latest_hours()),
    }


def silent(tally: Tally, everywhere: Counter[int]) -> tuple[Period, ...]:
    """Give the hours in which a source fell silent while others spoke; `everywhere` counts sources by hour."""
    hours = tally.latest_hours()
    elsewhere = {hour for hour, number in everywhere.items() if number > (hour in hours)}
    whole = tally.parsed + tally.skipped.total() >= tally.records
    return silent_periods(hours, elsewhere, whole=whole)


def told(tally: Tally) -> Iterator[str]:
    """Say what to do about what was skipped, which formats a mixed file holds, and what else was noted."""
    yield from (remedy for reason, remedy in REMEDIES.items() if tally.skipped[reason])
    if tally.formats:
        read = tally.formats.total()
        shares = (f"{name} {count / read:.0%}" for name, count in sorted(tally.formats.items(), key=_most_first))
        yield f"mixed: {', '.join(shares)} of {read} lines looked at"
    if tally.skipped and tally.parsed == 0 and _LAYOUT.issuperset(tally.skipped):
        yield "holds a header and no records"
    if tally.first is not None and tally.first < DAY:
        yield "its times begin in 1970: the clock was not set, or the times were lost when the file was made"
    yield from sorted(tally.notes)


def _most_first(item: tuple[str, int]) -> tuple[int, str]:
    return -item[1], item[0]
