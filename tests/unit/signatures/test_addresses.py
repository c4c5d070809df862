"""Address ranges against ipaddress itself, which looks at every range in turn."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowai.signatures.addresses import AddressTable, packed_address

V4 = st.builds(
    lambda number, length: ipaddress.ip_network((number >> (32 - length) << (32 - length), length)),
    st.integers(0, 2**32 - 1),
    st.integers(0, 32),
)
V6 = st.builds(
    lambda number, length: ipaddress.ip_network((number >> (128 - length) << (128 - length), length)),
    st.integers(0, 2**128 - 1),
    st.integers(0, 128),
)
NETWORKS = st.lists(st.one_of(V4, V6), max_size=12, unique=True)


@given(NETWORKS, st.lists(st.ip_addresses(), max_size=8))
def test_the_narrowest_range_is_found(
    networks: list[ipaddress.IPv4Network], others: list[ipaddress.IPv4Address]
) -> None:
    table = AddressTable((str(network), str(network)) for network in networks)
    edges = [edge for network in networks for edge in (network.network_address, network.broadcast_address)]
    outside = [edge + step for edge in edges for step in (-1, 1) if 0 <= int(edge) + step < 2**edge.max_prefixlen]
    for address in [*edges, *outside, *others]:
        if getattr(address, "ipv4_mapped", None):
            continue
        around = [network for network in networks if address.version == network.version and address in network]
        expected = max(around, key=lambda network: network.prefixlen, default=None)
        assert table.find(str(address)) == (str(expected) if expected else None), address


def test_the_ends_of_the_numbers() -> None:
    table = AddressTable([("0.0.0.0/0", "all"), ("255.255.255.255", "last"), ("::/0", "six"), ("ffff::/16", "high")])
    assert [table.find(text) for text in ("0.0.0.0", "255.255.255.254", "255.255.255.255")] == ["all", "all", "last"]  # noqa: S104  # an address looked up
    assert [table.find(text) for text in ("::", "fffe::", "ffff::")] == ["six", "six", "high"]


def test_an_empty_table_holds_nothing() -> None:
    assert AddressTable[str]([]).find("1.2.3.4") is None


@pytest.mark.parametrize(
    "text", ["", "x", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.4/24", "::g", ":" * 500, "1\0", "é::"]
)
def test_what_is_no_address(text: str) -> None:
    assert packed_address(text) is None


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_none(text: str) -> None:
    try:
        expected: bytes | None = ipaddress.ip_address(text).packed
    except ValueError:
        expected = None
    if expected and "%" not in text and not expected.startswith(bytes(10) + b"\xff\xff"):
        assert packed_address(text) == expected
    if expected is None:
        assert packed_address(text) is None


def test_a_mapped_address_is_the_one_it_maps() -> None:
    assert packed_address("::ffff:1.2.3.4") == packed_address("1.2.3.4") == bytes([1, 2, 3, 4])
