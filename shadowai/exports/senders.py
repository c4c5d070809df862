"""The sender of each kind of target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from shadowai.exports.files import FileSender
from shadowai.exports.syslog import SyslogSender
from shadowai.exports.web import ElasticSender, SplunkSender
from shadowai.settings.channels import ElasticTarget, FileTarget, SiemTarget, SplunkTarget

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shadowai.exports.outcome import Committing, Outcome


class Sender(Protocol):
    """Brings a content to one place. `repeatable` says that sending it twice leaves it there once."""

    @property
    def repeatable(self) -> bool:
        """Whether a content that was sent twice is there once."""

    def send(self, content: bytes, committing: Committing, *, again: bool = False) -> Outcome:
        """Send it once; `again` says that an earlier attempt ended nobody knows how."""

    def close(self) -> None:
        """Let go of connections."""


def sender_of(target: SiemTarget, environment: Mapping[str, str] | None = None) -> Sender:
    """Make the sender of a target. UsageError where its secret or its certificates cannot be read."""
    if isinstance(target, FileTarget):
        return FileSender(target)
    if isinstance(target, SplunkTarget):
        return SplunkSender(target, environment)
    if isinstance(target, ElasticTarget):
        return ElasticSender(target, environment)
    return SyslogSender(target)
