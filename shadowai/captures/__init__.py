"""Packet captures to observations: pcap and pcapng, link layers and tunnels, TCP and QUIC reassembly, DNS, TLS, HTTP.

`read` is the fast path, `recognise` tells the format; `cut`, `read_part` and `fit` read big captures in parts, whose
ledgers are put together; `edges.edges` looks at both ends of a file. `deep.read_deep` also looks inside TLS and QUIC
sessions whose secrets are at hand, `live.record` captures from an interface; they are not imported here, since they
bring pyshark and scapy with them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shadowai.captures.container import Part, recognise
    from shadowai.captures.ledger import Ledger
    from shadowai.captures.parts import cut, fit
    from shadowai.captures.reader import read, read_part
    from shadowai.captures.secrets import TSHARK_MISSING, has_secrets, has_tshark

__all__ = [
    "TSHARK_MISSING",
    "Ledger",
    "Part",
    "cut",
    "fit",
    "has_secrets",
    "has_tshark",
    "read",
    "read_part",
    "recognise",
]

_MODULES = {
    "container": ("Part", "recognise"),
    "ledger": ("Ledger",),
    "parts": ("cut", "fit"),
    "reader": ("read", "read_part"),
    "secrets": ("TSHARK_MISSING", "has_secrets", "has_tshark"),
}
_PLACES = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> object:
    """Import a name when it is first asked for: reading logs, in every worker, needs none of the 0.25 s of this."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(importlib.import_module(f"{__name__}.{_PLACES[name]}"), name)
    globals()[name] = value
    return value
