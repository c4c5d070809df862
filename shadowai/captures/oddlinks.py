"""Frames of link types that `layers` does not know, dissected by scapy one at a time: the first IP packet in them.

It is slow (a millisecond a frame) and rare (Ethernet with its preamble, 802.15.4, USB, ...). scapy is imported on first
use: most captures never need it, and it takes half a second.
"""

from __future__ import annotations

import importlib
import struct
import warnings
from collections import Counter
from functools import cache
from typing import Any

MAX_VAIN = 5_000  # frames of a link type in a row that hold no IP, until it is given up
MAX_LAYERS = 64  # scapy layers looked at in one packet
MAX_LENGTH = 65_575  # bytes handed to scapy: the largest IP packet and its link header
LAYERS = ("l2", "inet", "inet6", "ppp", "dot11", "usb", "bluetooth", "bluetooth4LE", "dot15d4", "sixlowpan")

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
def _scapy() -> Any:  # noqa: ANN401  # scapy is untyped
    """Import scapy's dissectors once, and give its configuration module."""
    with warnings.catch_warnings():
        # scapy names ciphers that cryptography has deprecated.
        warnings.simplefilter("ignore")
        # scapy asks for this choice on standard error, where a scan has nothing of the kind to say.
        importlib.import_module("scapy.config").conf.dot15d4_protocol = "sixlowpan"
        for name in LAYERS:
            importlib.import_module(f"scapy.layers.{name}")
        return importlib.import_module("scapy.all")


class OddLinks:
    """The link types of one capture that are scapy's; one that never holds IP is given up, for it would take hours."""

    def __init__(self) -> None:
        self._vain: Counter[int] = Counter()

    def knows(self, link: int) -> bool:
        """Say whether frames of a LINKTYPE can be dissected, and are still worth it."""
        return self._vain[link] < MAX_VAIN and link in _scapy().conf.l2types.num2layer

    def open(self, link: int, frame: bytes) -> bytes | None:
        """Give the first IP packet in a frame of a known LINKTYPE; None where there is none."""
        packet = _first_packet(_scapy().conf.l2types.num2layer[link], frame)
        self._vain[link] = self._vain[link] + 1 if packet is None else 0
        return packet


def _first_packet(kind: Any, frame: bytes) -> bytes | None:  # noqa: ANN401  # scapy is untyped
    scapy = _scapy()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            layer = kind(frame[:MAX_LENGTH])
    except _FAULTS:
        return None
    for _ in range(MAX_LAYERS):
        if not layer:
            break
        if type(layer) in (scapy.IP, scapy.IPv6):
            return bytes(layer.original)
        layer = layer.payload
    return None
