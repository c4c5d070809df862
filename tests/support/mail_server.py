"""A real mail server (aiosmtpd) that takes, refuses, greylists, stalls and drops as it is told."""

from __future__ import annotations

import asyncio
import gc
import warnings
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from aiosmtpd.controller import Controller
from support.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiosmtpd.smtp import SMTP, Envelope, Session

    from shadowai.delivery.smtp import MailSender


class Handler:
    """Answers as it is told, by step or recipient, and keeps what it takes.

    `drop` names the step at which it breaks off; `greylisted` is how many recipients it tells to come again.
    """

    def __init__(self, **answers: str) -> None:
        self.answers = answers
        self.taken: list[tuple[str | None, list[str], bytes]] = []
        self.drop = ""
        self.greylisted = 0

    async def _answer(self, step: str, server: SMTP) -> str:
        if self.drop == step and server.transport is not None:
            server.transport.abort()
        return self.answers.get(step, "250 OK")

    async def handle_MAIL(  # noqa: N802  # the library's own
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        envelope.mail_from = address
        return await self._answer("MAIL", server)

    async def handle_RCPT(  # noqa: N802  # as above
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        answer = self.answers.get(address) or await self._answer("RCPT", server)
        if self.greylisted:
            self.greylisted -= 1
            return "451 4.7.1 greylisted, come again"
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  # as above
        if self.answers.get("stall"):
            await asyncio.sleep(4)
        answer = await self._answer("DATA", server)
        if answer.startswith("2"):
            self.taken.append((envelope.mail_from, list(envelope.rcpt_tos), bytes(envelope.original_content or b"")))
        return answer


@contextmanager
def mail_server(handler: Handler, **options: Any) -> Iterator[int]:  # the library's options
    port = free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=port, ready_timeout=10, **options)
    controller.start()
    try:
        yield port
    finally:
        close_senders()
        with suppress(AssertionError, RuntimeError):
            controller.stop()
        with warnings.catch_warnings():  # the library leaves the server's side of some connections to the collector
            warnings.simplefilter("ignore", ResourceWarning)
            del controller
            gc.collect()


OPEN: list[MailSender] = []


def close_senders() -> None:
    while OPEN:
        OPEN.pop().close()
