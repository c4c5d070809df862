"""The capture formats as `shadowai formats` lists them, beside the log formats."""

from __future__ import annotations

from dataclasses import dataclass

from shadowai.model import Kind

_FIELDS = (
    "time",
    "source_ip",
    "source_port",
    "host",
    "path",
    "destination_ip",
    "destination_port",
    "bytes_up",
    "bytes_down",
    "user_agent",
    "method",
)


@dataclass(frozen=True, slots=True)
class CaptureFormat:
    """A capture format: its id, name, the document that defines it, and which observation fields it can fill."""

    id: str
    name: str
    document: str
    kind: Kind = Kind.CAPTURE
    evidence: str = "address, dns, http, proxy, quic, tls"
    fields: tuple[str, ...] = _FIELDS


CAPTURE_FORMATS = (
    CaptureFormat("pcap", "Packet capture", "https://datatracker.ietf.org/doc/draft-ietf-opsawg-pcap/"),
    CaptureFormat(
        "pcapng", "Packet capture, next generation", "https://datatracker.ietf.org/doc/draft-ietf-opsawg-pcapng/"
    ),
)
