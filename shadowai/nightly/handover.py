"""After a run: the reports of periods that have ended go to whom they concern, and the metrics are written.

A month that has just begun says little, so only ended periods are sent: mails of the latest of each kind, records of
each since the first, also of those that no run was in and of those that late records change. What was handed over is
remembered by the digest of its result, and the outbox sees to it that no mail goes twice for one period.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from shadowai.delivery.alerts import Readings
from shadowai.delivery.deliver import Subject, deliver, deliver_activity, send_waiting
from shadowai.delivery.outbox import OUTBOX, Outbox
from shadowai.errors import ShadowaiError, UsageError
from shadowai.history.errors import HistoryError
from shadowai.history.store import day_of
from shadowai.nightly.activity_documents import documents
from shadowai.nightly.metrics import Run, write_metrics
from shadowai.nightly.period_reports import folder_of, result_before
from shadowai.nightly.periods import KINDS, Period, period_of
from shadowai.nightly.run import open_history
from shadowai.reports.document import RESULT, read_result
from shadowai.reports.text import listing

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from shadowai.delivery.alerts import Shares
    from shadowai.history.store import RunRecord
    from shadowai.nightly.run import RunOptions
    from shadowai.reports.look import Look
    from shadowai.settings.channels import Channels

MAILED = ("mail", "webhooks")
REPORTED = ("siem", "alerts")
ACTIVITY = "activity "
READ = "read"
MOST_RUNS = 3000  # commits that are looked at; a month of passes every quarter of an hour
KEPT_UP = 31
"""Days back within which what comes late is handed over."""


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
        if not self.is_wanted:
            return []
        if self.options.out is None:
            return ["nothing is sent: [reports] has no `out`, and what is sent is taken from the reports there"]
        problems: list[str] = []
        if never := never_sent(self.channels, self.mailed, self.options.periods):
            problems.append(f"no report is sent: {never}")
        try:
            self._hand_over(problems)
        except ShadowaiError as error:
            problems.append(str(error))
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
            for period, parts in self._ended(done):
                file = folder_of(period, self._out) / RESULT
                if not file.is_file():
                    continue
                digest = hashlib.sha256(file.read_bytes()).hexdigest()
                if done.get(_name(period)) == digest:
                    continue
                try:
                    subject = self._subject(period, parts)
                except UsageError as error:  # the others can be read
                    problems.append(str(error))
                    continue
                readings = self._readings(done) if "alerts" in parts and _name(period) not in done else None
                delivered = deliver(self.channels, replace(subject, readings=readings), outbox)
                is_sent = True
                problems += delivered.problems
                done[_name(period)] = digest
                self._write(done)
            is_sent |= self._activity(outbox, done, problems)
            if not is_sent:
                problems += send_waiting(self.channels, outbox).problems

    def _readings(self, done: dict[str, str]) -> Readings:
        """Give what was read since alerts were last looked for, and what then; and remember it for the next time."""
        history = open_history(self.options)
        try:
            runs = history.runs(MOST_RUNS)
        finally:
            history.engine.dispose()
        before, since = _remembered(done)
        now = _shares_of([one for one in runs if one.ended > since])
        done[READ] = json.dumps([max([since, *(one.ended for one in runs)]), {**before, **now}], sort_keys=True)
        return Readings(before, now)

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
            if not changed:
                return False
            sent = documents(history, self.options.rules(), self.options.labels, sorted(changed))
            problems += deliver_activity(self.channels, sent, outbox).problems
        finally:
            history.engine.dispose()
        for name in [f"{ACTIVITY}{day}" for day in begun if day < today - KEPT_UP]:
            done.pop(name)
        self._write(done | {f"{ACTIVITY}{day}": one for day, one in changed.items()})
        return True

    def _ended(self, done: Mapping[str, str]) -> Iterator[tuple[Period, tuple[str, ...]]]:
        """Give periods that have ended, the latest of each kind first, and what goes out: records of the first kind.

        Of earlier ones what is not known yet: alerts of those that nobody was told of, for the others are old.
        """
        today = day_of(self.options.now)
        for kind in self.options.periods:
            parts: tuple[str, ...] = MAILED if kind in self.mailed else ()
            parts += REPORTED if kind == self.options.periods[0] else ()
            if parts:
                yield period_of(today, kind).before, parts
        latest = period_of(today, self.options.periods[0]).before
        known = {name for name in done if name.startswith(f"{latest.kind} ")}
        first, period = min(known, default=_name(latest)), latest.before
        while period.until > today - KEPT_UP and _name(period) >= first:
            yield period, ("siem",) if _name(period) in known else REPORTED
            period = period.before

    def _subject(self, period: Period, parts: tuple[str, ...]) -> Subject:
        return Subject(
            read_result(folder_of(period, self._out)),
            look=self.look,
            previous=result_before(period, self._out),
            occasion=_occasion(self.options.workspace, period),
            folder=f"{period.kind}/{period.label}",
            parts=parts,
        )

    @property
    def _out(self) -> Path:
        if self.options.out is None:
            raise ValueError("no folder of reports")
        return self.options.out

    def _read(self) -> dict[str, str]:
        with suppress(OSError, ValueError, AttributeError):
            found = json.loads(self._place.read_text(encoding="utf-8"))
            return _of_today({str(name): str(digest) for name, digest in found.items()})
        return {}

    def _write(self, done: dict[str, str]) -> None:
        """Write down what was handed over, without what is too old to be asked about."""
        oldest = day_of(self.options.now) - 2 * KEPT_UP
        for kind in KINDS:
            for name in [one for one in done if one.startswith(f"{kind} ")]:
                if name < _name(period_of(oldest, kind)):
                    del done[name]
        draft = self._place.with_suffix(".new")
        try:
            draft.write_text(json.dumps(done, sort_keys=True), encoding="utf-8")
            draft.replace(self._place)
        except OSError:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            raise


def never_sent(channels: Channels, sent: Collection[str], written: Collection[str]) -> str | None:
    """Say why no report is sent of the kinds that are to be: none of them is written. None where one is."""
    mail = channels.mail
    is_wanted = bool(mail and (mail.departments or mail.digest_to)) or any(
        "report" in x.sends for x in channels.webhooks
    )
    if not is_wanted or not sent or {*sent} & {*written}:
        return None
    return f"reports.send names {listing(list(sent))}, and none of these is in `periods`"


def _name(period: Period) -> str:
    """Give the name by which a period is remembered: those of one kind sort as they follow each other."""
    return f"{period.kind} {period.label}"


def _remembered(done: Mapping[str, str]) -> tuple[Shares, int]:
    """Give what was read when alerts were last looked for, and until when (ns)."""
    with suppress(ValueError, TypeError, AttributeError):
        until, shares = json.loads(done.get(READ, ""))
        return {str(name): (int(skipped), int(looked_at)) for name, (skipped, looked_at) in shares.items()}, int(until)
    return {}, 0


def _shares_of(runs: Iterable[RunRecord]) -> Shares:
    """Add up by format what runs skipped, and what they looked at closely."""
    sums: dict[str, tuple[int, int]] = {}
    try:
        for file in (file for run in runs for file in json.loads(run.manifest)["files"]):
            skipped, parsed = file.get("skipped", 0), file.get("parsed", 0)  # older versions did not note them
            known = sums.get(file["format"], (0, 0))
            sums[file["format"]] = known[0] + skipped, known[1] + skipped + parsed
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise HistoryError(f"what a run did is stored damaged ({error})") from error
    return {name: shares for name, shares in sums.items() if name is not None and shares[1]}


def _of_today(found: dict[str, str]) -> dict[str, str]:
    """Give what was handed over as it is written today; until November 2026 only the latest of a kind was known."""
    for kind in {*KINDS} & {*found}:
        label, _, digest = found.pop(kind).partition(" ")
        found[f"{kind} {label}"] = digest
    return found


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
