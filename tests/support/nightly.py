"""A small proxy log and scheduled scans of it, for tests: what the history and the reports say is easy to count."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from shadowai.activity.columns import activity_rows
from shadowai.history.database import open_database
from shadowai.history.store import History
from shadowai.inputs import ReadOptions
from shadowai.model import HOUR, SECOND
from shadowai.nightly.intake import Feed
from shadowai.nightly.run import RunOptions, open_history, run
from shadowai.reports.order import Order
from shadowai.rules import load_rules

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from shadowai.nightly.run import Outcome

NOON = 1_794_916_800  # 2026-11-17T12:00:00Z, in seconds
DAY = 86_400
_RULES: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class CachedOptions(RunOptions):
    """Options whose rules are read once for all tests: that takes half a second."""

    def rules(self) -> Any:  # as the overridden one
        key = f"{self.directory} {self.policy} {self.signatures}"
        if key not in _RULES:
            _RULES[key] = load_rules(self.directory, self.policy, self.signatures, self.directory_options)
        return _RULES[key]


def line(number: int, *, user: str = "ann", at: int = NOON, host: str = "chatgpt.com") -> str:
    """Write a Squid record: each of another second, so that none is like another."""
    request = f"GET http://{host}/c/{number}"
    return f"{at + number}.100 89 10.1.0.1 TCP_MISS/200 {1000 + number} {request} {user} DIRECT/- -\n"


def lines(start: int, end: int, **more: Any) -> str:  # those of `line`
    """Write records by number."""
    return "".join(line(number, **more) for number in range(start, end))


def bind(number: int) -> str:
    """Write a query as BIND logs it: each of another second."""
    moment = time.strftime("%d-%b-%Y %H:%M:%S", time.gmtime(NOON + number))
    return f"{moment}.000 client @0x1 10.1.0.1#5{number:03} (chatgpt.com): query: chatgpt.com IN A + (10.1.0.53)\n"


@dataclass
class World:
    """A folder with logs, and scheduled scans of it."""

    folder: Path
    url: str | None = None
    workspace: str = "default"
    now: int = (NOON + 30 * DAY) * SECOND
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def logs(self) -> Path:
        path = self.folder / "logs"
        path.mkdir(exist_ok=True)
        return path

    def put(self, name: str, content: str | bytes, *, age: float = HOUR / SECOND) -> Path:
        """Write a file that was last changed `age` seconds ago."""
        path = self.logs / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        self.touch(path, age)
        return path

    def add(self, name: str, content: str, *, age: float = HOUR / SECOND) -> None:
        path = self.logs / name
        with path.open("a") as file:
            file.write(content)
        self.touch(path, age)

    def touch(self, path: Path, age: float = HOUR / SECOND) -> None:
        when = self.now - round(age * SECOND)
        os.utime(path, ns=(when, when))

    def options(self, **more: Any) -> RunOptions:  # the fields of RunOptions
        options = CachedOptions(
            (Feed("proxy", (str(self.logs / "*"),)),),
            ReadOptions(()),
            self.folder / "state",
            self.now,
            url=self.url,
            workspace=self.workspace,
            out=self.folder / "out",
            order=Order(("json",)),
        )
        return replace(options, **{"periods": ("month",), **self.more, **more})

    def run(self, **more: Any) -> Outcome:  # see above
        return run(self.options(**more))

    def history(self) -> History:
        return open_history(self.options())

    def seen(self) -> Counter[int]:
        """Count the kept records by their number in `line`: each of them should be there once."""
        history = self.history()
        found: Counter[int] = Counter()
        for key, sums in activity_rows(history.columns(0, 40_000)):
            assert key.minute is not None
            found[key.minute] += sums.detections
        history.engine.dispose()
        return found

    @property
    def total(self) -> int:
        return self.seen().total()

    def result(self, name: str = "month/2026-11") -> Any:  # a JSON document
        return json.loads((self.folder / "out" / name / "result.json").read_bytes())


def clear(url: str) -> None:
    """Empty a database."""
    engine = open_database(url)
    with engine.begin() as connection:
        for table in ("watched", "sought", "sighting", "waiting_flow", "decision", "run", "due", "activity", "lineage"):
            connection.exec_driver_sql(f"DELETE FROM {table}")  # noqa: S608  # the names are ours
    engine.dispose()


class Died(BaseException):
    """What a process is ended by."""


def die_at(monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    """Let the next run die: before or after it commits, when it writes reports, or when they are noted as written."""
    commit = History.commit

    def die(*_arguments: object, **_more: object) -> None:
        raise Died

    def commit_and_die(self: History, *arguments: Any, **more: Any) -> None:  # those of `commit`
        commit(self, *arguments, **more)
        raise Died

    match where:
        case "commit":
            monkeypatch.setattr(History, "_note_due", die)
        case "after":
            monkeypatch.setattr(History, "commit", commit_and_die)
        case "report":
            monkeypatch.setattr("shadowai.nightly.period_reports.publish", die)
        case "done":
            monkeypatch.setattr(History, "done", die)
