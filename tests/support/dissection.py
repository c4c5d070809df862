"""scapy's reading of frames, one at a time: the innermost IP packet with TCP or UDP in it, to hold the fast path to.

Teredo (RFC 4380), CAPWAP data (RFC 5415), LISP (RFC 9300), GRE and MPLS in UDP (RFC 8086, 7510), which scapy does not
know, are opened here.
"""

from __future__ import annotations

import importlib
import struct
import warnings
from functools import cache
from typing import Any

VERSION_4, VERSION_6 = 4, 6

MAX_NESTING = 8  # times that a datagram is opened
MAX_LAYERS = 64  # scapy layers looked at in one packet
MAX_LENGTH = 65_575  # bytes handed to scapy: the largest IP packet and its link header
LAYERS = ("l2", "inet", "inet6", "ppp", "vxlan", "dot11", "l2tp", "pptp", "gprs", "tuntap", "usb", "bluetooth4LE")
CONTRIB = ("mpls", "geneve", "erspan", "gtp", "nsh", "chdlc", "tzsp", "macsec")

TEREDO, CAPWAP, LISP, MPLS, GRE = 3544, 5247, 4341, 6635, (4754,)
TEREDO_LENGTHS = 4  # bytes of an authentication indication up to its lengths
CAPWAP_HEADER = 8  # bytes, at the least
TEREDO_ORIGIN, TEREDO_AUTH = b"\0\0", b"\0\1"
DOT11_DATA = 0x08  # type and version bits of a data frame

# What scapy's dissectors raise on hostile bytes.
_FAULTS = (
    struct.error,
    ArithmeticError,
    AttributeError,
    AssertionError,
    LookupError,
    NotImplementedError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
)


@cache
def _scapy() -> Any:
    """Import scapy's dissectors once, and give its configuration module."""
    with warnings.catch_warnings():
        # scapy names ciphers that cryptography has deprecated.
        warnings.simplefilter("ignore")
        for name in LAYERS:
            importlib.import_module(f"scapy.layers.{name}")
        for name in CONTRIB:
            importlib.import_module(f"scapy.contrib.{name}")
        return importlib.import_module("scapy.all")


def innermost(link: int, frame: bytes) -> bytes | None:
    """Give the innermost IP packet with TCP or UDP of a frame; None where there is none."""
    kinds = _scapy().conf.l2types.num2layer
    return _innermost(kinds[link], frame) if link in kinds else None


def _innermost(kind: Any, data: bytes) -> bytes | None:
    best = None
    for _ in range(MAX_NESTING):
        layers = _layers(kind, data[:MAX_LENGTH])
        found = _deepest(layers)
        if found is None:
            break
        best, datagram = found
        carried = _carried(datagram) if datagram is not None else None
        if carried is None:
            break
        kind, data = carried
    return best


def _layers(kind: Any, data: bytes) -> list[Any]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            layer = kind(data)
    except _FAULTS:
        return []
    layers: list[Any] = []
    while layer and len(layers) < MAX_LAYERS:
        layers.append(layer)
        layer = layer.payload
    return layers


def _deepest(layers: list[Any]) -> tuple[bytes, Any] | None:
    """Give the last IP layer that carries TCP or UDP as bytes, and its UDP layer if that is what it carries."""
    scapy = _scapy()
    found, packet = None, None
    for layer in layers:
        kind = type(layer)
        if kind in (scapy.IP, scapy.IPv6):
            packet = layer
        elif kind in (scapy.TCP, scapy.UDP) and packet is not None:
            found = bytes(packet.original), layer if kind is scapy.UDP else None
    return found


def _carried(datagram: Any) -> tuple[Any, bytes] | None:
    """Give what a datagram of a tunnel that scapy does not know carries: scapy's class for it, and its bytes."""
    scapy = _scapy()
    ports = {datagram.sport, datagram.dport}
    payload = bytes(datagram.original)[8:]
    if TEREDO in ports:
        return _teredo(payload)
    if CAPWAP in ports:
        return _capwap(payload)
    if LISP in ports:
        return _by_version(payload[8:])
    if MPLS in ports:
        return scapy.MPLS, payload
    return (scapy.GRE, payload) if ports & set(GRE) else None


def _by_version(packet: bytes) -> tuple[Any, bytes] | None:
    scapy = _scapy()
    version = packet[0] >> 4 if packet else 0
    if version not in (VERSION_4, VERSION_6):
        return None
    return (scapy.IP if version == VERSION_4 else scapy.IPv6), packet


def _teredo(payload: bytes) -> tuple[Any, bytes] | None:
    """Step over Teredo's authentication and origin indications (RFC 4380 section 5.1.1)."""
    if payload[:2] == TEREDO_AUTH and len(payload) >= TEREDO_LENGTHS:
        payload = payload[13 + payload[2] + payload[3] :]
    if payload[:2] == TEREDO_ORIGIN:
        payload = payload[8:]
    found = _by_version(payload)
    return found if found and payload[0] >> 4 == VERSION_6 else None


def _capwap(payload: bytes) -> tuple[Any, bytes] | None:
    """Step over the CAPWAP header (RFC 5415 section 4.3); fragments and DTLS stay closed."""
    if len(payload) < CAPWAP_HEADER or payload[0] != 0:
        return None
    (bits,) = struct.unpack_from(">I", payload, 0)
    length, native, fragment = ((bits >> 19) & 31) * 4, (bits >> 8) & 1, (bits >> 7) & 1
    if fragment or length < CAPWAP_HEADER:
        return None
    scapy = _scapy()
    frame = payload[length:]
    if not native:
        return scapy.Ether, frame
    # Some access points send the two bytes of the frame control field the wrong way round: then the flags come first.
    if len(frame) > 1 and not _is_data(frame[0]) and _is_data(frame[1]):
        frame = frame[1::-1] + frame[2:]
    return scapy.Dot11, frame


def _is_data(first: int) -> bool:
    """Say whether the first byte of an 802.11 header tells of a data frame of version 0."""
    return first & 0x0F == DOT11_DATA
