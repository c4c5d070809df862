"""Packet captures to observations: pcap and pcapng, link layers and tunnels, TCP and QUIC reassembly, DNS, TLS, HTTP.

`read` is the fast path; `read_deep` also looks inside TLS sessions whose secrets are at hand; `recognise` tells the
format.
"""

from shadowai.captures.container import recognise
from shadowai.captures.deep import read_deep
from shadowai.captures.reader import read

__all__ = ["read", "read_deep", "recognise"]
