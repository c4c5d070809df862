"""The outbox: once in, once out, whatever ends the program and whatever the other side does."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shadowai.delivery.drain import Channel, Clock, Delivered, Drain, back_off
from shadowai.delivery.outbox import Item, Outbox, OutboxBusyError, State
from shadowai.errors import SourceError, UsageError
from shadowai.exports.files import FileSender
from shadowai.exports.lines import Line, pack
from shadowai.exports.outcome import SENT, Committing, Fate, Outcome
from shadowai.settings.channels import DeliverySettings, FileTarget

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LATER = Outcome(Fate.LATER, "busy")
DOWN = Outcome(Fate.LATER, "no way there", down=True)
REFUSED = Outcome(Fate.REFUSED, "never")
DOUBT = Outcome(Fate.DOUBT, "cut off")


class FakeClock(Clock):
    """A clock that sleeping moves."""

    def __init__(self, now: float = 1000.0) -> None:
        self.time = now
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


class Script:
    """A sender that ends as it is told, one outcome a call, and remembers what it was given."""

    def __init__(self, *outcomes: Outcome, repeatable: bool = False) -> None:
        self.outcomes = list(outcomes)
        self.repeatable = repeatable
        self.given: list[tuple[bytes, bool]] = []
        self.closed = False

    def send(self, content: bytes, committing: Committing, *, again: bool = False) -> Outcome:
        self.given.append((content, again))
        outcome = self.outcomes.pop(0) if self.outcomes else SENT
        if outcome.fate is not Fate.LATER:
            committing()
        return outcome

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    with Outbox(tmp_path / "state" / "outbox.sqlite") as made:
        yield made


def item(key: str = "k", channel: str = "c", payload: bytes = b"x") -> Item:
    return Item(key, channel, f"title of {key}", payload)


def drain(outbox: Outbox, sender: Script, clock: FakeClock | None = None, **values: object) -> Delivered:
    channel = Channel(sender, bool(values.pop("repeat", False)))
    return Drain(outbox, {"c": channel}, DeliverySettings.model_validate(values), clock or FakeClock()).run()


def states(outbox: Outbox) -> dict[str, State]:
    return {row.key: row.state for row in outbox.rows()}


def test_an_item_is_sent_once_and_its_content_let_go(outbox: Outbox) -> None:
    assert outbox.add([item(), item("j")], 1.0) == 2
    assert outbox.add([item(), item("j")], 2.0) == 0
    sender = Script()
    tally = drain(outbox, sender)
    assert (tally.sent, tally.is_well, sender.closed) == (2, True, True)
    assert drain(outbox, sender).sent == 0
    assert len(sender.given) == 2
    with pytest.raises(KeyError):
        outbox.payload("k")
    assert outbox.add([item()], 3.0) == 0
    assert outbox.knows("k")
    assert outbox.counts() == {("c", State.SENT): 2}


def test_what_is_busy_is_tried_again_with_back_off(outbox: Outbox) -> None:
    outbox.add([item()], 1000.0)
    clock = FakeClock()
    sender = Script(LATER, LATER, LATER)
    assert drain(outbox, sender, clock).sent == 1
    assert clock.slept == [5.0, 10.0, 20.0]
    assert [again for _, again in sender.given] == [False] * 4


def test_a_pass_ends_when_its_patience_does_and_the_next_goes_on(outbox: Outbox) -> None:
    outbox.add([item()], 1000.0)
    clock = FakeClock()
    tally = drain(outbox, Script(*[LATER] * 99), clock, patience="60 s")
    assert (tally.sent, tally.waiting) == (0, 1)
    assert "is still to be sent: busy" in tally.problems[0]
    assert clock.now() <= 1060
    clock.time += 3600
    assert drain(outbox, Script(), clock).sent == 1


def test_a_server_s_own_wait_counts(outbox: Outbox) -> None:
    outbox.add([item()], 1000.0)
    clock = FakeClock()
    assert drain(outbox, Script(Outcome(Fate.LATER, "429", 42.0)), clock).sent == 1
    assert clock.slept == [42.0]


def test_what_cannot_be_sent_for_too_long_is_given_up_loudly(outbox: Outbox) -> None:
    outbox.add([item()], 1000.0)
    clock = FakeClock()
    tallies = []
    for _ in range(6):
        tallies.append(drain(outbox, Script(*[LATER] * 99), clock, give_up="1 days"))
        clock.time += 6 * 3600
    assert sum(one.expired for one in tallies) == 1
    assert "could not be sent for too long" in next(one.problems[0] for one in tallies if one.expired)
    assert states(outbox) == {"k": State.EXPIRED}


def test_an_item_that_waited_while_nothing_ran_still_gets_its_attempts(outbox: Outbox) -> None:
    outbox.add([item()], 0.0)
    clock = FakeClock(10_000_000.0)
    assert drain(outbox, Script(LATER), clock, patience=0).waiting == 1


def test_a_refusal_is_over_and_told(outbox: Outbox) -> None:
    outbox.add([item()], 1.0)
    tally = drain(outbox, Script(REFUSED))
    assert (tally.refused, tally.problems) == (1, ["c: title of k: was refused: never"])
    assert drain(outbox, Script()).is_well


def test_a_doubt_is_not_sent_again_by_itself(outbox: Outbox) -> None:
    outbox.add([item()], 1.0)
    sender = Script(DOUBT)
    tally = drain(outbox, sender)
    assert (tally.doubt, len(sender.given)) == (1, 1)
    assert "may have arrived" in tally.problems[0]
    assert drain(outbox, sender).sent == 0
    assert outbox.retry("k", 5.0)
    assert not outbox.retry("k", 5.0)
    assert drain(outbox, sender).sent == 1
    assert sender.given[-1] == (b"x", True)


@pytest.mark.parametrize("repeatable", [True, False])
def test_a_doubt_is_repeated_where_that_does_no_harm_or_is_wanted(outbox: Outbox, repeatable: bool) -> None:  # noqa: FBT001  # pytest gives it by name
    outbox.add([item()], 1.0)
    sender = Script(DOUBT, repeatable=repeatable)
    assert drain(outbox, sender, repeat=not repeatable).sent == 1
    assert [again for _, again in sender.given] == [False, True]


def test_what_is_left_of_a_package_goes_alone_and_the_refused_part_is_told(outbox: Outbox) -> None:
    outbox.add([item(payload=b"abc")], 1.0)
    clock = FakeClock()
    sender = Script(Outcome(Fate.LATER, "b is bad", 0.0, b"c", 1), Outcome(Fate.SENT, "one more", refused=1))
    tally = drain(outbox, sender, clock)
    assert [content for content, _ in sender.given] == [b"abc", b"c"]
    assert tally.sent == 1
    assert not tally.is_well
    assert outbox.rows()[0].refused == 2
    assert clock.slept == []


def test_a_place_that_is_down_is_left_alone_and_keeps_no_other_waiting(outbox: Outbox) -> None:
    outbox.add([item("a"), item("b"), item("z", "other")], 1.0)
    down, other = Script(*[DOWN] * 99), Script()
    channels: dict[str, Channel | str] = {"c": Channel(down), "other": Channel(other)}
    tally = Drain(outbox, channels, DeliverySettings(patience=4), FakeClock()).run()
    assert (tally.sent, len(down.given), tally.waiting) == (1, 1, 2)
    assert len(tally.problems) == 1


def test_a_channel_that_is_gone_or_unusable_is_told(outbox: Outbox) -> None:
    outbox.add([item("a"), item("b", "other")], 1.0)
    tally = Drain(outbox, {"c": "the variable X is not set"}, DeliverySettings(), FakeClock()).run()
    assert tally.waiting == 2
    assert sorted(problem.rpartition(": ")[2] for problem in tally.problems) == [
        "no such channel is configured any more",
        "the variable X is not set",
    ]


def test_a_sender_s_own_error_is_no_end_of_the_pass(outbox: Outbox) -> None:
    outbox.add([item("a"), item("z", "other")], 1.0)

    class Broken(Script):
        def send(self, content: bytes, committing: Committing, *, again: bool = False) -> Outcome:
            del content, committing, again
            raise SourceError("the certificate has gone")

    channels: dict[str, Channel | str] = {"c": Channel(Broken()), "other": Channel(Script())}
    tally = Drain(outbox, channels, DeliverySettings(patience=0), FakeClock()).run()
    assert (tally.sent, tally.waiting) == (1, 1)
    assert "the certificate has gone" in tally.problems[0]


def test_only_one_process_sends(outbox: Outbox) -> None:
    other = Outbox(outbox.path)
    with outbox.alone(), pytest.raises(OutboxBusyError, match="another process"), other.alone():
        pytest.fail("both are alone")
    with other.alone():
        pass
    other.close()


CRASH = """
    import os, signal, sys
    from pathlib import Path
    from shadowai.settings.channels import DeliverySettings, FileTarget
    from shadowai.delivery.drain import Channel, Drain
    from shadowai.delivery.outbox import Item, Outbox

    class Killed:
        repeatable = False
        def send(self, content, committing, *, again=False):
            if content == sys.argv[2].encode():
                if sys.argv[3] == "after":
                    committing()
                os.kill(os.getpid(), signal.SIGKILL)
            committing()
            with open(sys.argv[4], "ab") as file:
                file.write(content)
            from shadowai.exports.outcome import SENT
            return SENT
        def close(self): pass

    outbox = Outbox(Path(sys.argv[1]))
    outbox.add([Item(key, "c", key, key.encode()) for key in "abc"], 1.0)
    Drain(outbox, {"c": Channel(Killed())}, DeliverySettings()).run()
"""


@pytest.mark.parametrize("victim", "abc")
@pytest.mark.parametrize("when", ["before", "after"])
def test_kill_9_neither_doubles_nor_loses_silently(tmp_path: Path, victim: str, when: str) -> None:
    path, arrived = tmp_path / "outbox", tmp_path / "arrived"
    command = [sys.executable, "-c", textwrap.dedent(CRASH), str(path), victim, when, str(arrived)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    sender = Script()
    with Outbox(path) as outbox:
        tally = drain(outbox, sender)
    there = (arrived.read_bytes().decode() if arrived.exists() else "") + b"".join(
        one for one, _ in sender.given
    ).decode()
    assert len(set(there)) == len(there)
    if when == "before":  # the point of no return was not reached: it is sent now
        assert (sorted(there), tally.doubt) == (["a", "b", "c"], 0)
    else:  # it may have arrived: it is told, and not sent again
        assert (sorted(there), tally.doubt) == (sorted({"a", "b", "c"} - {victim}), 1)
        assert "the program ended while this was being sent" in tally.problems[0]


def test_what_was_interrupted_goes_before_all_others(outbox: Outbox, tmp_path: Path) -> None:
    """A disk that was full when the outbox noted a package in a file as sent: others went first, and it came twice."""
    target = {"name": "file", "to": "file", "path": tmp_path / "out"}
    sender = FileSender(FileTarget.model_validate(target))
    items = [item(name, payload=pack([Line(name, 0, 1, name)])) for name in ("a", "b", "c")]
    outbox.add(items, 1000.0)
    outbox.begin("a", 1000.0)
    assert sender.send(items[0].payload, lambda: None) == SENT
    Drain(outbox, {"c": Channel(sender)}, DeliverySettings(), FakeClock(2000.0)).run()
    assert (tmp_path / "out").read_text().split() == ["a", "b", "c"]


def test_an_interrupted_item_of_a_repeatable_channel_goes_again(outbox: Outbox) -> None:
    outbox.add([item()], 1.0)
    outbox.begin("k", 2.0)
    sender = Script(repeatable=True)
    assert drain(outbox, sender).sent == 1
    assert sender.given == [(b"x", True)]


@given(st.lists(st.sampled_from([SENT, LATER, DOWN, REFUSED, DOUBT]), max_size=12))
@settings(max_examples=12)
def test_nothing_arrives_twice_however_it_goes(
    tmp_path_factory: pytest.TempPathFactory, outcomes: list[Outcome]
) -> None:
    sender = Script(*outcomes)
    with Outbox(tmp_path_factory.mktemp("o") / "outbox") as outbox:
        outbox.add([item(key, payload=key.encode()) for key in "abc"], 1000.0)
        clock = FakeClock()
        for _ in range(4):
            drain(outbox, sender, clock)
            clock.time += 7200
        over = [row for row in outbox.rows() if row.state is State.QUEUED]
    done = [content for (content, _), outcome in zip(sender.given, [*outcomes, *[SENT] * 99], strict=False)
            if outcome.fate in (Fate.SENT, Fate.DOUBT)]  # fmt: skip
    assert len(done) == len(set(done))
    assert over == []


def test_marks_and_quiet_times_are_kept_with_the_items(outbox: Outbox) -> None:
    outbox.add([item()], 10.0, [("c", "m")], [("q", 20.0)])
    assert outbox.is_marked("c", "m")
    assert not outbox.is_marked("d", "m")
    assert outbox.quiet_until("q") == 20.0
    assert outbox.quiet_until("r") is None
    outbox.settle("k", State.SENT, "", 11.0)
    assert outbox.prune(15.0) == 1
    assert not outbox.is_marked("c", "m")
    assert outbox.quiet_until("q") == 20.0


def test_a_failed_filling_leaves_nothing(outbox: Outbox) -> None:
    def items() -> Iterator[Item]:
        yield item()
        raise SourceError("the report breaks")

    with pytest.raises(SourceError):
        outbox.add(items(), 1.0)
    assert outbox.rows() == []


def test_the_file_is_for_its_owner_alone(outbox: Outbox) -> None:
    assert outbox.path.stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_no_outbox_is_named(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database\n" * 100)
    with pytest.raises(UsageError, match="cannot be used as the outbox"):
        Outbox(tmp_path / "text")
    with sqlite3.connect(tmp_path / "new") as base:
        base.execute("PRAGMA user_version=9")
    base.close()
    with pytest.raises(UsageError, match="version 9"):
        Outbox(tmp_path / "new")


def test_back_off_grows_to_an_hour() -> None:
    assert [back_off(at) for at in (0, 1, 2, 9, 10, 99)] == [5, 10, 20, 2560, 3600, 3600]
