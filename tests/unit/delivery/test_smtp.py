"""Mail to a real server (aiosmtpd) that takes, refuses, greylists, stalls, drops and wants TLS and a password."""

from __future__ import annotations

import re
import socket
import threading
import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from support.mail_server import OPEN, Handler, close_senders, mail_server
from support.report_world import world
from support.servers import Authority, authority, free_port

from shadowai.delivery.deliver import Subject, deliver
from shadowai.delivery.outbox import Outbox
from shadowai.delivery.smtp import MailSender, enveloped, stuffed
from shadowai.errors import UsageError
from shadowai.exports.outcome import Fate, Outcome
from shadowai.settings.channels import Channels, MailSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PASSWORD = str(uuid4())
MESSAGE = b"Subject: hello\r\n\r\n.a line that begins with a dot\r\nend\r\n"


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    close_senders()


class Told:
    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> None:
        self.times += 1


def sender(port: int, **values: Any) -> MailSender:  # settings of all types
    base = {"host": "localhost", "port": port, "security": "none", "sender": "shadowai@example.com", "timeout": 2}
    made = MailSender(MailSettings.model_validate({**base, **values}), {"PASSWORD": PASSWORD})
    OPEN.append(made)
    return made


def send(mail: MailSender, told: Told | None = None, recipient: str = "head@example.com") -> Outcome:
    return mail.send(enveloped(recipient, MESSAGE), told or Told())


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("tls"))


def test_mail_arrives_as_it_was_over_one_connection() -> None:
    handler = Handler()
    with mail_server(handler) as port:
        mail, told = sender(port), Told()
        assert [send(mail, told).fate for _ in range(3)] == [Fate.SENT] * 3
        mail.close()
        mail.close()
    assert told.times == 3
    assert handler.taken[0] == ("shadowai@example.com", ["head@example.com"], MESSAGE)


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize(("answer", "fate"), [("451 try later", Fate.LATER), ("550 no such user", Fate.REFUSED)])
def test_an_answer_says_whether_another_try_is_worth_it(step: str, answer: str, fate: Fate) -> None:
    handler = Handler(**{step: answer})
    with mail_server(handler) as port:
        mail = sender(port)
        outcome = send(mail)
        assert (outcome.fate, outcome.down) == (fate, False)
        assert answer in outcome.why
        handler.answers.clear()
        assert send(mail).fate is Fate.SENT  # the connection is still good
    assert len(handler.taken) == 1


@pytest.mark.parametrize("step", ["MAIL", "RCPT"])
def test_a_drop_before_the_end_of_the_message_is_tried_again(step: str) -> None:
    handler = Handler()
    handler.drop = step
    with mail_server(handler) as port:
        mail, told = sender(port), Told()
        outcome = send(mail, told)
        assert (outcome.fate, outcome.down, told.times) == (Fate.LATER, True, 0)
        handler.drop = ""
        assert send(mail).fate is Fate.SENT


def test_a_drop_after_the_final_dot_leaves_a_doubt() -> None:
    handler = Handler()
    handler.drop = "DATA"
    with mail_server(handler) as port:
        outcome = send(sender(port))
    assert outcome.fate is Fate.DOUBT


def test_a_stall_after_the_final_dot_leaves_a_doubt() -> None:
    with mail_server(Handler(stall="yes")) as port:
        outcome = send(sender(port, timeout=1))
    assert outcome.fate is Fate.DOUBT
    assert "timed out" in outcome.why


def test_a_server_that_says_nothing_is_down() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        begun = time.monotonic()
        outcome = send(sender(silent.getsockname()[1], timeout=1))
    assert (outcome.fate, outcome.down) == (Fate.LATER, True)
    assert time.monotonic() - begun < 3


def test_a_server_that_breaks_off_within_the_message_has_not_taken_it() -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        for answer in (b"220 hi\r\n", b"250 hi\r\n", b"250 ok\r\n", b"250 ok\r\n"):
            connection.sendall(answer)
            connection.recv(1024)
        connection.sendall(b"421 going down\r\n")
        connection.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    told = Told()
    outcome = send(sender(listener.getsockname()[1]), told)
    thread.join(5)
    listener.close()
    assert (outcome.fate, told.times) == (Fate.LATER, 0)


def authenticate(
    _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any
) -> AuthResult:  # the library's own
    good = isinstance(data, LoginPassword) and data.password == PASSWORD.encode()
    return AuthResult(success=good, handled=False)


def test_starttls_and_a_password(tls: Authority, tmp_path: Path) -> None:
    handler = Handler()
    options = {"tls_context": tls.context(), "require_starttls": True, "authenticator": authenticate}
    with mail_server(handler, **options, auth_required=True) as port:
        values = {"security": "starttls", "ca_file": tls.ca, "user": "ann", "password": {"env": "PASSWORD"}}
        assert send(sender(port, **values)).fate is Fate.SENT
        assert send(sender(port, **{**values, "user": None, "password": None})).fate is not Fate.SENT
        stranger = authority(tmp_path / "other")
        bad = send(sender(port, **{**values, "ca_file": stranger.ca}))
        assert (bad.fate, bad.down) == (Fate.LATER, True)
        assert "certificate" in bad.why
    assert len(handler.taken) == 1


def test_a_wrong_password_is_in_no_message(tls: Authority, tmp_path: Path) -> None:
    wrong = tmp_path / "password"
    wrong.write_text(f"{PASSWORD}-wrong\n")
    options = {"tls_context": tls.context(), "require_starttls": True, "authenticator": authenticate}
    with mail_server(Handler(), **options) as port:
        outcome = send(sender(port, security="starttls", ca_file=tls.ca, user="ann", password={"file": wrong}))
    assert (outcome.fate, outcome.down) == (Fate.LATER, True)
    assert "535" in outcome.why
    assert PASSWORD not in outcome.why


def test_a_server_without_starttls_gets_nothing(tls: Authority) -> None:
    handler = Handler()
    with mail_server(handler) as port:
        outcome = send(sender(port, security="starttls", ca_file=tls.ca))
    assert (outcome.fate, outcome.down) == (Fate.LATER, True)
    assert "STARTTLS" in outcome.why
    assert handler.taken == []


def test_tls_from_the_start(tls: Authority) -> None:
    handler = Handler()
    with mail_server(handler, ssl_context=tls.context()) as port:
        assert send(sender(port, security="tls", ca_file=tls.ca)).fate is Fate.SENT
    assert len(handler.taken) == 1


def test_a_whole_report_arrives_once(tmp_path: Path) -> None:
    handler = Handler()
    with mail_server(handler) as port, Outbox(tmp_path / "outbox") as outbox:
        mail = {"host": "localhost", "port": port, "security": "none", "sender": "shadowai@example.com",
                "report": "none", "digest_to": ["ciso@example.com"]}  # fmt: skip
        chosen = Channels.model_validate({"mail": mail, "delivery": {"patience": 0}})
        subject = Subject(world(), occasion="2026-11", parts=("mail",))
        tallies = [deliver(chosen, subject, outbox) for _ in range(2)]
    heads = sorted({one.email for one in world().departments if one.email})
    assert sorted(recipients[0] for _, recipients, _ in handler.taken) == sorted([*heads, "ciso@example.com"])
    assert [one.sent for one in tallies] == [len(heads) + 1, 0]
    assert all(one.is_well for one in tallies)


def test_nobody_listens() -> None:
    outcome = send(sender(free_port()))
    assert (outcome.fate, outcome.down) == (Fate.LATER, True)
    assert "refused" in outcome.why


def test_a_password_that_is_not_there_is_named() -> None:
    with pytest.raises(UsageError, match="the variable NONE"):
        sender(25, security="starttls", user="ann", password={"env": "NONE"})


def test_lines_and_dots() -> None:
    assert stuffed(b".\n..a\rb\r\n.") == b"..\r\n...a\r\nb\r\n..\r\n"
    assert re.fullmatch(rb"x\r\n", stuffed(b"x"))
