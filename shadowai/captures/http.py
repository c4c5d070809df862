"""HTTP/1 requests (RFC 9112): method, target, Host and User-Agent, from a stream of bytes.

Contract of the reader: the value, None where bytes are missing still, ValueError where it is no HTTP/1 request.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_HEAD = 65_536  # bytes of a request line and its headers
MAX_METHOD = 32  # bytes
MAX_LINE = 16_384  # bytes of the request line
MAX_DIGITS = 15  # of a content length
MAX_FIELD = 8_192  # bytes kept of a path or user agent

_METHOD = re.compile(rb"[A-Z][A-Z0-9_-]{0,31}")
_VERSION = re.compile(rb"HTTP/1\.[0-9]")
_START = re.compile(rb"[A-Z][A-Z0-9_-]*(?: |\Z)")
_END = re.compile(rb"\n\r?\n")
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")


@dataclass(frozen=True, slots=True)
class Request:
    """A request as written: `host` is the Host header, None where there is none; `body` counts the bytes announced."""

    method: str
    path: str | None
    host: bytes | None
    user_agent: str | None
    body: int = 0


class RequestReader:
    """Reads the head of one request as its bytes come in; what follows the head is left in `rest`."""

    def __init__(self) -> None:
        self._input = bytearray()
        self._is_request = False
        self.rest = b""

    def feed(self, data: bytes) -> Request | None:
        """Take the next bytes; the request, None where its head is not whole yet, ValueError where it is none."""
        searched = max(0, len(self._input) - 3)
        self._input += data
        if not self._is_request:
            self._check_start()
        end = _END.search(self._input, searched) if self._is_request else None
        if end is not None:
            self.rest = bytes(self._input[end.end() :])
            return parse_head(bytes(self._input[: end.end()]))
        if len(self._input) > MAX_HEAD:
            error = "a request head without end"
            raise ValueError(error)
        return None

    def give_up(self) -> Request | None:
        """Read what there is of a head whose end was not captured: whole lines only; None where that is too little."""
        cut = self._input.rfind(b"\n") + 1
        return parse_head(bytes(self._input[:cut])) if self._is_request and cut else None

    def held(self) -> int:
        """Count the bytes kept."""
        return len(self._input)

    def _check_start(self) -> None:
        if self._input.find(b"\n", 0, MAX_LINE) >= 0:
            request_line(bytes(self._input[:MAX_LINE]))
            self._is_request = True
        elif len(self._input) >= MAX_LINE or not _START.match(self._input[: MAX_METHOD + 1]):
            error = "no HTTP/1 request line"
            raise ValueError(error)


def request_line(head: bytes) -> tuple[bytes, bytes]:
    """Give method and target of the first line; ValueError where it is no HTTP/1 request line."""
    method, _, rest = head.partition(b"\n")[0].strip().partition(b" ")
    target, _, version = rest.rpartition(b" ")
    if not _METHOD.fullmatch(method) or not _VERSION.fullmatch(version):
        error = "no HTTP/1 request line"
        raise ValueError(error)
    return method, target.strip()


def parse_head(head: bytes) -> Request:
    """Read a request's head, request line and header lines; ValueError where the first line is no request line."""
    method, target = request_line(head)
    fields: dict[bytes, bytes] = {}
    for text in head.split(b"\n")[1:]:
        name, colon, value = text.partition(b":")
        if colon:
            fields.setdefault(name.strip().lower(), value.strip())
    agent = fields.get(b"user-agent")
    return Request(
        method=method.decode("ascii"),
        path=target_path(_text(target)),
        host=fields.get(b"host") or None,
        user_agent=_text(agent) if agent else None,
        body=_length(fields.get(b"content-length", b"")),
    )


def target_path(target: str) -> str | None:
    """Give path and query of a request target; a CONNECT's authority has none, an absolute URL loses its front."""
    absolute = _ABSOLUTE.match(target)
    path = target[absolute.end() :] if absolute else target
    if absolute and not path.startswith("/"):
        path = "/" + path
    return path if path.startswith(("/", "*")) else None


def _text(raw: bytes) -> str:
    return raw[:MAX_FIELD].decode("utf-8", "backslashreplace")


def _length(value: bytes) -> int:
    return int(value) if value.isdigit() and len(value) <= MAX_DIGITS else 0
