"""Packet captures to observations: pcap and pcapng, link layers and tunnels, TCP and QUIC reassembly, DNS, TLS, HTTP.

`read` is the fast path, `recognise` tells the format; `cut`, `read_part` and `fit` read big captures in parts, whose
ledgers are put together; `edges` looks at both ends of a file. `deep.read_deep` also looks inside TLS and QUIC
sessions whose secrets are at hand, `live.record` captures from an interface; they are not imported here, since they
bring pyshark and scapy with them.
"""

from shadowai.captures.container import Part, recognise
from shadowai.captures.edges import Edges, edges
from shadowai.captures.ledger import Ledger
from shadowai.captures.parts import cut, fit
from shadowai.captures.reader import read, read_part
from shadowai.captures.secrets import TSHARK_MISSING, has_secrets, has_tshark

__all__ = [
    "TSHARK_MISSING",
    "Edges",
    "Ledger",
    "Part",
    "cut",
    "edges",
    "fit",
    "has_secrets",
    "has_tshark",
    "read",
    "read_part",
    "recognise",
]
