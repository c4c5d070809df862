"""Paths that betray an AI server on whatever host it runs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Generic, TypeVar

from shadowai.signatures.kinds import split_endpoint

if TYPE_CHECKING:
    from collections.abc import Iterable

Value = TypeVar("Value")
_END_OF_PATH = re.compile(r"[?#;]")


class EndpointTable(Generic[Value]):
    """Maps endpoints (`/path` or `:port/path`) to values; an endpoint holds for its path and what lies below it."""

    def __init__(self, endpoints: Iterable[tuple[str, Value]]) -> None:
        self._values: dict[int | None, dict[str, Value]] = {}
        self._depth = 0
        for text, value in endpoints:
            port, path = split_endpoint(text)
            path = path.rstrip("/")
            self._values.setdefault(port, {})[path] = value
            self._depth = max(self._depth, path.count("/"))

    def find(self, port: int | None, path: str) -> Value | None:
        """Give the value of the longest endpoint on this very port (None: on any) that a path lies on or below."""
        values = self._values.get(port)
        if not values:
            return None
        end = _END_OF_PATH.search(path)
        bare = path[: end.start()] if end else path
        found = None
        for stop in self._stops(bare):
            found = values.get(bare[:stop], found)
        return found

    def _stops(self, path: str) -> list[int]:
        """List where the first segments of a path end: no more than endpoints have, however long a path is."""
        stops: list[int] = []
        at = 0
        while at >= 0 and len(stops) < self._depth:
            at = path.find("/", at + 1)
            stops.append(at if at >= 0 else len(path))
        return stops
