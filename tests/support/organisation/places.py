"""The networks of the made-up organisation, and what stands behind their addresses."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from support.organisation.clock import HOUR


@dataclass(frozen=True)
class Site:
    """A place with a DHCP server, or a VPN pool: the addresses it hands out, and for how long (ns).

    `releases` is the share of the stays after which a device gives its address back; else it waits for the end of the
    lease. `renews` says whether a device asks again after half the time.
    """

    name: str
    prefix: str
    lease: int
    releases: float
    renews: bool = True

    def addresses(self, count: int) -> list[str]:
        """Give the first addresses of the pool."""
        return [f"{self.prefix}.{1 + number // 200}.{20 + number % 200}" for number in range(count)]


SITES = {
    "hq": Site("hq", "10.10", 4 * HOUR, 0.8),
    "branch": Site("branch", "10.20", HOUR, 0.0),
    "works": Site("works", "10.30", 24 * HOUR, 0.8, renews=False),
    "vpn": Site("vpn", "10.40", 24 * HOUR, 1.0, renews=False),
    "guest": Site("guest", "10.99", HOUR, 0.0),
}

NAT, TERMINAL, AGENT, BUILDER = "10.50.0.1", "10.10.200.5", "10.30.210.7", "10.10.210.20"
BUILDER_ACCOUNT = "HARBOUR\\BUILD01$"

NETWORKS = (
    ("10.10.0.0/16", "Administration", "client"),
    ("10.10.1.0/24", "Engineering", "client"),
    ("10.10.200.5/32", "Finance", "shared"),
    ("10.10.210.0/24", "Platform", "server"),
    ("10.10.220.0/24", "Research", "client"),
    ("10.10.221.0/24", "Marketing", "client"),
    ("10.20.0.0/16", "Commercial", "client"),
    ("10.30.0.0/16", "Works", "client"),
    ("10.30.210.0/24", "Works", "server"),
    ("10.40.0.0/16", "Administration", "client"),
    ("10.50.0.1/32", "Sales", "nat"),
)
"""networks.csv: the longest that holds an address counts. The guests' network is in none."""

_BY_LENGTH = sorted(
    ((ip_network(network), department, kind) for network, department, kind in NETWORKS),
    key=lambda one: -one[0].prefixlen,
)
_known: dict[str, tuple[str | None, str]] = {}


def network_of(address: str) -> tuple[str | None, str]:
    """Give department and kind of the network that holds an address; no department and `client` where none does."""
    if address not in _known:
        number = ip_address(address)
        fitting = ((department, kind) for network, department, kind in _BY_LENGTH if number in network)
        _known[address] = next(fitting, (None, "client"))
    return _known[address]


def lab_address(number: int) -> str:
    """Address of a computer that has the same one for ever, which no file lists."""
    return f"10.10.221.{number % 240 + 10}"
