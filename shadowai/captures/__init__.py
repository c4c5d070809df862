"""Packet captures to observations: pcap and pcapng, link layers and tunnels, TCP and QUIC reassembly, DNS, TLS, HTTP.

`read` is the fast path, `recognise` tells the format. `deep.read_deep` also looks inside TLS sessions whose secrets are
at hand; it is not imported here, since it brings pyshark with it.
"""

from shadowai.captures.container import recognise
from shadowai.captures.reader import read

__all__ = ["read", "recognise"]
