"""Reports by mail through the outbox to a real server: whatever it answers, each mail arrives once or is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.mail_server import Handler, close_senders, mail_server
from support.report_world import world
from support.servers import authority

from shadowai.delivery.deliver import Subject, deliver
from shadowai.delivery.drain import Clock, Delivered
from shadowai.delivery.outbox import Outbox, State
from shadowai.settings.channels import Channels

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEADS = sorted({one.email for one in world().departments if one.email})
HEAD, CISO = HEADS[0], "ciso@example.com"
ALL = sorted([*HEADS, CISO])


class Hurried(Clock):
    """A clock that sleeping moves."""

    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    with Outbox(tmp_path / "outbox.sqlite") as made:
        yield made
    close_senders()


def sent(outbox: Outbox, port: int, clock: Clock | None = None, **mail: Any) -> Delivered:  # settings of all types
    """Deliver one report to the heads of departments and the CISO."""
    base = {"host": "localhost", "port": port, "security": "none", "sender": "shadowai@example.com", "timeout": 2}
    chosen = {**base, "report": "none", "digest_to": [CISO], **mail}
    channels = Channels.model_validate({"mail": chosen, "delivery": {"patience": 60}})
    return deliver(channels, Subject(world(), occasion="2026-11", parts=("mail",)), outbox, clock or Hurried())


def taken(handler: Handler) -> list[str]:
    return sorted(recipients[0] for _, recipients, _ in handler.taken)


def test_a_server_that_greylists_gets_each_mail_once_after_a_while(outbox: Outbox) -> None:
    handler, clock = Handler(), Hurried()
    handler.greylisted = 2 * len(ALL)
    with mail_server(handler) as port:
        tally = sent(outbox, port, clock)
    assert (taken(handler), tally.sent, tally.is_well) == (ALL, len(ALL), True)
    assert clock.time >= 1000 + 5 + 10, "the second wait is twice the first"


def test_one_recipient_s_refusal_is_not_another_s(outbox: Outbox) -> None:
    handler = Handler(**{HEAD: "550 5.1.1 no such user"})
    with mail_server(handler) as port:
        tally = sent(outbox, port)
        again = sent(outbox, port)
    assert taken(handler) == [one for one in ALL if one != HEAD]
    assert (tally.sent, tally.refused) == (len(ALL) - 1, 1)
    assert any(HEAD in one and "no such user" in one for one in tally.problems)
    assert again.sent == 0


def test_a_mail_that_is_too_big_is_refused_before_it_is_sent_and_told(outbox: Outbox) -> None:
    handler = Handler()
    with mail_server(handler, data_size_limit=2000) as port:
        tally = sent(outbox, port)
    assert (handler.taken, tally.refused) == ([], len(ALL))
    assert all("552" in one for one in tally.problems)
    assert {row.state for row in outbox.rows()} == {State.REFUSED}


def test_without_the_starttls_that_is_asked_for_mails_wait_for_it(outbox: Outbox, tmp_path: Path) -> None:
    tls, handler = authority(tmp_path / "tls"), Handler()
    asked = {"security": "starttls", "ca_file": tls.ca}
    with mail_server(handler) as port:
        tally = sent(outbox, port, **asked)
    assert (handler.taken, tally.waiting) == ([], len(ALL))
    assert "STARTTLS" in tally.problems[0]
    late = Hurried()
    late.time += 4000
    with mail_server(handler, tls_context=tls.context()) as port:
        assert sent(outbox, port, late, **asked).is_well
    assert taken(handler) == ALL


@pytest.mark.parametrize("step", ["MAIL", "RCPT"])
def test_a_server_that_drops_before_the_end_gets_each_mail_once(outbox: Outbox, step: str) -> None:
    handler = Handler()
    handler.drop = step
    with mail_server(handler) as port:
        assert sent(outbox, port).waiting == len(ALL)
        handler.drop = ""
        late = Hurried()
        late.time += 4000
        assert sent(outbox, port, late).is_well
    assert taken(handler) == ALL


def test_a_drop_after_the_end_is_told_and_not_sent_again(outbox: Outbox) -> None:
    handler = Handler()
    handler.drop = "DATA"
    with mail_server(handler) as port:
        tally = sent(outbox, port)
        handler.drop = ""
        again = sent(outbox, port)
    assert tally.doubt >= 1
    assert any("may have arrived" in one for one in tally.problems)
    assert max(taken(handler).count(one) for one in ALL) == 1, "the server took it before it dropped"
    assert again.sent + tally.doubt + tally.sent == len(ALL)
