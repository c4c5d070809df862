"""HTTP/1 requests (RFC 9112): method, target, Host, User-Agent and whether they speak MCP, from a stream of bytes.

So are those that a proxy shows to a filter by ICAP (RFC 3507): its own head is stepped over.

Contract of the readers: the value, None where bytes are missing still, ValueError where it is no HTTP/1 request.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import orjson

from shadowai.tenant_headers import TENANT_HEADERS

if TYPE_CHECKING:
    from collections.abc import Mapping

_TENANT_HEADERS = tuple(name.encode() for name in TENANT_HEADERS)
MAX_HEAD = 262_144  # bytes of a request line and its headers
MAX_METHOD = 32  # bytes
MAX_LINE = 65_536  # bytes of the request line
MAX_DIGITS = 15  # of a content length
MAX_FIELD = 8_192  # bytes kept of a path or user agent
MAX_JSON = 65_536  # bytes of a body that is waited for
MAX_BATCH = 64  # messages of one body that are looked at
MAX_CHUNK_LINE = 4_096  # bytes of a line that says how long a chunk is, or of a trailer field
MAX_CHUNK_DIGITS = 15  # hexadecimal
MAX_PORT = 65_535
HTTP_PORT = 80
MCP = "mcp"
JSON = b"application/json"

_METHOD = re.compile(rb"[A-Z][A-Z0-9_-]{0,31}")
_VERSION = re.compile(rb"HTTP/[^/]{1,8}")  # whatever number a damaged or a made-up one has
_ICAP = re.compile(rb"(?:REQMOD|RESPMOD|OPTIONS) [^ \r\n]+ ICAP/[0-9.]{1,4}\r?\n")
_START = re.compile(rb"[A-Z][A-Z0-9_-]*(?: |\Z)")
_END = re.compile(rb"\n\r?\n")
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
_AUTHORITY = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?([^/?#]*)")
_PORT = re.compile(rb"(?:\A|[^:]|\]):([0-9]{1,5})\Z")
_CHUNK = re.compile(rb"[0-9A-Fa-f]+")

_MCP_HEADERS = (b"mcp-session-id", b"mcp-protocol-version", b"mcp-method")
_MCP_META = "io.modelcontextprotocol/protocolVersion"  # in params._meta of each request since 2026-07-28
_MCP_METHODS = frozenset(
    {
        "completion/complete",
        "logging/setLevel",
        "notifications/cancelled",
        "notifications/initialized",
        "notifications/progress",
        "notifications/roots/list_changed",
        "prompts/get",
        "prompts/list",
        "resources/list",
        "resources/read",
        "resources/subscribe",
        "resources/templates/list",
        "resources/unsubscribe",
        "server/discover",
        "subscriptions/listen",
        "tools/call",
        "tools/list",
    }
)
"""What clients ask for (modelcontextprotocol.io, schema of 2024-11-05 to 2026-07-28), but `ping`: others ping too."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request as written: `host` is the Host header or else what its URL says, of a CONNECT its target, or None.

    `body` counts the bytes announced; of a chunked body (`is_chunked`) none are, and `Chunks` steps over it. `protocol`
    is "mcp" where the request speaks the Model Context Protocol. `is_absolute` says that its target is a whole URL, as
    proxies are asked (RFC 9112 section 3.2.2). `tenant` says whose accounts alone the network lets through.
    """

    method: str
    path: str | None
    host: bytes | None
    user_agent: str | None
    body: int = 0
    protocol: str | None = None
    is_chunked: bool = False
    is_absolute: bool = False
    tenant: str | None = None

    @property
    def is_connect(self) -> bool:
        """Whether it asks a proxy for a tunnel to `host` and `port` (RFC 9110 section 9.3.6)."""
        return self.method == "CONNECT"

    @property
    def port(self) -> int | None:
        """The port written behind the host, else that of a URL without one; None where neither is there."""
        found = _PORT.search(self.host or b"")
        if found and 0 < int(found[1]) <= MAX_PORT:
            return int(found[1])
        return HTTP_PORT if self.is_absolute else None


class RequestReader:
    """Reads one request as its bytes come in; what follows the head, its body first, is left in `rest`.

    With `wait_for_body` a short JSON body is waited for, for it tells MCP where no header does. Behind a request with a
    chunked body, `chunks` steps over what of it is left.
    """

    def __init__(self, *, wait_for_body: bool = False) -> None:
        self._input = bytearray()
        self._is_request = False
        self._wait_for_body = wait_for_body
        self._request: Request | None = None
        self._body_at = 0
        self._body: bytearray | None = None
        self._parts: bytes | None = None  # what an ICAP head tells of the message that follows
        self.chunks: Chunks | None = None
        self.rest = b""

    def feed(self, data: bytes) -> Request | None:
        """Take the next bytes; the request, None where it is not whole yet, ValueError where it is none."""
        if self._request is not None and self._body is not None:
            return self._with_chunks(self._request, self._body, data)
        searched = max(0, len(self._input) - 3)
        self._input += data
        if self._request is not None:
            return self._with_body(self._request)
        end = self._end_of_head(searched)
        while end and self._unwrap(end):
            end = self._end_of_head(0)
        if end:
            return self._with_head(end)
        if len(self._input) > MAX_HEAD:
            error = "a request head without end"
            raise ValueError(error)
        return None

    def give_up(self) -> Request | None:
        """Read the whole lines of a request whose end was not captured; None where they are too few."""
        if self._request is not None:
            return self._request
        cut = self._input.rfind(b"\n") + 1
        return parse_head(bytes(self._input[:cut])) if self._is_request and cut else None

    def without_body(self) -> Request | None:
        """Give the request whose head is whole and whose body is waited for; None where there is none."""
        return self._request

    def held(self) -> int:
        """Count the bytes kept."""
        return len(self._input) + len(self._body or b"")

    def _end_of_head(self, searched: int) -> int | None:
        """Give where the head ends, None where its end has not come."""
        if self._input and not self._is_request:
            self._check_start()
        end = _END.search(self._input, searched) if self._is_request else None
        return end.end() if end else None

    def _unwrap(self, end: int) -> bool:
        """Step over an ICAP head; say whether it was one."""
        if not _ICAP.match(self._input):
            return False
        self._parts = _fields(bytes(self._input[:end])).get(b"encapsulated", b"")
        self._is_request = False
        del self._input[:end]
        return True

    def _with_head(self, end: int) -> Request | None:
        head = bytes(self._input[:end])
        self._request, self._body_at = parse_head(head), end
        if self._parts is not None:  # bodies in ICAP are chunked, whatever the request says (RFC 3507 section 4.4.1)
            self._request = replace(self._request, body=0, is_chunked=b"req-body" in self._parts)
        is_wanted = self._wait_for_body and self._request.protocol is None and _is_short_json(self._request, head)
        self.rest = bytes(self._input[end:])
        if self._request.is_chunked:
            self._body = bytearray() if is_wanted else None
            self.chunks = Chunks(self._body)
        if self._body is not None:
            return self._with_chunks(self._request, self._body, self.rest)
        return self._with_body(self._request) if is_wanted else self._request

    def _with_body(self, request: Request) -> Request | None:
        if len(self._input) < self._body_at + request.body:
            return None
        self.rest = bytes(self._input[self._body_at :])
        return replace(request, protocol=MCP if is_mcp(self.rest[: request.body]) else None)

    def _with_chunks(self, request: Request, body: bytearray, data: bytes) -> Request | None:
        """Keep the beginning of a chunked body; the request is given without it where the body is broken."""
        try:
            rest = self.chunks.feed(data) if self.chunks else data
        except ValueError:
            rest = b""
        if rest is None and len(body) < MAX_JSON:
            return None
        self.rest = rest or b""
        if rest is not None:
            self.chunks = None
        return replace(request, protocol=MCP if is_mcp(bytes(body)) else None)

    def _check_start(self) -> None:
        # Empty lines in front of a request are passed over (RFC 9112 section 2.2).
        if self._input.startswith((b"\r", b"\n")):
            self._input = self._input.lstrip(b"\r\n")
        if self._input.find(b"\n", 0, MAX_LINE) >= 0:
            if not _ICAP.match(self._input):
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
    fields = _fields(head)
    agent = fields.get(b"user-agent")
    is_chunked = fields.get(b"transfer-encoding", b"").lower().endswith(b"chunked")
    return Request(
        method=method.decode("ascii"),
        path=target_path(_text(target)),
        host=(target if method == b"CONNECT" else fields.get(b"host") or _authority(target)) or None,
        user_agent=_text(agent) if agent else None,
        body=0 if is_chunked else _length(fields.get(b"content-length", b"")),
        protocol=MCP if any(name in fields for name in _MCP_HEADERS) else None,
        is_chunked=is_chunked,
        is_absolute=target.lower().startswith(b"http://"),
        tenant=tenant_of(fields),
    )


def tenant_of(fields: Mapping[bytes, bytes]) -> str | None:
    """Give whose accounts alone the network lets through, of header fields by their names in lower case."""
    return next((_text(fields[name]) for name in _TENANT_HEADERS if fields.get(name)), None)


def target_path(target: str) -> str | None:
    """Give path and query of a request target; a CONNECT's authority has none, an absolute URL loses its front."""
    absolute = _ABSOLUTE.match(target)
    path = target[absolute.end() :] if absolute else target
    if absolute and not path.startswith("/"):
        path = "/" + path
    return path if path.startswith(("/", "*")) else None


def is_mcp(body: bytes) -> bool:
    """Say whether a body is a message of a client of the Model Context Protocol, or a batch of such (JSON-RPC 2.0)."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return any(map(_is_mcp_message, value[:MAX_BATCH] if isinstance(value, list) else [value]))


def _is_mcp_message(message: Any) -> bool:  # noqa: ANN401  # JSON from the wire may be anything
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
        return False
    method, params = message.get("method"), message.get("params")
    if not isinstance(params, dict):
        params = {}
    if method == "initialize":  # the Language Server Protocol has one too, but without a version
        return isinstance(params.get("protocolVersion"), str) and isinstance(params.get("clientInfo"), dict)
    meta = params.get("_meta")
    return (isinstance(method, str) and method in _MCP_METHODS) or (isinstance(meta, dict) and _MCP_META in meta)


class Chunks:
    """Steps over a chunked body (RFC 9112 section 7.1) as its bytes come in; `body` takes the first 64 KiB of it."""

    def __init__(self, body: bytearray | None = None) -> None:
        self._body = body
        self._line = bytearray()
        self._skip = 0
        self._in_trailers = False
        self._after_chunk = False

    def feed(self, data: bytes) -> bytes | None:
        """Take the next bytes; what follows the body, None where that goes on, ValueError where it is broken."""
        at = 0
        while at < len(data):
            if self._skip:
                step = min(self._skip, len(data) - at)
                self._skip -= step
                if self._body is not None and len(self._body) < MAX_JSON:
                    self._body += data[at : at + step]
                at += step
                continue
            end = data.find(b"\n", at)
            self._line += data[at : len(data) if end < 0 else end]
            if len(self._line) > MAX_CHUNK_LINE:
                error = "a chunk header without end"
                raise ValueError(error)
            if end < 0:
                return None
            at = end + 1
            if self._read_line():
                return data[at:]
        return None

    def held(self) -> int:
        """Count the bytes kept."""
        return len(self._line)

    def _read_line(self) -> bool:
        """Take a whole line; say whether it ends the body."""
        line = bytes(self._line).rstrip(b"\r")
        self._line.clear()
        if self._in_trailers:
            return not line
        if self._after_chunk:
            if line:
                error = "a chunk that is longer than it says"
                raise ValueError(error)
            self._after_chunk = False
            return False
        digits = line.partition(b";")[0].strip()
        if not _CHUNK.fullmatch(digits) or len(digits) > MAX_CHUNK_DIGITS:
            error = "no chunk length"
            raise ValueError(error)
        self._skip = int(digits, 16)
        self._in_trailers = self._skip == 0
        self._after_chunk = not self._in_trailers
        return False


class Body:
    """Steps over what is `left` of a body of a known length as its bytes come in."""

    def __init__(self, left: int) -> None:
        self.left = left

    def feed(self, data: bytes) -> bytes | None:
        """Take the next bytes; what follows the body, None where that goes on."""
        rest = data[self.left :]
        ends = self.left <= len(data)
        self.left -= min(self.left, len(data))
        return rest if ends else None

    def held(self) -> int:
        """Count the bytes kept: none."""
        return 0


def _fields(head: bytes) -> dict[bytes, bytes]:
    """Give the header fields, the first of each name; no space stands before the colon (RFC 9112 section 5.1)."""
    fields: dict[bytes, bytes] = {}
    for text in head.split(b"\n")[1:]:
        name, colon, value = text.partition(b":")
        if colon:
            fields.setdefault(name.lower(), value.strip())
    return fields


def _authority(target: bytes) -> bytes:
    """Give the authority of an absolute URL, as requests to a proxy have it (RFC 9112 section 3.2.2); else nothing."""
    absolute = _AUTHORITY.match(target)
    return absolute[1] if absolute else b""


def _is_short_json(request: Request, head: bytes) -> bool:
    if not (request.is_chunked or 0 < request.body <= MAX_JSON):
        return False
    kind = _fields(head).get(b"content-type", b"").partition(b";")[0].strip().lower()
    return kind == JSON


def _text(raw: bytes) -> str:
    return raw[:MAX_FIELD].decode("utf-8", "backslashreplace")


def _length(value: bytes) -> int:
    return int(value) if value.isdigit() and len(value) <= MAX_DIGITS else 0
