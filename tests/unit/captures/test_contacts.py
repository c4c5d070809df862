"""What flows say without a name of their own, what hides, and tunnels through proxies."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING

import pytest

from shadowai.model import Evidence, Hidden

if TYPE_CHECKING:
    from shadowai.model import Observation
    from tests.unit.captures.conftest import Craft

PUBLIC = "93.184.215.14"  # an address that is routed, unlike those kept for documentation
BACK = {"source": PUBLIC, "destination": "192.0.2.10"}


def told(craft: Craft, name: str, address: str = PUBLIC, *, ttl: int = 60, client: str = "192.0.2.10") -> bytes:
    """Write a DNS response to a client, from its resolver."""
    query = craft.query(name, flags=0x8180)
    answer = b"\xc0\x0c\0\1\0\1" + struct.pack(">IH", ttl, 4) + socket.inet_aton(address)
    message = query[:6] + b"\0\1" + query[8:] + answer
    return craft.udp(message, (53, 40000), source="192.0.2.53", destination=client)


def flow(craft: Craft, payload: bytes = b"\x17\3\3\0\5hello", port: int = 443) -> list[bytes]:
    """Write a flow of which the beginning was not captured."""
    return [
        craft.tcp(payload, 9, (40000, port), destination=PUBLIC),
        craft.tcp(payload * 3, 9, (port, 40000), **BACK),
    ]


def only(found: list[Observation]) -> Observation:
    assert len(found) == 1
    return found[0]


def test_a_flow_without_a_name_has_that_of_its_client_s_look_up(craft: Craft) -> None:
    seen = only(craft.read(craft.pcap([told(craft, "a.example"), *flow(craft)]))[0])
    assert (seen.evidence, seen.host, seen.hidden) == (Evidence.ADDRESS, "a.example", None)
    assert (seen.source_ip, seen.destination_ip, seen.destination_port) == ("192.0.2.10", PUBLIC, 443)
    assert (seen.bytes_up, seen.bytes_down, seen.packet) == (10, 30, 2)


@pytest.mark.parametrize(
    "answers",
    [
        [],
        [("a.example", {"client": "192.0.2.11"})],
        [
            ("a.example", {"ttl": 0}),
            ("x.example", {"address": "93.184.215.15"}),
            ("y.example", {"client": "192.0.2.9"}),
        ],
        [("a.example", {}), ("b.example", {})],
    ],
)
def test_a_stranger_s_an_old_or_an_ambiguous_look_up_names_nothing(
    craft: Craft, answers: list[tuple[str, dict[str, str]]]
) -> None:
    packets = [told(craft, name, **more) for name, more in answers]
    seen = only(craft.read(craft.pcap([*packets, *flow(craft)]))[0])
    assert (seen.evidence, seen.host, seen.hidden) == (Evidence.ADDRESS, None, Hidden.NO_NAME)


def test_a_flow_that_is_named_needs_no_look_up(craft: Craft) -> None:
    hello = craft.tcp(craft.records(craft.hello("b.example")), 1, destination=PUBLIC)
    seen = only(craft.read(craft.pcap([told(craft, "a.example"), hello]))[0])
    assert (seen.evidence, seen.host) == (Evidence.TLS, "b.example")


def test_a_hello_without_a_name_says_who_the_client_is(craft: Craft) -> None:
    hello = craft.records(craft.hello(None))
    packets = [craft.tcp(b"ready", 500, (443, 40000), **BACK), craft.tcp(hello, 1, destination=PUBLIC)]
    seen = only(craft.read(craft.pcap(packets))[0])
    assert (seen.hidden, seen.source_ip, seen.bytes_up, seen.bytes_down) == (
        Hidden.NO_NAME,
        "192.0.2.10",
        len(hello),
        5,
    )
    assert seen.handshake is not None
    assert (seen.handshake.ja4 or "").startswith("t12i")


def test_the_own_network_is_no_blind_spot(craft: Craft) -> None:
    assert craft.read(craft.pcap([craft.tcp(b"secret", 9, destination="10.0.0.7")]))[0] == []


def test_other_ports_are_addresses_and_no_blind_spots(craft: Craft) -> None:
    seen = only(craft.read(craft.pcap(flow(craft, b"SSH-2.0-x\r\n", 22)))[0])
    assert (seen.host, seen.hidden, seen.destination_ip) == (None, None, PUBLIC)


def test_dns_over_tls_is_told_by_its_port(craft: Craft) -> None:
    hello = craft.tcp(craft.records(craft.hello("dns.example")), 1, (40000, 853), destination=PUBLIC)
    seen = only(craft.read(craft.pcap([hello]))[0])
    assert (seen.host, seen.hidden) == ("dns.example", Hidden.DNS_OVER_TLS)


def test_an_encrypted_look_up_is_told_by_its_port_where_its_beginning_was_not_seen(craft: Craft) -> None:
    data = b"\x17\3\3\0\x20" + bytes(32)
    there, back = craft.tcp(data, 9, (40000, 853), destination=PUBLIC), craft.udp(data, (853, 40000), source=PUBLIC)
    found, _ = craft.read(craft.pcap([there, back]))
    assert [(seen.destination_ip, seen.destination_port, seen.hidden) for seen in found] == [
        (PUBLIC, 853, Hidden.DNS_OVER_TLS),
        (PUBLIC, 853, Hidden.DNS_OVER_QUIC),
    ]


def test_the_answer_of_a_vpn_server_does_not_make_it_the_client(craft: Craft) -> None:
    response = b"\2\0\0\0" + bytes(range(1, 89))
    packet = craft.udp(response, (51820, 40000), source=PUBLIC, destination="192.0.2.10")
    seen = only(craft.read(craft.pcap([packet]))[0])
    assert (seen.hidden, seen.source_ip, seen.bytes_down) == (Hidden.WIREGUARD, "192.0.2.10", 92)


def test_tailscale_s_search_for_its_peer_does_not_hide_the_tunnel(craft: Craft) -> None:
    ports = (41641, 41641)
    search = craft.udp(b"TS\xf0\x9f\x92\xac" + bytes(86), ports, destination=PUBLIC)  # its disco messages
    data = craft.udp(b"\4\0\0\0\1\2\3\4" + bytes(8) + b"x" * 48, ports, destination=PUBLIC)
    seen = only(craft.read(craft.pcap([search, data, search]))[0])
    assert (seen.hidden, seen.source_ip, seen.bytes_up) == (Hidden.WIREGUARD, "192.0.2.10", 248)


def test_esp_without_udp_is_ipsec(craft: Craft) -> None:
    packets = [craft.ip(b"\0\0\x10\1" + bytes(60), 50, destination=PUBLIC)] * 2
    packets.append(craft.ip(b"\0\0\x10\2" + bytes(36), 50, source=PUBLIC, destination="192.0.2.10"))
    seen = only(craft.read(craft.pcap(packets))[0])
    assert (seen.hidden, seen.source_ip, seen.destination_ip) == (Hidden.IPSEC, "192.0.2.10", PUBLIC)
    assert (seen.bytes_up, seen.bytes_down) == (128, 40)


def through(craft: Craft, stream: bytes, cuts: list[int]) -> list[tuple[str, str | None, int | None]]:
    found, _ = craft.read(craft.pcap(craft.cut(stream, cuts, ports=(40000, 3128))))
    return sorted((seen.evidence.value, seen.host, seen.bytes_up) for seen in found)


@pytest.mark.parametrize("cuts", [[], [40], [63, 64], [10, 80, 200]])
def test_a_hello_inside_a_proxy_tunnel_is_read(craft: Craft, cuts: list[int]) -> None:
    connect = craft.request("a.example:443", "a.example:443", "CONNECT")
    hello = craft.records(craft.hello("a.example"))
    found = through(craft, connect + hello, cuts)
    assert found == [("http", "a.example", len(connect) + len(hello)), ("tls", "a.example", None)]


@pytest.mark.parametrize("cuts", [[], [10], [3, 23], [10, 19, 50]])
def test_a_hello_inside_socks_is_read(craft: Craft, cuts: list[int]) -> None:
    greeting, request = b"\5\1\0", b"\5\1\0\3\x09a.example\1\xbb"
    hello = craft.records(craft.hello("b.example"))
    found = through(craft, greeting + request + hello, [3, *cuts])
    assert found == [("proxy", "a.example", len(greeting + request)), ("tls", "b.example", len(hello))]


def test_socks_is_believed_at_the_beginning_alone(craft: Craft) -> None:
    packets = [craft.tcp(b"x" * 10, 1), craft.tcp(b"\5\1\0", 11), craft.tcp(b"\5\1\0\3\x09a.example\1\xbb", 14)]
    assert craft.hosts(packets) == []


def test_the_body_of_a_request_may_never_come(craft: Craft) -> None:
    extra = "Content-Type: application/json\r\nContent-Length: 500\r\n"
    found, tally = craft.read(craft.pcap([craft.tcp(craft.request("a.example", "/mcp", "POST", extra), 1)]))
    assert (only(found).host, only(found).protocol, tally.skipped) == ("a.example", None, {})


@pytest.mark.parametrize("places", [[], [150], [300]])
def test_mcp_is_told_by_its_first_message(craft: Craft, places: list[int]) -> None:
    body = (
        b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},'
        b'"clientInfo":{"name":"x","version":"1"}}}'
    )
    extra = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    stream = craft.request("10.1.2.3:8931", "/mcp", "POST", extra) + body + craft.request("b.example")
    found, _ = craft.read(craft.pcap(craft.cut(stream, places, ports=(40000, 8931))))
    assert [(seen.host, seen.path, seen.protocol) for seen in found] == [
        ("10.1.2.3", "/mcp", "mcp"),
        ("b.example", "/", None),
    ]


def test_chunked_bodies_are_stepped_over(craft: Craft) -> None:
    chunked = craft.request("a.example", method="POST", extra="Transfer-Encoding: chunked\r\n")
    inner = craft.request("fake.example")
    stream = chunked + f"{len(inner):x}\r\n".encode() + inner + b"\r\n0\r\n\r\n" + craft.request("b.example")
    for cuts in ([], [len(chunked)], [len(chunked) + 20], [len(chunked) + 5, len(stream) - 60]):
        packets = craft.cut(stream, cuts, ports=(40000, 80))
        assert craft.hosts(packets) == ["a.example", "b.example"]


def test_reused_ports_are_another_flow(craft: Craft) -> None:
    first, second = (craft.records(craft.hello(f"{name}.example", seed=at)) for at, name in enumerate("ab"))
    for isn in (5_000_000, 200_000, 900):
        packets = [craft.tcp(b"", 999, flags=2), craft.tcp(first, 1000), craft.tcp(b"x" * 500, 1000 + len(first))]
        packets += [craft.tcp(b"", isn - 1, flags=2), craft.tcp(second, isn), craft.tcp(b"y" * 90, isn + len(second))]
        found, _ = craft.read(craft.pcap(packets))
        sizes = [(seen.host, seen.bytes_up) for seen in found]
        assert sizes == [("a.example", len(first) + 500), ("b.example", len(second) + 90)]


def test_a_syn_that_is_sent_again_begins_nothing(craft: Craft) -> None:
    hello = craft.records(craft.hello("a.example"))
    packets = [craft.tcp(b"", 999, flags=2), craft.tcp(b"", 999, flags=2), craft.tcp(hello, 1000)]
    packets += [craft.tcp(b"", 999, flags=2), craft.tcp(b"z" * 9, 1000 + len(hello))]
    assert only(craft.read(craft.pcap(packets))[0]).bytes_up == len(hello) + 9


@pytest.mark.parametrize("ports", [(40000, 443), (40000, 8443), (50000, 9001)])
def test_who_speaks_first_in_the_middle_is_not_therefore_the_client(craft: Craft, ports: tuple[int, int]) -> None:
    packets = [craft.tcp(b"data", 9, ports[::-1], **BACK), craft.tcp(b"more!", 9, ports, destination=PUBLIC)]
    seen = only(craft.read(craft.pcap(packets))[0])
    assert (seen.source_ip, seen.destination_ip, seen.bytes_up) == ("192.0.2.10", PUBLIC, 5)


def test_a_vpn_on_the_port_of_dns_is_no_broken_query(craft: Craft) -> None:
    handshake = b"\1\0\0\0" + bytes(range(1, 145))
    found, tally = craft.read(craft.pcap([craft.udp(handshake, (40000, 53), destination=PUBLIC)]))
    assert (only(found).hidden, only(found).destination_ip, tally.skipped) == (Hidden.WIREGUARD, PUBLIC, {})


def test_the_inside_of_a_tunnel_met_first_from_the_server(craft: Craft) -> None:
    packet = craft.udp(b"\2\0\0\0" + bytes(range(1, 89)), (41641, 41641), source=PUBLIC, destination="192.0.2.10")
    seen = only(craft.read(craft.pcap([packet]))[0])
    assert (seen.hidden, seen.source_ip) == (Hidden.WIREGUARD, "192.0.2.10")


def test_empty_lines_in_front_of_a_request_are_passed_over(craft: Craft) -> None:
    stream = craft.request("a.example") + b"\r\n" + craft.request("b.example") + b"\n" + craft.request("c.example")
    assert craft.hosts(craft.cut(stream, [], ports=(40000, 80))) == ["a.example", "b.example", "c.example"]


def test_a_long_url_is_read(craft: Craft) -> None:
    stream = craft.request("a.example", "/" + "x" * 20_000)
    assert craft.hosts(craft.cut(stream, list(range(1000, 20_000, 1000)), ports=(40000, 80))) == ["a.example"]


def test_look_ups_that_are_not_remembered_are_told(craft: Craft, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shadowai.captures.lookups.MAX_ROWS", 1)
    lost = told(craft, "b.example", "93.184.215.15")
    found, tally = craft.read(craft.pcap([told(craft, "a.example"), *flow(craft), *[craft.udp(b"")] * 9, lost]))
    assert only(found).host == "a.example"
    (note,) = tally.notes
    assert note.endswith("so that flows may lack a name: 1")


@pytest.mark.parametrize(
    ("written", "port", "host"),
    [
        ("2001:db8::7:8080", 8080, "2001:db8::7"),  # as requests 2.34 writes http://[2001:db8::7]:8080/
        ("2001:DB8:0:0::7:8080", 8080, "2001:db8::7"),
        ("2001:db8::7:8080", 80, "2001:db8::7:8080"),
        ("2001:db8::9:8080", 8080, "2001:db8::9:8080"),
        ("2001:db8::7", 8080, "2001:db8::7"),
        ("[2001:db8::7]:8080", 8080, "2001:db8::7"),
        ("[2001:db8::7:8080]", 8080, "2001:db8::7:8080"),
    ],
)
def test_an_ipv6_address_without_brackets_loses_its_port(craft: Craft, written: str, port: int, host: str) -> None:
    packet = craft.tcp(craft.request(written), 1, (40000, port), source="2001:db8::1", destination="2001:db8::7")
    assert craft.hosts([packet]) == [host]


@pytest.mark.parametrize(
    "first",
    [
        b"\5\1\0\5\1\0\3\x09a.example\1\xbb",
        b"\5\3\0\1\2\5\1\0\1\xcb\0\x71\7\1\xbb",
        b"\5\1\2\1\5alice\6secret\5\1\0\3\x09a.example\1\xbb",
        b"\5\x10" + bytes([0, 1, 2, 3, 5, 6, 7, 8, 9, *range(0x80, 0x87)]) + b"\5\1\0\3\x09a.example\1\xbb",
    ],
)
def test_a_socks_client_that_does_not_wait(craft: Craft, first: bytes) -> None:
    hello = craft.records(craft.hello("b.example"))
    found = through(craft, first + hello, [])
    proxied = "203.0.113.7" if b"\x71" in first else "a.example"
    assert found == [("proxy", proxied, len(first)), ("tls", "b.example", len(hello))]


@pytest.mark.parametrize(
    "first", [b"\5\xff" * 40, b"\5\x10" + bytes(60), b"\5\1\0\5\2\0\3\1a\0\1", b"\5\1\0\1\5alice\1x"]
)
def test_what_only_begins_like_socks_is_none(craft: Craft, first: bytes) -> None:
    assert through(craft, first, []) == []
