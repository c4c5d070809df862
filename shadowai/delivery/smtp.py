"""Mail to a server (RFC 5321), with STARTTLS (RFC 3207) or TLS from the start (RFC 8314), and authentication.

A message is given away by the final dot and by nothing before it (RFC 5321 section 4.2.5): the outbox is told right
before that, so that whatever breaks earlier is sent again, and what breaks later is not. One connection serves all
messages of a pass.
"""

from __future__ import annotations

import re
import smtplib
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

from shadowai.exports.outcome import SENT, SUCCESS, Committing, Fate, Outcome, reason_of
from shadowai.exports.record import harmless
from shadowai.exports.tls import client_context
from shadowai.settings.channels import MailSettings, mail_address
from shadowai.settings.credentials import scrub

if TYPE_CHECKING:
    from collections.abc import Mapping

_GO_AHEAD, _DONE = 354, 250
_PERMANENT = 500
_LINES = re.compile(rb"\r\n|\r|\n")
_DOTS = re.compile(rb"^\.", re.MULTILINE)


def enveloped(recipient: str, content: bytes) -> bytes:
    """Put a message's recipient before it, as the outbox keeps both."""
    return recipient.encode() + b"\n" + content


class MailSender:
    """Sends mail, one message a call."""

    repeatable = False  # two mails are two mails

    def __init__(self, settings: MailSettings, environment: Mapping[str, str] | None = None) -> None:
        self._settings = settings
        self._password = settings.password.read(environment) if settings.password else ""
        self._context = None if settings.security == "none" else client_context(settings.ca_file)
        self._sender = mail_address(settings.sender).addr_spec
        self._server: smtplib.SMTP | None = None

    def send(self, content: bytes, committing: Committing, *, again: bool = False) -> Outcome:
        """Send a message as `enveloped` put it."""
        del again
        recipient, _, message = content.partition(b"\n")
        try:
            server = self._connected()
        except (OSError, smtplib.SMTPException) as error:  # nothing was said of any message yet
            self.close()
            return Outcome(Fate.LATER, self._told(error), down=True)
        return self._transact(server, recipient.decode(), message, committing)

    def close(self) -> None:
        """Take leave of the server."""
        server, self._server = self._server, None
        if server is not None:
            with suppress(OSError, smtplib.SMTPException):
                server.quit()
            server.close()

    def _connected(self) -> smtplib.SMTP:
        if self._server is not None:
            with suppress(OSError, smtplib.SMTPException):
                if self._server.noop()[0] == _DONE:
                    return self._server
            self.close()
        settings = self._settings
        host, port, name, timeout = settings.host, settings.actual_port, _own_name(), settings.timeout
        if settings.security == "tls":
            self._server = smtplib.SMTP_SSL(host, port, name, timeout=timeout, context=self._context)
        else:
            self._server = smtplib.SMTP(host, port, name, timeout)
        if settings.security == "starttls":
            self._server.starttls(context=self._context)
        self._server.ehlo_or_helo_if_needed()
        if settings.user is not None:
            self._server.login(settings.user, self._password)
        return self._server

    def _transact(self, server: smtplib.SMTP, recipient: str, message: bytes, committing: Committing) -> Outcome:
        given, whole = False, stuffed(message)
        try:
            code, answer = self._announce(server, recipient, len(whole))
            if code != _GO_AHEAD:
                server.rset()
                return self._judged(code, answer)
            server.send(whole)
            committing()
            given = True
            server.send(b".\r\n")
            return self._judged(*server.getreply())
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            return Outcome(Fate.DOUBT if given else Fate.LATER, self._told(error), down=True)

    def _announce(self, server: smtplib.SMTP, recipient: str, size: int) -> tuple[int, bytes]:
        """Say from whom, to whom, and that a message follows; give the answer to the first step that is refused.

        A server that declares how much it takes learns the size at once (RFC 1870).
        """
        code, answer = server.mail(self._sender, [f"size={size}"] if server.has_extn("size") else [])
        if code in SUCCESS:
            code, answer = server.rcpt(recipient)
        return server.docmd("DATA") if code in SUCCESS else (code, answer)

    def _judged(self, code: int, answer: bytes) -> Outcome:
        if code in SUCCESS:
            return SENT
        told = harmless(scrub(answer.decode("utf-8", "replace"), (self._password,)))
        fate = Fate.REFUSED if code >= _PERMANENT else Fate.LATER
        return Outcome(fate, f"{self._settings.host}: {code} {told}")

    def _told(self, error: Exception) -> str:
        shown = harmless(scrub(reason_of(error), (self._password,)))
        return f"{self._settings.host}:{self._settings.actual_port}: {shown}"


def stuffed(message: bytes) -> bytes:
    """End lines with CRLF and double dots at their beginning (RFC 5321 sections 2.3.8 and 4.5.2)."""
    whole = _DOTS.sub(b"..", _LINES.sub(b"\r\n", message))
    return whole if whole.endswith(b"\r\n") else whole + b"\r\n"


def _own_name() -> str:
    """Name this machine in EHLO, without asking the network; an address literal where it has no usable name."""
    name = socket.gethostname()
    return name if re.fullmatch(r"[A-Za-z0-9.-]{1,253}", name) else "[127.0.0.1]"
