"""After a run: the reports of periods that have ended go to whom they concern, and the metrics are written.

A month that has just begun says little, so only ended periods are sent, the latest of each kind; what was handed over
is remembered by the digest of its result, and the outbox sees to it that no mail goes twice for one period.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shadowai.delivery.deliver import Subject, deliver, send_waiting
from shadowai.delivery.outbox import Outbox
from shadowai.history.store import day_of
from shadowai.nightly.activity_documents import documents
from shadowai.nightly.metrics import Run, write_metrics
from shadowai.nightly.period_reports import folder_of
from shadowai.nightly.periods import Period, period_of
from shadowai.nightly.run import open_history
from shadowai.reports.document import RESULT, read_result

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from shadowai.nightly.run import RunOptions
    from shadowai.reports.look import Look
    from shadowai.result import Result
    from shadowai.settings.channels import Channels

OUTBOX = "outbox.sqlite"
MAILED = ("mail", "webhooks")
REPORTED = ("siem", "alerts")
ACTIVITY = "activity "
KEPT_UP = 31
"""Days back within which activity that comes late is handed over."""


@dataclass(frozen=True, slots=True)
class Handover:
    """What is handed over: the channels, the kinds of period whose mails go out, and the look of mails."""

    options: RunOptions
    channels: Channels
    mailed: tuple[str, ...]
    look: Look

    @property
    def is_wanted(self) -> bool:
        """Whether anything is configured that takes reports."""
        return bool(self.channels.mail or self.channels.siem or self.channels.webhooks)

    @property
    def _place(self) -> Path:
        return self.options.state / f"{self.options.workspace}.handed-over.json"

    def do(self) -> list[str]:
        """Hand over what has ended and is not handed over yet; give what went wrong, a sentence each."""
        if not self.is_wanted or self.options.out is None:
            return []
        problems: list[str] = []
        try:
            self._hand_over(problems)
        except OSError as error:  # what was sent is known to the outbox: the next run goes on
            where = error.filename or self.options.state
            problems.append(f"{where}: what was handed over cannot be written down: {error.strerror or error}")
        except sqlite3.Error as error:
            problems.append(f"{self.options.state / OUTBOX}: the outbox cannot be used: {error}")
        return problems

    def _hand_over(self, problems: list[str]) -> None:
        done = self._read()
        with Outbox(self.options.state / OUTBOX) as outbox:
            is_sent = False
            for period, parts in self._ended():
                file = folder_of(period, self._out) / RESULT
                if not file.is_file():
                    continue
                digest = hashlib.sha256(file.read_bytes()).hexdigest()
                if done.get(period.kind) == f"{period.label} {digest}":
                    continue
                tally = deliver(self.channels, self._subject(period, parts), outbox)
                is_sent = True
                problems += tally.problems
                done[period.kind] = f"{period.label} {digest}"
                self._write(done)
            is_sent |= self._activity(outbox, done, problems)
            if not is_sent:
                problems += send_waiting(self.channels, outbox).problems

    def _activity(self, outbox: Outbox, done: dict[str, str], problems: list[str]) -> bool:
        """Hand over the activity of days that have ended: the latest at first, then each that is new or has changed."""
        if not any("activity" in target.what for target in self.channels.siem):
            return False
        today = day_of(self.options.now)
        history = open_history(self.options)
        try:
            known = history.digests(today - KEPT_UP, today)
            begun = [int(name.removeprefix(ACTIVITY)) for name in done if name.startswith(ACTIVITY)]
            first = min(begun, default=max(known, default=today))
            changed = {day: one for day, one in known.items() if day >= first and done.get(f"{ACTIVITY}{day}") != one}
            result = next(filter(None, (self._result(period) for period, _ in self._ended())), None)
            if not changed or result is None:
                return False
            sent = documents(history, self.options.rules(), self.options.labels, sorted(changed))
            problems += deliver(self.channels, Subject(result, activity=sent, parts=("siem",)), outbox).problems
        finally:
            history.engine.dispose()
        for name in [f"{ACTIVITY}{day}" for day in begun if day < today - KEPT_UP]:
            done.pop(name)
        self._write(done | {f"{ACTIVITY}{day}": one for day, one in changed.items()})
        return True

    def _ended(self) -> Iterator[tuple[Period, tuple[str, ...]]]:
        """Give the latest period of each kind that has ended, and what goes out: records of the first kind alone."""
        today = day_of(self.options.now)
        for kind in self.options.periods:
            parts: tuple[str, ...] = MAILED if kind in self.mailed else ()
            parts += REPORTED if kind == self.options.periods[0] else ()
            if parts:
                yield period_of(today, kind).before, parts

    def _subject(self, period: Period, parts: tuple[str, ...]) -> Subject:
        return Subject(
            self._result(period) or read_result(folder_of(period, self._out)),
            look=self.look,
            previous=self._result(period.before),
            occasion=_occasion(self.options.workspace, period),
            parts=parts,
        )

    def _result(self, period: Period) -> Result | None:
        file = folder_of(period, self._out) / RESULT
        return read_result(file) if file.is_file() else None

    @property
    def _out(self) -> Path:
        if self.options.out is None:
            raise ValueError("no folder of reports")
        return self.options.out

    def _read(self) -> dict[str, str]:
        with suppress(OSError, ValueError):
            found = json.loads(self._place.read_text(encoding="utf-8"))
            return {str(kind): str(label) for kind, label in found.items()} if isinstance(found, dict) else {}
        return {}

    def _write(self, done: Mapping[str, str]) -> None:
        draft = self._place.with_suffix(".new")
        try:
            draft.write_text(json.dumps(done, sort_keys=True), encoding="utf-8")
            draft.replace(self._place)
        except OSError:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            raise


@dataclass(frozen=True, slots=True)
class Measured:
    """When a run began, and whether all went well."""

    is_well: bool
    started: float = field(default_factory=time.time)


def write_run_metrics(handover: Handover, run: Measured) -> None:
    """Write the metrics, where a file is configured; the figures are those of the longest period under way."""
    metrics, options = handover.channels.metrics, handover.options
    if metrics is None:
        return
    result = None
    if options.out is not None:
        file = folder_of(period_of(day_of(options.now), options.periods[-1]), options.out) / RESULT
        result = read_result(file) if file.is_file() else None
    waiting: dict[tuple[str, str], int] = {}
    if (options.state / OUTBOX).is_file():
        with Outbox(options.state / OUTBOX) as outbox:
            waiting = {(channel, str(state)): count for (channel, state), count in outbox.counts().items()}
    write_metrics(metrics.path, Run(run.started, time.time(), run.is_well, result, outbox=waiting))


def _occasion(workspace: str, period: Period) -> str:
    return period.label if workspace == "default" else f"{workspace} {period.label}"
