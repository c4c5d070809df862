"""The deep reader: HTTP requests inside TLS sessions whose secrets are at hand, by way of pyshark and tshark.

Secrets are a key log file as browsers and libraries write it where SSLKEYLOGFILE says. This is slower than the fast
path by far: for the odd capture of one machine, not for the daily scan.
"""

from __future__ import annotations

import shutil
import warnings
from contextlib import contextmanager, suppress
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyshark
from pyshark.capture.capture import TSharkCrashException

from shadowai.captures.http import MAX_FIELD, target_path
from shadowai.captures.names import host_of_authority
from shadowai.captures.reader import read
from shadowai.errors import CaptureError, UsageError
from shadowai.model import SECOND, Evidence, Kind, Observation, Tally

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REQUESTS = "tls && (http.request || http2.headers.method)"  # tshark display filter
_FIELDS = {
    "http": ("request_method", "request_uri", "host", "user_agent"),
    "http2": ("headers_method", "headers_path", "headers_authority", "headers_user_agent"),
}
"""Layer -> its fields for method, target, host and user agent, as pyshark spells them."""


def read_deep(path: Path, *, name: str, tally: Tally, secrets: Path) -> Iterator[Observation]:
    """Give everything that `read` gives, then the HTTP/1 and HTTP/2 requests inside TLS that the secrets open.

    The latter have no byte counts: the TLS contact of their flow has them. UsageError where tshark or the key log file
    is missing; CaptureError where tshark gives up on a capture that the fast path found sound.
    """
    if shutil.which("tshark") is None:
        message = "tshark is not installed: install Wireshark's command-line tools, or scan without TLS secrets"
        raise UsageError(message)
    if not secrets.is_file():
        message = "no such TLS key log file"
        raise UsageError(message, where=secrets)
    dataset = ""
    for observation in read(path, name=name, tally=tally):
        dataset = observation.dataset
        yield observation
    # Without one contact on the fast path there is no ClientHello, and so no session to open.
    if dataset:
        yield from _requests(path, secrets, Observation(Evidence.HTTP, Kind.CAPTURE, dataset, name), tally)


def _requests(path: Path, secrets: Path, blank: Observation, tally: Tally) -> Iterator[Observation]:
    with _without_deprecations():
        capture = pyshark.FileCapture(
            str(path),
            display_filter=REQUESTS,
            override_prefs={"tls.keylog_file": str(secrets)},
            custom_parameters=["-n"],
            keep_packets=False,
        )
    packets = iter(capture)
    try:
        while (packet := _next(packets)) is not None:
            yield from _packet_requests(packet, blank)
    except TSharkCrashException as error:
        # tshark ends with an error on a damaged file too, after giving what it could read: that is counted already.
        if not tally.broken:
            message = "tshark gave up reading the capture"
            raise CaptureError(message, where=blank.file) from error
    finally:
        _close(capture)


def _next(packets: Iterator[Any]) -> Any:  # noqa: ANN401 - pyshark is untyped
    with _without_deprecations():
        return next(packets, None)


@contextmanager
def _without_deprecations() -> Iterator[None]:
    """Silence what pyshark does not do the way of today's asyncio: that is not the user's concern."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


def _close(capture: Any) -> None:  # noqa: ANN401 - pyshark is untyped
    """Close a pyshark capture, also one whose tshark ended with an error.

    pyshark would raise that error again here, and once more when the capture is deleted, as long as it has the process
    on its list.
    """
    with suppress(TSharkCrashException):
        capture.close()
    getattr(capture, "_running_processes", set()).clear()


def _packet_requests(packet: Any, blank: Observation) -> Iterator[Observation]:  # noqa: ANN401 - pyshark is untyped
    names = [layer.layer_name for layer in packet.layers]
    begin = names.index("tls") if "tls" in names else len(names)
    for layer in packet.layers[begin:]:
        if layer.layer_name in _FIELDS:
            method, target, authority, agent = (layer.get(name) for name in _FIELDS[layer.layer_name])
            host = host_of_authority(str(authority).encode()) if authority else None
            if method and host:
                yield _request(packet, blank, (host, str(method), _text(target), _text(agent)))


def _request(packet: Any, blank: Observation, said: tuple[str, str, str | None, str | None]) -> Observation:  # noqa: ANN401 - pyshark is untyped
    host, method, target, agent = said
    network = [layer for layer in packet.layers if layer.layer_name in ("ip", "ipv6")][-1]
    transport = [layer for layer in packet.layers if layer.layer_name == "tcp"][-1]
    return Observation(
        evidence=blank.evidence,
        kind=blank.kind,
        dataset=blank.dataset,
        file=blank.file,
        host=host,
        time=int(Decimal(str(packet.sniff_timestamp)) * SECOND),
        source_ip=str(network.src),
        source_port=int(transport.srcport),
        destination_ip=str(network.dst),
        destination_port=int(transport.dstport),
        path=target_path(target) if target else None,
        method=method,
        user_agent=agent,
        packet=int(packet.number),
    )


def _text(field: object) -> str | None:
    return str(field)[:MAX_FIELD] if field else None
