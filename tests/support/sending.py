"""What the tests of transports share: lines, targets, and a server's certificate."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from pydantic import TypeAdapter

from shadowai.exports.lines import Line
from shadowai.exports.senders import Sender, sender_of
from shadowai.settings.channels import SiemTarget

LINES = (
    Line("u1", 1_700_000_000_123, 4, '{"a":1}'),
    Line("u2", 1_700_000_001_000, 1, '{"b":2}'),
    Line("u3", 1_700_000_002_000, 5, '{"c":3}'),
)
TOKEN = str(uuid4())


def target(**values: Any) -> SiemTarget:  # settings of all types
    made: SiemTarget = TypeAdapter(SiemTarget).validate_python({"name": "t", **values})
    return made


def sender(**values: Any) -> Sender:  # as above
    return sender_of(target(**values), {"TOKEN": TOKEN})


class Told:
    """Counts how often the point of no return was told."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> None:
        self.times += 1
