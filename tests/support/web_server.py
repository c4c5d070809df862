"""A web server that behaves as web servers do: with and without parts of files, sizes, breaks, refusals, passwords."""

from __future__ import annotations

import base64
import email.utils
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from support.archive_writers import WHEN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass
class Web:
    """What the server has and how it behaves; `gets` lists the ranges that were asked for, `user` has `name:password`.

    `breaks` counts answers that break off in their middle, `refusals` lists the statuses of the next answers.
    """

    content: dict[str, bytes] = field(default_factory=dict)
    url: str = ""
    has_ranges: bool = True
    tells_size: bool = True
    breaks: int = 0
    refusals: list[int] = field(default_factory=list)
    user: str | None = None
    etag: str = "1"
    gets: list[str] = field(default_factory=list)
    on_get: Callable[[], None] = lambda: None


class _Server(ThreadingHTTPServer):
    def __init__(self, web: Web) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.web = web


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *_arguments: object) -> None:
        """Be quiet."""

    def do_HEAD(self) -> None:
        if (data := self._allowed()) is not None:
            self._begin(data)

    def do_GET(self) -> None:
        web = self.server.web
        web.gets.append(self.headers.get("Range", ""))
        if web.refusals:
            self._end(web.refusals.pop(0))
        elif (data := self._allowed()) is not None:
            piece = self._begin(data)
            self.close_connection = self.close_connection or web.breaks > 0
            self.wfile.write(piece[: len(piece) // 2] if web.breaks else piece)
            web.breaks = max(web.breaks - 1, 0)
        web.on_get()

    def _allowed(self) -> bytes | None:
        web = self.server.web
        expected = "Basic " + base64.b64encode((web.user or "").encode()).decode()
        data = web.content.get(self.path.partition("?")[0])
        if web.user and self.headers.get("Authorization") != expected:
            self._end(401)
            return None
        if data is None:
            self._end(404)
        return data

    def _end(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _begin(self, data: bytes) -> bytes:
        web = self.server.web
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", "")) if web.has_ranges else None
        piece = data[int(asked[1]) : int(asked[2]) + 1] if asked else data
        self.send_response(206 if asked else 200)
        if asked:
            self.send_header("Content-Range", f"bytes {asked[1]}-{int(asked[1]) + len(piece) - 1}/{len(data)}")
        size = ("Content-Length", str(len(piece))) if web.tells_size else ("Connection", "close")
        self.send_header(*size)
        self.send_header("ETag", web.etag)
        self.send_header("Last-Modified", email.utils.formatdate(WHEN, usegmt=True))
        self.end_headers()
        return piece


@contextmanager
def serving() -> Iterator[Web]:
    """Serve on a port of this machine; what is set in the result holds from the next request on."""
    web = Web()
    with _Server(web) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        web.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield web
        finally:
            server.shutdown()
            thread.join()
