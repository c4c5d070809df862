"""Records to a syslog server: RFC 5424 messages over UDP (RFC 5426), TCP (RFC 6587) or TLS (RFC 5425).

Syslog has no answers. Over TCP and TLS a package counts as sent when the server has closed its side in order after we
have closed ours, or has at least taken all bytes without a reset; over UDP when it has left the house. Both are said in
docs/siem.md: who needs certainty uses HTTP.
"""

from __future__ import annotations

import os
import socket
import ssl
from contextlib import closing, suppress
from typing import TYPE_CHECKING

from shadowai.exports.lines import Line, unpack
from shadowai.exports.outcome import SENT, Committing, Fate, Outcome, reason_of
from shadowai.exports.record import rfc3339
from shadowai.exports.tls import client_context

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shadowai.settings.channels import SyslogTarget

_SEVERITY = {1: 6, 2: 5, 3: 4, 4: 3, 5: 2}  # ours to RFC 5424's: informational, notice, warning, error, critical
_BOM = b"\xef\xbb\xbf"
_GOODBYE = 2.0  # seconds
_REFUSAL = 0.5  # seconds; once a pass
_MAX_ANSWER = 65_536  # bytes; no server sends any


def message(target: SyslogTarget, line: Line) -> bytes:
    """Write one RFC 5424 message, without framing; the line is its MSG, the record's id its structured data."""
    priority = 8 * target.facility + _SEVERITY[line.severity]
    head = f"<{priority}>1 {rfc3339(line.time)} {target.hostname or _own_name()} shadowai {os.getpid()} finding "
    data = f'[shadowai@{target.enterprise} uid="{escape(line.uid)}" format="{target.format}"] '
    body = line.text.encode()
    marked = body if not target.bom or line.text.isascii() else _BOM + body
    return (head + data).encode("ascii") + marked


def escape(value: str) -> str:
    r"""Escape a parameter's value (RFC 5424 section 6.3.3): `"`, `\` and `]`."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")


def framed(target: SyslogTarget, messages: Iterable[bytes]) -> bytes:
    """Put messages into one stream: with their lengths (RFC 6587 section 3.4.1), or one a line (3.4.2)."""
    if target.protocol == "tls" or target.framing == "octet-counting":
        return b"".join(b"%d %s" % (len(one), one) for one in messages)
    return b"".join(one.replace(b"\n", b" ") + b"\n" for one in messages)


class SyslogSender:
    """Sends packages to a syslog server, each over a connection of its own."""

    repeatable = False  # a server takes a message that comes twice for two

    def __init__(self, target: SyslogTarget) -> None:
        self._target = target
        self._is_welcome = False
        self._context = client_context(target.ca_file, target.certificate, target.key) if self._is_tls else None

    @property
    def _is_tls(self) -> bool:
        return self._target.protocol == "tls"

    def send(self, content: bytes, committing: Committing, *, again: bool = False) -> Outcome:
        """Send a package."""
        del again  # nothing tells what arrived
        messages = [message(self._target, line) for line in unpack(content)]
        return (
            self._by_udp(messages, committing) if self._target.protocol == "udp" else self._by_tcp(messages, committing)
        )

    def close(self) -> None:
        """Nothing is kept open."""

    def _by_udp(self, messages: list[bytes], committing: Committing) -> Outcome:
        """Send datagrams; a message that is too large is refused as a whole, since half of one says something else."""
        fitting = [one for one in messages if len(one) <= self._target.max_bytes]
        refused = len(messages) - len(fitting)
        why = f"{refused} messages are longer than max_bytes ({self._target.max_bytes})" if refused else ""
        sent = 0
        try:
            place = socket.getaddrinfo(self._target.host, self._target.actual_port, type=socket.SOCK_DGRAM)[0]
            with closing(socket.socket(place[0], socket.SOCK_DGRAM)) as connection:
                connection.settimeout(self._target.timeout)
                connection.connect(place[4])
                committing()
                for one in fitting:
                    connection.send(one)
                    sent += 1
        except ConnectionRefusedError as error:  # nobody listens there, so that nothing has arrived
            return Outcome(Fate.LATER, self._told(error), down=True)
        except OSError as error:
            return Outcome(Fate.DOUBT if sent else Fate.LATER, self._told(error), down=True)
        return Outcome(Fate.SENT, why, refused=refused)

    def _by_tcp(self, messages: list[bytes], committing: Committing) -> Outcome:
        begun = False
        try:
            with closing(self._connect()) as connection:
                committing()
                begun = True
                connection.sendall(framed(self._target, messages))
                _finish(connection)
        except OSError as error:
            return Outcome(Fate.DOUBT if begun else Fate.LATER, self._told(error), down=True)
        return SENT

    def _connect(self) -> socket.socket:
        target = self._target
        plain = socket.create_connection((target.host, target.actual_port), timeout=target.timeout)
        if self._context is None:
            return plain
        try:
            secured = self._context.wrap_socket(plain, server_hostname=target.host)
        except OSError:
            plain.close()
            raise
        if not self._is_welcome:
            _await_refusal(secured, target.timeout)
            self._is_welcome = True
        return secured

    def _told(self, error: OSError) -> str:
        return f"{self._target.host}:{self._target.actual_port}: {reason_of(error)}"


def _await_refusal(connection: ssl.SSLSocket, timeout: float) -> None:
    """Give a server the time to refuse our certificate, which TLS 1.3 tells only after the handshake (RFC 8446).

    OSError where it does; nothing was sent then, and there is no doubt. A server of syslog says nothing else.
    """
    connection.settimeout(_REFUSAL)
    try:
        if not connection.recv(1):
            raise ConnectionAbortedError("the server closed the connection after the handshake")
    except TimeoutError:
        pass
    except OSError:
        connection.close()
        raise
    connection.settimeout(timeout)


def _finish(connection: socket.socket) -> None:
    """Say that nothing follows and wait until the server has closed, so that a reset after our last byte is seen.

    A server that keeps its side open has not reset it, which is as much as syslog tells: silence is taken for success.
    """
    connection.settimeout(_GOODBYE)
    with suppress(TimeoutError, ssl.SSLEOFError, ssl.SSLZeroReturnError):
        plain = connection.unwrap() if isinstance(connection, ssl.SSLSocket) else connection
        plain.shutdown(socket.SHUT_WR)
        left = _MAX_ANSWER
        while left > 0 and (answer := plain.recv(4096)):
            left -= len(answer)


def _own_name() -> str:
    """Give this machine's name as HOSTNAME takes it (printable ASCII without blanks), or the nil value."""
    name = "".join(one for one in socket.gethostname() if "!" <= one <= "~")
    return name[:255] or "-"
