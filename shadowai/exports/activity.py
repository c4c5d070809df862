"""Activity and observations, which come as nested ECS documents, as records."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from shadowai.exports.record import Record, Severity, identity, known, milliseconds, rfc3339
from shadowai.exports.records import ECS_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from shadowai.exports.record import Fields


def activity_records(documents: Iterable[Mapping[str, object]], made: int) -> Iterator[Record]:
    """Make a record of each document; `made` (ms since 1970, UTC) stands for a time that is not known.

    The id is the document's own (`event.id`), else that of its content: the same document is the same record whenever
    it comes again.
    """
    for document in documents:
        fields: Fields = known(dict(document))
        event = fields.get("event", {})
        uid = str(event.get("id") or identity("activity", json.dumps(fields, sort_keys=True)))
        time = milliseconds(fields.get("@timestamp"))
        service = fields.get("shadowai", {}).get("service", {})
        name = service.get("id") if isinstance(service, dict) else None
        title = f"Contact with {name}" if name else "Contact"
        fields |= {
            "@timestamp": rfc3339(made if time is None else time),
            "ecs": {"version": ECS_VERSION},
            "event": {"id": uid, "kind": "event", "module": "shadowai", **event, "dataset": "shadowai.activity"},
            "message": fields.get("message", title),
        }
        yield Record("activity", uid, made if time is None else time, Severity.INFORMATIONAL, title, title, fields)
