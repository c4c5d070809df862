"""HTTP/1 and HTTP/2 as tshark dissects them, by way of pyshark's layers: requests and the sizes of their bodies."""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from typing import Any, TypeAlias

from shadowai.captures.exchanges import Ends, Exchange, Seen, exchange_of, number_or_none, response_bytes
from shadowai.model import SECOND
from shadowai.tenant_headers import TENANT_HEADERS

Layer: TypeAlias = Any  # pyshark is untyped: a layer, or a packet, which has `layers`
DATA = "0"  # HTTP/2 frame type as tshark writes it
YES = {"1", "True"}  # a flag that is set, in tshark 4.0 and 4.2


class Dissected:
    """Collects the exchanges of HTTP/1 and HTTP/2 connections, packet by packet, in `exchanges`."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self._waiting: dict[str, deque[Exchange]] = {}  # HTTP/1 requests without their response, by connection
        self._streams: dict[tuple[str, str], Exchange] = {}  # HTTP/2, by connection and stream

    def feed(self, packet: Layer) -> None:
        """Read a packet's layers from TLS on."""
        names = [layer.layer_name for layer in packet.layers]
        if "tls" not in names:
            return
        seen = seen_in(packet)
        tcp = next((layer for layer in reversed(packet.layers) if layer.layer_name == "tcp"), None)
        connection = value(tcp, "stream") or ""
        for layer in packet.layers[names.index("tls") :]:
            if layer.layer_name == "http":
                self._http1(connection, layer, seen)
            elif layer.layer_name == "http2":
                self._http2(connection, layer, seen)

    def _http1(self, connection: str, layer: Layer, seen: Seen) -> None:
        """Read an HTTP/1 message; responses come in the order of their requests (RFC 9112 section 9.3.2)."""
        waiting = self._waiting.setdefault(connection, deque())
        exchange = exchange_of(seen, _http1_request(layer))
        if exchange is not None:
            exchange.up = _body(layer, without=0)
            self.exchanges.append(exchange)
            waiting.append(exchange)
            return
        status = value(layer, "response_code")
        if status is not None and not status.startswith("1") and waiting:
            asked = waiting.popleft()
            asked.down = response_bytes(status, asked.method, _body(layer, without=None))

    def _http2(self, connection: str, layer: Layer, seen: Seen) -> None:
        """Read an HTTP/2 frame: DATA of a request is counted, HEADERS begin a request or a response."""
        key = (connection, value(layer, "streamid") or "")
        asked = self._streams.get(key)
        status = value(layer, "headers_status")
        if asked is None:
            exchange = exchange_of(seen, _http2_request(layer))
            if exchange is not None:
                exchange.up = 0 if value(layer, "flags_end_stream") in YES else None
                self._streams[key] = exchange
                self.exchanges.append(exchange)
        elif value(layer, "type") == DATA:
            if seen.ends == asked.seen.ends:
                asked.up = (asked.up or 0) + _data_bytes(layer)
        elif status is not None and not status.startswith("1"):
            told = number_or_none(value(layer, "headers_content_length"))
            asked.down = response_bytes(status, asked.method, told)


def seen_in(packet: Layer) -> Seen:
    """Say which packet it is, when it was seen, and whence it went where: the innermost addresses of a tunnel."""
    network = [layer for layer in packet.layers if layer.layer_name in ("ip", "ipv6")][-1]
    transport = [layer for layer in packet.layers if layer.layer_name in ("tcp", "udp")][-1]
    ends = Ends(str(network.src), int(transport.srcport), str(network.dst), int(transport.dstport))
    return Seen(int(packet.number), int(Decimal(str(packet.sniff_timestamp)) * SECOND), ends)


def value(layer: Layer, name: str) -> str | None:
    """Give a field's first value as text; None where the layer has it not, or empty."""
    return next(iter(values(layer, name)), None) or None


def values(layer: Layer, name: str) -> list[str]:
    """Give all values of a field, in the order of the packet."""
    found = layer.get_field(name) if layer is not None else None
    return [] if found is None else [str(one.show or "") for one in found.all_fields]


def _http1_request(layer: Layer) -> dict[str, str]:
    """Give a request's fields under the names of HTTP/2; empty for a response."""
    names = {":method": "request_method", ":path": "request_uri", "host": "host", "user-agent": "user_agent"}
    fields = {name: text for name, field in names.items() if (text := value(layer, field))}
    lines = (line.partition(":") for line in values(layer, "request_line")) if fields else ()
    return fields | {name.lower(): text.strip() for name, _, text in lines if name.lower() in TENANT_HEADERS}


def _http2_request(layer: Layer) -> dict[str, str]:
    names = {":method": "method", ":path": "path", ":authority": "authority", "user-agent": "user_agent"}
    fields = {name: text for name, field in names.items() if (text := value(layer, f"headers_{field}"))}
    if fields:
        # RFC 9113 section 8.3.1: without an authority the host field says it.
        others = TENANT_HEADERS if ":authority" in fields else (*TENANT_HEADERS, "host")
        pairs = zip(values(layer, "header_name"), values(layer, "header_value"), strict=False)
        fields.update((name, text) for name, text in pairs if name in others)
    return fields


def _body(layer: Layer, *, without: int | None) -> int | None:
    """Give the size of an HTTP/1 body by its chunks or its announced length; `without` either, that is.

    None where not all chunks came in one TLS record: tshark then counts the first ones only.
    """
    if "chunked" in (value(layer, "transfer_encoding") or "").lower():
        sizes = [number_or_none(size) for size in values(layer, "chunk_size")]
        whole = [size for size in sizes if size is not None]
        return sum(whole) if whole and len(whole) == len(sizes) and whole[-1] == 0 else None
    told = number_or_none(value(layer, "content_length_header"))
    return without if told is None else told


def _data_bytes(layer: Layer) -> int:
    """Count the content of a DATA frame: its length without padding (RFC 9113 section 6.1)."""
    length = number_or_none(value(layer, "length")) or 0
    if value(layer, "flags_padded") in YES:
        length -= 1 + (number_or_none(value(layer, "pad_length")) or 0)
    return max(0, length)
