"""One HTTP request to a place outside, and what its answer means for whether the content was taken.

Redirects are not followed: a token would go to a place that nobody named. Answers are read up to a bound.
"""

from __future__ import annotations

import http.client
import time
from base64 import b64encode
from contextlib import closing
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from shadowai import __version__
from shadowai.exports.outcome import SENT, SUCCESS, Committing, Fate, Outcome, reason_of
from shadowai.exports.record import harmless
from shadowai.exports.tls import client_context
from shadowai.settings.credentials import scrub

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MAX_ANSWER = 16 << 20  # bytes; Elasticsearch answers with a few hundred for each document
MAX_WAIT = 86_400.0  # seconds that a server may ask us to wait
_LATER = (401, 403, 404, 407, 408, 425, 429, 500, 502, 503, 504, 507, 529)
"""Statuses worth another try: those of a busy server, and those of a token or a path that somebody will put right."""

_PATIENCE = 4  # timeouts that a whole answer may take
_SHOWN = 200  # characters of an answer that get into a message


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request goes: an address, the headers that prove who we are, and how it is reached.

    `secrets` are taken out of every message.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    ca_file: Path | None = None
    proxy: str | None = None
    timeout: float = 30
    secrets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, the body, and the seconds that the server asks us to wait, where it does."""

    status: int
    body: bytes
    wait: float | None = None


def basic(user: str, password: str) -> str:
    """Give the value of an Authorization header (RFC 7617)."""
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"


def post(place: Place, path: str, body: bytes, kind: str, committing: Committing) -> Answer | Outcome:
    """Post a body; an `Outcome` where there was no whole answer. `path` is added to the place's own."""
    begun = False
    try:
        with closing(_connect(place)) as connection:
            connection.connect()
            committing()
            begun = True
            headers = {"Content-Type": kind, "User-Agent": f"shadowai/{__version__}", **place.headers}
            connection.request("POST", _target(place, path), body, headers)
            return _read(connection.getresponse(), time.monotonic() + _PATIENCE * place.timeout)
    except (OSError, http.client.HTTPException) as error:
        told = harmless(scrub(reason_of(error), place.secrets))
        return Outcome(Fate.DOUBT if begun else Fate.LATER, f"{_host(place)}: {told}", down=True)


def judged(place: Place, answer: Answer) -> Outcome:
    """Say what a status means (RFC 9110 section 15): 2xx taken, a few worth another try, all others refused."""
    if answer.status in SUCCESS:
        return SENT
    shown = harmless(scrub(answer.body[: 4 * _SHOWN].decode("utf-8", "replace"), place.secrets))[:_SHOWN]
    why = f"{_host(place)}: status {answer.status}: {shown}"
    later = answer.status in _LATER
    return Outcome(Fate.LATER if later else Fate.REFUSED, why, answer.wait, down=later)


def _connect(place: Place) -> http.client.HTTPConnection:
    parts, proxy = urlsplit(place.url), urlsplit(place.proxy) if place.proxy else None
    near = proxy or parts
    host, port = near.hostname or "", near.port
    if parts.scheme == "http":
        return http.client.HTTPConnection(host, port or 80, timeout=place.timeout)
    context = client_context(place.ca_file)
    if proxy is None:
        return http.client.HTTPSConnection(host, port or 443, timeout=place.timeout, context=context)
    connection = http.client.HTTPSConnection(host, port or 3128, timeout=place.timeout, context=context)
    connection.set_tunnel(parts.hostname or "", parts.port or 443)
    return connection


def _target(place: Place, path: str) -> str:
    parts = urlsplit(place.url)
    whole = parts.path.rstrip("/") + path if path else parts.path or "/"
    query = f"?{parts.query}" if parts.query else ""
    if parts.scheme == "http" and place.proxy:
        return f"{parts.scheme}://{parts.netloc}{whole}{query}"
    return whole + query


def _read(response: http.client.HTTPResponse, deadline: float) -> Answer:
    body = b""
    while len(body) < MAX_ANSWER and (part := response.read1(65_536)):
        body += part
        if time.monotonic() > deadline:  # a server that sends a byte now and then never runs into the timeout
            raise TimeoutError("the answer did not end")
    return Answer(response.status, body, _wait(response.getheader("Retry-After")))


def _wait(text: str | None) -> float | None:
    """Read Retry-After (RFC 9110 section 10.2.3): seconds or a date; None for anything else."""
    if text is None:
        return None
    if text.strip().isdecimal() and len(text) < 10:  # noqa: PLR2004  # nine digits are 31 years
        return min(float(text), MAX_WAIT)
    try:
        moment = parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None
    return min(max(0.0, moment - time.time()), MAX_WAIT)


def _host(place: Place) -> str:
    """Name the server and nothing of the path, which is a secret in the addresses of webhooks."""
    parts = urlsplit(place.url)
    return unquote(parts.hostname or "") + (f":{parts.port}" if parts.port else "")
