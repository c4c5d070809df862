"""Records as ECS JSON lines (Elastic Common Schema 8.11): one object a line, ASCII only.

Characters beyond ASCII are written as escapes, so that a line is the same bytes in every encoding, and a syslog message
needs no byte order mark.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shadowai.exports.record import Fields, Record


def ecs_line(record: Record) -> str:
    """Write a record as one line without its end."""
    return json_line(record.fields)


def json_line(document: Fields) -> str:
    """Write a JSON object as one line of ASCII."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
