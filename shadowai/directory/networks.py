"""The networks of the organisation, and which of them an address belongs to (longest prefix wins).

IPv4 and IPv6 (RFC 4291); an IPv4-mapped IPv6 network is the IPv4 network that it maps.
"""

from __future__ import annotations

import difflib
import ipaddress
import socket
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from shadowai.directory.tables import Columns, Findings, Row, read_table

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from shadowai.directory.options import DirectoryOptions

COLUMNS = Columns(("network", "department"), ("kind",))
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")

AnyNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


class NetworkKind(StrEnum):
    """What stands behind an address of the network: one person's device, many people, or a machine."""

    CLIENT = "client"
    NAT = "nat"
    SHARED = "shared"
    SERVER = "server"


@dataclass(frozen=True, slots=True)
class Network:
    """One line of networks.csv; the department is None where it names none."""

    network: AnyNetwork
    department: str | None
    kind: NetworkKind

    @property
    def says(self) -> str:
        """The department and the kind in words."""
        return f"{self.department or 'no department'}, {self.kind}"


class NetworkTable:
    """Longest-prefix match: one dictionary a prefix length, so a look-up costs as many steps as lengths are in use."""

    def __init__(self, networks: Iterable[Network]) -> None:
        self.networks = tuple(sorted(networks, key=_order))
        tables: dict[tuple[int, int], dict[int, Network]] = {}
        for entry in self.networks:
            net = entry.network
            shift = net.max_prefixlen - net.prefixlen
            tables.setdefault((net.version, shift), {})[int(net.network_address) >> shift] = entry
        self._tables = sorted(tables.items(), key=lambda item: item[0])

    def find(self, address: str) -> Network | None:
        """Give the smallest network that holds an address in canonical form; None where no network does."""
        if not self._tables:
            return None
        # A fifth of the time that ipaddress takes: a scan asks for every address that it met.
        family, version = (socket.AF_INET6, 6) if ":" in address else (socket.AF_INET, 4)
        number = int.from_bytes(socket.inet_pton(family, address))
        for (known, shift), table in self._tables:
            if known == version and (found := table.get(number >> shift)) is not None:
                return found
        return None


def _order(entry: Network) -> tuple[int, int, int]:
    net = entry.network
    return net.version, int(net.network_address), net.prefixlen


def read_networks(path: Path, findings: Findings, options: DirectoryOptions) -> list[Network]:
    """Read networks.csv; problems go to `findings`."""
    first_lines: dict[AnyNetwork, int] = {}
    networks = []
    for row in read_table(path, COLUMNS.under(options.columns.get("networks")), findings):
        network = _parse_network(row, findings)
        kind = _parse_kind(row, findings)
        department = options.department(row["department"])
        if network is None or kind is None:
            continue
        if network in first_lines:
            message = f"network {network} is already on line {first_lines[network]}; keep one of the two"
            findings.problem(path, row.line, message)
            continue
        first_lines[network] = row.line
        if department is None and kind is NetworkKind.CLIENT:
            findings.warn(path, row.line, "names no department: what is not a known person's there is of none")
        networks.append(Network(network, department, kind))
    return networks


def _parse_network(row: Row, findings: Findings) -> AnyNetwork | None:
    text = row["network"]
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        findings.problem(row.file, row.line, f"network {text!r} is not a network; {_network_remedy(text)}")
        return None
    if isinstance(network, ipaddress.IPv6Network) and network.subnet_of(_MAPPED):
        mapped = int(network.network_address) & 0xFFFFFFFF
        return ipaddress.IPv4Network((mapped, network.prefixlen - _MAPPED.prefixlen))
    return network


def _network_remedy(text: str) -> str:
    try:
        return f"host bits are set, write {ipaddress.ip_network(text, strict=False)}"
    except ValueError:
        return "write it in CIDR notation, such as 10.1.0.0/16 or 2001:db8::/32"


def _parse_kind(row: Row, findings: Findings) -> NetworkKind | None:
    text = row["kind"].lower() or NetworkKind.CLIENT.value
    try:
        return NetworkKind(text)
    except ValueError:
        names = [kind.value for kind in NetworkKind]
        close = difflib.get_close_matches(text, names, n=1)
        hint = f"did you mean {close[0]}?" if close else f"use one of {', '.join(names)}"
        findings.problem(row.file, row.line, f"kind {row['kind']!r} is unknown; {hint}")
        return None
