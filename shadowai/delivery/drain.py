"""Sending what the outbox holds: each item until its fate is known, with back-off, for as long as a pass may take.

A place that cannot be reached is left alone for a while, and does not keep the others waiting.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shadowai.delivery.outbox import Outbox, Row, State
from shadowai.errors import ShadowaiError
from shadowai.exports.outcome import Fate, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shadowai.exports.senders import Sender
    from shadowai.settings.channels import DeliverySettings

FIRST_WAIT = 5.0  # seconds; doubled each time
LONGEST_WAIT = 3600.0
_CRASHED = "the program ended while this was being sent; it may have arrived"


class Clock:
    """The time, in seconds since 1970-01-01 UTC, and waiting; tests bring their own."""

    def now(self) -> float:
        """Give the time."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Channel:
    """A sender, and whether what may have arrived is sent once more (`on_doubt = "repeat"`)."""

    sender: Sender
    repeat: bool = False

    @property
    def repeats(self) -> bool:
        """Whether an item of unknown fate may be sent again."""
        return self.repeat or self.sender.repeatable


@dataclass(slots=True)
class Delivered:
    """What one pass did: items by how they stand after it (`State`), and a sentence about each that is not well."""

    sent: int = 0
    waiting: int = 0
    refused: int = 0
    doubt: int = 0
    expired: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def is_well(self) -> bool:
        """Whether everything was sent."""
        return not (self.waiting or self.refused or self.doubt or self.expired or self.problems)


class Drain:
    """One pass over an outbox. `channels` holds, for one that cannot be used, the reason."""

    def __init__(
        self,
        outbox: Outbox,
        channels: Mapping[str, Channel | str],
        settings: DeliverySettings,
        clock: Clock | None = None,
    ) -> None:
        self._outbox = outbox
        self._channels = {name: one for name, one in channels.items() if isinstance(one, Channel)}
        self._unusable = {name: why for name, why in channels.items() if isinstance(why, str)}
        self._settings = settings
        self._clock = clock or Clock()
        self._paused: dict[str, tuple[float, str]] = {}
        self._delivered = Delivered()

    def run(self) -> Delivered:
        """Send what can be sent within the patience. OutboxBusyError where another process is at it."""
        deadline = self._clock.now() + self._settings.patience
        with self._outbox.alone():
            self._recover()
            while (row := self._next(deadline)) is not None:
                self._send(row)
            self._tell_waiting()
            for channel in self._channels.values():
                channel.sender.close()
            self._outbox.prune(self._clock.now() - self._settings.keep)
        return self._delivered

    def _recover(self) -> None:
        for row in self._outbox.interrupted():
            channel = self._channels.get(row.channel)
            now = self._clock.now()
            if channel is not None and channel.repeats:
                # Before all others: where a file holds it already, it is at its end.
                self._outbox.postpone(row, Outcome(Fate.DOUBT, _CRASHED), 0.0, now)
            else:
                self._end(row, State.DOUBT, _CRASHED)

    def _next(self, deadline: float) -> Row | None:
        """Give the next item that may be sent now, after waiting for it where that is worth it."""
        ready = [row for channel in self._channels if (row := self._outbox.next_of(channel)) is not None]
        if not ready:
            return None
        row = min(ready, key=self._due)
        wait = self._due(row) - self._clock.now()
        if wait > 0:
            if self._due(row) > deadline:
                return None
            self._clock.sleep(wait)
        return row

    def _due(self, row: Row) -> float:
        return max(row.due, self._paused.get(row.channel, (0.0, ""))[0])

    def _send(self, row: Row) -> None:
        channel = self._channels[row.channel]
        content = self._outbox.payload(row.key)
        begun = False

        def committing() -> None:
            nonlocal begun
            begun = True
            self._outbox.begin(row.key, self._clock.now())

        try:
            outcome = channel.sender.send(content, committing, again=row.again)
        except ShadowaiError as error:  # a certificate that has gone, and the like
            outcome = Outcome(Fate.DOUBT if begun else Fate.LATER, str(error), down=True)
        self._settle(row, channel, outcome)

    def _settle(self, row: Row, channel: Channel, outcome: Outcome) -> None:
        now = self._clock.now()
        if outcome.refused:
            self._delivered.problems.append(f"{row.channel}: {row.title}: {outcome.why}")
        if outcome.fate is Fate.SENT:
            self._outbox.settle(row.key, State.SENT, outcome.why, now, outcome.refused)
            self._delivered.sent += 1
        elif outcome.fate is Fate.REFUSED:
            self._end(row, State.REFUSED, outcome.why)
        elif outcome.fate is Fate.DOUBT and not channel.repeats:
            self._end(row, State.DOUBT, outcome.why)
        elif row.attempts and now - row.created > self._settings.give_up:
            self._end(row, State.EXPIRED, outcome.why)
        else:
            self._postpone(row, outcome, now)

    def _postpone(self, row: Row, outcome: Outcome, now: float) -> None:
        asked = outcome.wait if outcome.wait is not None else 0.0
        usual = 0.0 if outcome.rest is not None and outcome.wait == 0 else back_off(row.attempts)
        due = now + max(asked, usual)
        if outcome.down:
            self._paused[row.channel] = (due, outcome.why)
        self._outbox.postpone(row, outcome, due, now)

    def _end(self, row: Row, state: State, why: str) -> None:
        self._outbox.settle(row.key, state, why, self._clock.now())
        setattr(self._delivered, state.value, getattr(self._delivered, state.value) + 1)
        self._delivered.problems.append(f"{row.channel}: {row.title}: {_SAID[state]}: {why}")

    def _tell_waiting(self) -> None:
        told: set[tuple[str, str]] = set()
        for row in self._outbox.waiting():
            self._delivered.waiting += 1
            why = row.why or self._paused.get(row.channel, (0.0, ""))[1]
            if row.channel not in self._channels:
                why = self._unusable.get(row.channel, "no such channel is configured any more")
            if (row.channel, why) not in told:  # one sentence for all that wait for one reason
                told.add((row.channel, why))
                self._delivered.problems.append(f"{row.channel}: {row.title}: is still to be sent: {why}")


_SAID = {
    State.DOUBT: "may have arrived, and is not sent again by itself",
    State.REFUSED: "was refused",
    State.EXPIRED: "could not be sent for too long",
}


def back_off(attempts: int) -> float:
    """Give the seconds before the next attempt: 5, 10, 20, ... up to an hour."""
    return min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(attempts, 20))
