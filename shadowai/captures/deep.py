"""The deep reader: HTTP requests inside TLS and QUIC sessions whose secrets are at hand, by way of pyshark and tshark.

Secrets are a key log file as browsers and libraries write it where SSLKEYLOGFILE says, or a decryption-secrets block of
the capture itself, which tshark finds alone. This is slower than the fast path by far: for the odd capture of one
machine, not for the daily scan.

tshark decrypts, dissects HTTP/1, and HTTP/2 where it was built with nghttp2, as all usual packages are. HTTP/3 is read
here (see `http3`): only tshark from 4.2 on can decode its header blocks.
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pyshark
from pyshark.capture.capture import TSharkCrashException

from shadowai.captures.counting import reclassify
from shadowai.captures.dissected import Dissected, Layer, seen_in, value, values
from shadowai.captures.exchanges import Ends, Exchange
from shadowai.captures.http3 import Connection, Piece
from shadowai.captures.reader import read
from shadowai.captures.secrets import TSHARK_MISSING, has_tshark
from shadowai.errors import CaptureError, UsageError
from shadowai.model import Evidence, Hidden, Kind, Observation, Skip, Tally

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

HTTPS = 443  # port
MAX_BODY = 1 << 20  # bytes; a larger HTTP/2 body is not taken from tshark in one piece: its last frame is not counted
MAX_PORTS = 64  # server ports named in tshark's filter; with more, none is
MAX_CONNECTIONS = 4_096  # QUIC connections with HTTP/3 inside; what is more is counted as unread
FLOWS = frozenset({Evidence.TLS, Evidence.QUIC, Evidence.ADDRESS})  # evidence of flows in which requests can lie
_PREFERENCES = {
    # A body is stepped over rather than put together: requests are read when their head is whole, in little memory.
    "http.desegment_body": "FALSE",
    "http.decompress_body": "FALSE",
}


def read_deep(path: Path, *, name: str, tally: Tally, keylog: Path | None = None) -> Iterator[Observation]:
    """Give everything that `read` gives, and the HTTP requests inside TLS and QUIC that the secrets open.

    Body bytes of a request are taken off the contact of its flow, so that a byte counts once, where it went. UsageError
    where tshark or the key log file is missing; CaptureError where tshark gives up on a capture that the fast path
    found sound.
    """
    if not has_tshark():
        raise UsageError(TSHARK_MISSING)
    if keylog is not None and not keylog.is_file():
        message = "no such TLS key log file"
        raise UsageError(message, where=keylog)
    held: list[Observation] = []
    for observation in read(path, name=name, tally=tally):
        if observation.evidence in FLOWS:
            held.append(observation)
        else:
            yield observation
    # Without an encrypted flow there is no session to open.
    if not held:
        return
    try:
        exchanges = _exchanges(path, keylog, held, tally)
    except CaptureError as error:
        error.where = name
        yield from held
        raise
    yield from _merge(held, exchanges)


def _exchanges(path: Path, keylog: Path | None, flows: list[Observation], tally: Tally) -> list[Exchange]:
    """Have tshark read the capture, and collect the exchanges of all packets."""
    found = _Collector(frozenset((one.destination_ip, one.destination_port) for one in flows))
    secrets = {} if keylog is None else {"tls.keylog_file": str(keylog)}
    with _without_deprecations():
        capture = pyshark.FileCapture(
            str(path),
            display_filter=display_filter(flows),
            override_prefs={**_PREFERENCES, **secrets},
            disable_protocol="http3",
            custom_parameters=["-n"],
            keep_packets=False,
        )
    packets = iter(capture)
    failed: TSharkCrashException | None = None
    try:
        while (packet := _next(packets)) is not None:
            found.feed(packet)
    except TSharkCrashException as error:
        failed = error
    finally:
        _close(capture)
    # tshark ends with an error on a damaged file too, after giving what it could read: that is counted already.
    if failed is not None and not tally.broken:
        message = "tshark gave up reading the capture"
        raise CaptureError(message) from failed
    return found.finish(tally)


def display_filter(flows: Iterable[Observation]) -> str:
    """Write tshark's filter for the packets of interest: requests, heads of responses, bodies on their way up.

    Servers are told by the ports that the flows went to. What comes down is left out as far as possible, since each
    packet that passes is written out in full: of QUIC the first piece of each stream, and its one-way streams.
    """
    encrypted = (one for one in flows if one.evidence is not Evidence.ADDRESS or one.hidden is Hidden.NO_NAME)
    ports = {HTTPS, *(one.destination_port for one in encrypted if one.destination_port is not None)}
    few = sorted(ports) if len(ports) <= MAX_PORTS else []
    up = " || ".join(f"tcp.dstport == {port}" for port in few) or "tcp"
    not_down = " && ".join(f"udp.srcport != {port}" for port in few) or "udp"
    http2 = f"http2.headers.method || http2.headers.status || (http2.type == 0 && ({up}))"
    tls = f"tls && (http.request || http.response || {http2}) && !(http2.body.reassembled.length > {MAX_BODY})"
    quic = f"quic.stream_data && (({not_down}) || quic.stream.off == 0 || quic.stream.stream_id & 2)"
    return f"({tls}) || ({quic})"


@dataclass(slots=True)
class _Collector:
    """Takes tshark's packets one by one; `servers` are the ends that flows went to."""

    servers: frozenset[tuple[str | None, int | None]]
    dissected: Dissected = field(default_factory=Dissected)
    connections: dict[str, Connection] = field(default_factory=dict)
    unread: int = 0

    def feed(self, packet: Layer) -> None:
        self.dissected.feed(packet)
        for layer in packet.layers:
            if layer.layer_name == "quic":
                self._feed_quic(layer, packet)

    def finish(self, tally: Tally) -> list[Exchange]:
        """Give all exchanges, and count what was not read."""
        found = self.dissected.exchanges
        for connection in self.connections.values():
            found.extend(connection.finish())
        counts = {
            "http3-unreadable": sum(one.unreadable for one in self.connections.values()),
            "reassembly-dropped": self.unread + sum(one.dropped for one in self.connections.values()),
        }
        for reason, count in counts.items():
            if count:
                reclassify(tally, Skip(reason), count)
        return sorted(found, key=lambda one: one.seen.number)

    def _feed_quic(self, layer: Layer, packet: Layer) -> None:
        seen = seen_in(packet)
        is_client = seen.ends[2:] in self.servers
        if not is_client and seen.ends[:2] not in self.servers:
            self.unread += 1
            return
        number = value(layer, "connection_number") or ""
        if number not in self.connections and len(self.connections) >= MAX_CONNECTIONS:
            self.unread += 1
            return
        connection = self.connections.setdefault(number, Connection())
        for piece in stream_pieces(layer, is_client=is_client):
            self.dissected.exchanges.extend(connection.feed(piece, seen))


def stream_pieces(layer: Layer, *, is_client: bool) -> Iterator[Piece]:
    """Give the STREAM frames of a QUIC packet (RFC 9000 section 19.8).

    tshark lists each field over all frames: an offset only where the frame has one, data only where there are any.
    """
    names = ("stream_stream_id", "stream_off", "stream_len", "stream_offset", "stream_length", "stream_data")
    numbers, with_offset, with_length, *rest = (values(layer, name) for name in names)
    offsets, lengths, data = map(iter, rest)
    for number, has_offset, has_length in zip(numbers, with_offset, with_length, strict=False):
        offset = next(offsets, "0") if has_offset in ("1", "True") else "0"
        is_empty = has_length in ("1", "True") and next(lengths, "0") == "0"
        content = "" if is_empty else next(data, "").replace(":", "")
        with suppress(ValueError):  # text that is no number, or no hex, of a tshark to come
            yield Piece(int(number), int(offset), bytes.fromhex(content), is_client)


def _merge(flows: list[Observation], exchanges: list[Exchange]) -> Iterator[Observation]:
    """Give requests and the contacts of their flows, which keep the bytes that no request accounts for."""
    inside: dict[Ends, list[Exchange]] = defaultdict(list)
    for exchange in exchanges:
        inside[exchange.seen.ends].append(exchange)
    for flow in flows:
        ends = _ends(flow)
        if ends is not None and flow.bytes_up is not None and ends in inside:
            up, down = _share_out(inside[ends], flow.bytes_up, flow.bytes_down or 0)
            yield replace(flow, bytes_up=up, bytes_down=None if flow.bytes_down is None else down)
        else:
            yield flow
    blank = Observation(Evidence.HTTP, Kind.CAPTURE, flows[0].dataset, flows[0].file)
    yield from (_request(exchange, blank) for exchange in exchanges)


def _share_out(exchanges: Iterable[Exchange], up: int, down: int) -> tuple[int, int]:
    """Take the exchanges' bytes off those of their flow; give what is left.

    A request cannot have sent more than its flow: what a head announces and the capture no longer holds does not count.
    """
    for one in exchanges:
        if one.up is not None:
            one.up = min(one.up, up)
            up -= one.up
        if one.down is not None:
            one.down = min(one.down, down)
            down -= one.down
    return up, down


def _ends(flow: Observation) -> Ends | None:
    ends = (flow.source_ip, flow.source_port, flow.destination_ip, flow.destination_port)
    if ends[0] is None or ends[1] is None or ends[2] is None or ends[3] is None:
        return None
    return Ends(ends[0], ends[1], ends[2], ends[3])


def _request(exchange: Exchange, blank: Observation) -> Observation:
    return replace(
        blank,
        host=exchange.host,
        time=exchange.seen.time,
        source_ip=exchange.seen.ends.source_ip,
        source_port=exchange.seen.ends.source_port,
        destination_ip=exchange.seen.ends.destination_ip,
        destination_port=exchange.seen.ends.destination_port,
        path=exchange.path,
        method=exchange.method,
        user_agent=exchange.user_agent,
        tenant=exchange.tenant,
        bytes_up=exchange.up,
        bytes_down=exchange.down,
        packet=exchange.seen.number,
    )


def _next(packets: Iterator[Any]) -> Any:  # noqa: ANN401  # pyshark is untyped
    with _without_deprecations():
        return next(packets, None)


@contextmanager
def _without_deprecations() -> Iterator[None]:
    """Silence what pyshark does not do the way of today's asyncio: that is not the user's concern."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


def _close(capture: Any) -> None:  # noqa: ANN401  # pyshark is untyped
    """Close a pyshark capture, also one whose tshark ended with an error.

    pyshark would raise that error again here, and once more when the capture is deleted, as long as it has the process
    on its list.
    """
    with suppress(TSharkCrashException):
        capture.close()
    getattr(capture, "_running_processes", set()).clear()
