"""Kept activity as ECS documents for a SIEM: one for each minute of one who's contacts with a service.

Who it was is told as in reports: by name where the settings say `names = true`, else by the pseudonym of the key
(`user.hash`), else not at all. The id (`event.id`) is that of the row: where late records change its sums, the newer
document has the id of the older.
"""

from __future__ import annotations

import hashlib
from itertools import chain
from typing import TYPE_CHECKING, Any

from shadowai.activity.columns import activity_rows
from shadowai.activity.labels import pseudonym
from shadowai.activity.rollup import Subject
from shadowai.activity.sightings import sightings
from shadowai.history.whereabouts import sightings_of
from shadowai.model import Evidence, Who, iso_time
from shadowai.nightly.rematch import rematch
from shadowai.verdicts import UNKNOWN_DEPARTMENT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from shadowai.activity.labels import Labels
    from shadowai.activity.rollup import Key, Sums
    from shadowai.directory import Directory
    from shadowai.history.store import History
    from shadowai.rules import Rules
    from shadowai.verdicts import Attribution


def documents(history: History, rules: Rules, labels: Labels, days: Iterable[int]) -> Iterator[Mapping[str, object]]:
    """Give the documents of some days, day by day; candidates and blind spots are told by the findings alone."""
    for day in days:
        columns = rematch(history.columns(day, day + 1), rules.database).columns
        near = chain.from_iterable(sightings(history.columns(one, one + 1)) for one in (day - 1, day, day + 1))
        seen = sightings_of(history, day, day + 1)
        directory = rules.directory.learn(near).learn_days(seen.seen, seen.days)
        for key, sums in activity_rows(columns):
            if key.subject is Subject.SERVICE:
                yield _document(key, sums, directory, labels)


def _document(key: Key, sums: Sums, directory: Directory, labels: Labels) -> dict[str, Any]:
    who = Who(key.source_ip, key.user, key.device)
    owner = directory.resolve_span(who, sums.first, sums.last)
    is_look_up = key.evidence is Evidence.DNS
    return {
        "@timestamp": iso_time(sums.first),
        "event": {
            "id": hashlib.sha256(repr(tuple(map(str, key))).encode()).hexdigest()[:32],
            "category": ["network"],
            "type": ["connection", *([key.action.value] if key.action else [])],
            "start": iso_time(sums.first),
            "end": iso_time(sums.last),
        },
        "network": {"protocol": "dns" if is_look_up else None},
        **_identity(who, owner, labels),
        "source": {
            "ip": key.source_ip if labels.names else None,
            "bytes": sums.bytes_up if sums.bytes_up_known else None,
        },
        "destination": {"bytes": sums.bytes_down if sums.bytes_down_known else None},
        "shadowai": {
            "service": {"id": key.name},
            "department": {"name": owner.department or UNKNOWN_DEPARTMENT},
            "source": key.file,
            "evidence": key.evidence.value,
            "role": key.role and key.role.value,
            "account": key.account and key.account.value,
            "client": key.client and key.client.value,
            "detections": sums.detections,
            "confidence": sums.confidence,
        },
    }


def _identity(who: Who, owner: Attribution, labels: Labels) -> dict[str, Any]:
    if labels.names:
        return {"user": {"name": who.user, "id": owner.key}, "host": {"name": who.device}}
    return {"user": {"hash": pseudonym(owner.key, labels.key)}} if labels.key else {}
