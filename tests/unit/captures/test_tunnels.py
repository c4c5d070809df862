"""Tunnels and link layers on the fast path: the same as scapy, whatever is nested, and nothing that only seems one."""

from __future__ import annotations

import random
import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import capture_layers as layers
from support.capture_cases import ONLY_6, Case, cases, layer_case
from support.capture_files import pcap
from support.dissection import innermost
from support.packets import contacts, ip, query

from shadowai.captures import overlays
from shadowai.captures.container import Capture
from shadowai.captures.headers import LINKS, Header
from shadowai.captures.layers import STEPS, descend
from shadowai.captures.link import sort_block
from shadowai.captures.network import sort_packets
from shadowai.captures.pcap import blocks
from shadowai.model import Tally

if TYPE_CHECKING:
    from tests.unit.captures.conftest import Craft

CASES = {name: case for name, case in cases().items() if case.truth and not name.startswith(("tcp", "fragments"))}
# What scapy has no dissector for, or none that finds its way on its own; tshark is asked about these.
UNKNOWN_TO_SCAPY = {
    *("qinq-9100", "metadata", "cooked-llc", "null", "null-big", "loop", "ppp-pppd", "chdlc-direction", "mpls-link"),
    *("802.11-htc", "802.11-amsdu", "radiotap-padded", "avs-as-prism", "nflog", "nflog-big", "pflog", "enc"),
    *("pktap", "erf", "ipoib", "wccp", "etherip", "tzsp", "macsec", "macsec-named"),
    *("802.11-mesh", "802.11-mesh-addresses", "token-ring", "token-ring-routed", "gre-routed", "gtp-0"),
    *("arcnet", "arcnet-exception", "arcnet-bare", "arcnet-linux"),
    *("juniper", "juniper-bare", "juniper-ppp", "juniper-chdlc"),
}
NESTABLE = [name for name in layers.TUNNELS if name not in ONLY_6]


def fast(frames: tuple[bytes, ...] | list[bytes], link: int) -> list[bytes]:
    """Give the innermost IP packets that the fast path comes to, in the order of the file."""
    content = pcap(frames, link)
    capture = Capture(content)
    (block,) = blocks(capture, Tally())
    network = sort_packets(capture, sort_block(capture, block).frames)
    found = [
        (row, content[head:stop])
        for packets in network.transport
        for row, head, stop in zip(packets.row, packets.head, packets.stop, strict=True)
    ]
    return [packet for _, packet in sorted(found, key=lambda each: each[0])]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_fast_path_finds_the_innermost_packet(case: Case) -> None:
    wanted = contacts(case.name)[-len(case.frames) :]
    assert fast(case.frames, case.link) == list(wanted)


@pytest.mark.parametrize("name", [name for name in CASES if name not in UNKNOWN_TO_SCAPY])
def test_scapy_finds_the_same_packet(name: str) -> None:
    case = CASES[name]
    assert [innermost(case.link, frame) for frame in case.frames] == fast(case.frames, case.link)


@settings(max_examples=60)
@given(names=st.lists(st.sampled_from(NESTABLE), min_size=1, max_size=2))
def test_tunnels_may_be_nested_in_any_way(names: list[str]) -> None:
    packets = list(contacts("nested"))
    frames = packets
    for name in names:
        frames = [layers.TUNNELS[name](packet) for packet in packets]
        packets = [frame[18:] if name == "vxlan-vlans" else frame[14:] for frame in frames]
    assert fast(frames, 1) == list(contacts("nested"))


def test_tunnels_and_plain_packets_keep_the_order_of_the_file() -> None:
    frames = []
    for number in range(40):
        packet = query(f"host{number}.example.com", 40_000)
        wrap = layers.TUNNELS[NESTABLE[number]] if number % 3 and number < len(NESTABLE) else layers.ether
        frames.append(wrap(packet))
    assert fast(frames, 1) == [query(f"host{number}.example.com", 40_000) for number in range(40)]


def on_port(port: int, payload: bytes, source: int = 40_000) -> bytes:
    return ip(struct.pack(">4H", source, port, 8 + len(payload), 0) + payload, 17, "10.0.0.1", "10.0.0.2")


def test_what_only_has_a_tunnels_port_is_read_as_itself() -> None:
    dice = random.Random(11)
    packets = [on_port(port, dice.randbytes(dice.randrange(1, 90))) for port in overlays.PORTS for _ in range(400)]
    packets += [on_port(40_000, dice.randbytes(60), port) for port in overlays.SERVERS for _ in range(400)]
    assert fast(packets, 101) == packets


@pytest.mark.parametrize("port", overlays.PORTS)
@pytest.mark.parametrize(
    "payload", [b"", b"\0", bytes(60), b"\xff" * 60, b"GET / HTTP/1.1\r\n\r\n", b"\x40" + b"q" * 900]
)
def test_odd_payloads_on_a_tunnels_port_are_read_as_themselves(port: int, payload: bytes) -> None:
    assert fast([on_port(port, payload)], 101) == [on_port(port, payload)]


def test_a_query_from_a_tunnels_port_is_a_query(craft: Craft) -> None:
    ports = (1701, 2152, 3544, 4789, 5247, 6081, 8472)
    assert craft.hosts([query("odd.example.com", port) for port in ports]) == ["odd.example.com"] * len(ports)


CONTROL = {
    "gtp-echo": (2152, b"\x32\1\0\4\0\0\0\0\0\1\0\0"),
    "gtp-length": (2152, b"\x30\xff\xff\xff\0\0\0\5" + contacts("x")[0]),
    "gtp-0-echo": (3386, b"\x1e\1\0\4" + bytes(5) + b"\xff\xff\xff" + bytes(8) + bytes(4)),
    "gtp-0-length": (3386, layers.gtp_0(contacts("x")[0]) + b"x"),
    "gtp-extension": (2152, b"\x34\xff\0\x45\0\0\0\5\0\0\0\x85\0" + contacts("x")[0]),
    "l2tp-control": (1701, b"\xc8\2\0\x14\0\1\0\0\0\0\0\0\x80\x08\0\0\0\0\0\1"),
    "l2tp-link-control": (1701, b"\0\2\0\1\0\2\xff\3\xc0\x21\1\1\0\4"),
    "geneve-version": (6081, b"\x40\0\x65\x58\0\0\5\0" + layers.ether(contacts("x")[0])),
    "vxlan-no-network": (4789, b"\0\0\0\0\0\0\5\0" + layers.ether(contacts("x")[0])),
    "teredo-length": (3544, contacts("x")[2][:-1]),
    "tzsp-endless": (37_008, b"\1\0\0\1" + b"\x0a\0" * 40 + layers.ether(contacts("x")[0])),
}


@pytest.mark.parametrize("name", CONTROL)
def test_messages_without_a_packet_inside_are_read_as_themselves(name: str) -> None:
    packet = on_port(*CONTROL[name])
    assert fast([packet], 101) == [packet]


CLOSED = {
    "arp-in-vxlan": (
        1,
        layers.in_udp(4789, lambda _: b"\x08" + bytes(7) + bytes(12) + b"\x08\6" + bytes(28)),
        "not-ip",
    ),
    "unknown-gre": (1, layers.gre(b"\0\0\x12\x34", lambda _: bytes(30)), "tunnel-unread"),
    "gre-version": (1, layers.gre(b"\0\2\x08\0"), "tunnel-unread"),
    "l2tpv3": (1, layers.in_ip(115, layers.before(b"\0\0\0\1")), "tunnel-unread"),
    "etherip-version": (1, layers.in_ip(97, layers.framed(b"\x50\0")), "tunnel-unread"),
    "pptp-acknowledgement": (1, layers.gre(b"\x20\x81\x88\x0b\0\0\0\7\0\0\0\1", lambda _: b""), "not-ip"),
    "erspan-3-frame-type": (
        1,
        layers.gre(b"\x10\0\x22\xeb\0\0\0\1" + bytes(10) + b"\x04\0", layers.ether),
        "tunnel-unread",
    ),
    "encrypted-ppp": (9, lambda _: b"\xff\3\0\x53" + bytes(40), "tunnel-unread"),
    "ppp-control": (9, lambda _: b"\xff\3\xc0\x21\1\1\0\4", "not-ip"),
    "pppoe-discovery": (51, lambda _: b"\x11\x09\0\0\0\4\1\1\0\0", "not-ip"),
    "null-data": (105, layers.dot11(4), "not-ip"),
    "later-piece": (105, lambda _: layers.dot11()(b"\x45")[:22] + b"\1\0" + bytes(40), "fragment"),
    "empty-aggregate": (105, lambda _: layers.aggregate(b"\x45" * 20)[:30], "not-ip"),
    "cut-header": (105, lambda _: layers.dot11(8, 3, b"\0\0")(b"\x45")[:28], "cut-short"),
    "cut-radiotap": (127, lambda _: struct.pack("<BBHI", 0, 0, 80, 0) + bytes(9), "cut-short"),
    "cut-prism": (119, lambda _: struct.pack("<II", 0x44, 1 << 31) + bytes(9), "cut-short"),
    "cut-ppi": (192, lambda _: struct.pack("<BBHI", 0, 0, 80, 105) + bytes(9), "cut-short"),
    "cut-pktap": (258, lambda _: struct.pack("<III", 1 << 31, 1, 1) + bytes(9), "cut-short"),
    "ppi-unknown": (192, lambda _: struct.pack("<BBHI", 0, 0, 8, 147) + bytes(40), "unknown-link-type"),
    "erf-unknown": (197, lambda _: bytes(8) + b"\7" + bytes(40), "unknown-link-type"),
    "empty-nflog": (239, lambda _: b"\2\0\0\7" + struct.pack("<HH", 6, 10) + bytes(4), "not-ip"),
    "endless-nflog": (239, lambda _: b"\2\0\0\7" + struct.pack("<HH", 0, 10) * 400, "not-ip"),
    "netlink": (113, lambda packet: struct.pack(">HHH8xH", 4, 824, 0, 3) + packet, "not-ip"),
    "label-stack": (219, lambda _: bytes(4) * 40, "tunnel-unread"),
    "macsec": (1, layers.before(bytes(12) + b"\x88\xe5\x2c\0\0\0\0\1" + bytes(8)), "tunnel-unread"),
    "gre-of-endless-routes": (1, layers.gre(b"\x40\0\x08\0" + bytes(4) + b"\x08\0\0\0" * 40), "tunnel-unread"),
    "juniper-magic": (178, layers.framed(b"MGX\x80\0\0"), "not-ip"),
    "odd-service": (1, layers.framed(bytes(12) + b"\x89\x4f\x40\2\2\3\0\0\1\xff"), "tunnel-unread"),
}


@pytest.mark.parametrize("name", CLOSED)
def test_what_holds_no_readable_packet_is_counted_by_reason(craft: Craft, name: str) -> None:
    link, wrap, reason = CLOSED[name]
    found, tally = craft.read(craft.pcap([wrap(contacts(name)[0])], link))
    assert (found, dict(tally.skipped)) == ([], {reason: 1})


def test_a_frame_with_one_readable_subframe_is_parsed(craft: Craft) -> None:
    case = layer_case("802.11-amsdu")
    found, tally = craft.read(craft.pcap(list(case.frames), case.link))
    assert (len(found), tally.parsed, tally.skipped) == (3, 3, {})


def test_wireless_frames_in_linux_cooked_captures_are_read(craft: Craft) -> None:
    for device, name in ((801, "802.11"), (802, "prism"), (803, "radiotap")):
        case = layer_case(name)
        frames = [struct.pack(">HH10xH", 0, device, 4) + frame for frame in case.frames]
        assert sorted(map(str, craft.hosts(frames, 113))) == sorted(host for *_, host in case.truth)


def test_old_wccp_has_no_header_of_its_own() -> None:
    packet = contacts("wccp-1")[1]
    assert fast([layers.gre(b"\0\0\x88\x3e")(packet)], 1) == [packet]


ZIGBEE = 195  # LINKTYPE of IEEE 802.15.4 with its check sum


def test_scapy_dissects_link_types_that_are_not_known_here(craft: Craft) -> None:
    preamble = b"\x55" * 6 + b"\x55\xd5"  # LINKTYPE 274: Ethernet frames with what comes before them (IEEE 802.3br)
    frames = [preamble + layers.ether(packet) + bytes(4) for packet in contacts("preamble")]
    assert craft.hosts(frames, 274) == ["api.example.com", "chat.example.com", "six.example.com"]


def test_a_link_type_that_never_holds_ip_is_given_up(craft: Craft, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shadowai.captures.oddlinks.MAX_VAIN", 3)
    _, tally = craft.read(craft.pcap([b"\x41\x88" + bytes(20)] * 8, ZIGBEE))
    assert tally.skipped == {"not-ip": 3, "unknown-link-type": 5}


def test_the_interface_of_a_cooked_frame_is_told() -> None:
    capture = Capture(pcap(layer_case("cooked2").frames, 276))
    (block,) = blocks(capture, Tally())
    sort_block(capture, block)
    sort_block(capture, block)
    assert block.interface.tolist() == [3 << 32] * 3


@settings(max_examples=150)
@given(noise=st.binary(max_size=200), kind=st.sampled_from(sorted(STEPS)))
def test_headers_of_random_bytes_lead_nowhere_but_forward(noise: bytes, kind: int) -> None:
    capture = Capture(bytes(8) + noise)
    starts = np.arange(8, 8 + len(noise), 7, dtype=np.int64)
    stops = np.full(len(starts), 8 + len(noise), np.int64)
    path = descend(capture, np.full(len(starts), kind, np.int64), starts, stops)
    assert set(path.item.tolist()) == set(range(len(starts)))
    assert (path.at >= starts[path.item]).all()
    assert (path.stop <= 8 + len(noise)).all()
    assert not np.isin(path.kind, list(STEPS)).any()
    assert (path.kind != Header.AGGREGATE).all()


@settings(max_examples=100)
@given(noise=st.lists(st.binary(max_size=150), min_size=1, max_size=5), link=st.sampled_from(sorted(LINKS)))
def test_random_frames_are_counted_once(noise: list[bytes], link: int) -> None:
    capture = Capture(pcap(noise, link))
    (block,) = blocks(capture, Tally())
    found = sort_block(capture, block)
    ended = {row for _, rows in found.ended for row in rows.tolist()}
    assert ended | set(found.frames.row.tolist()) | set(found.odd.tolist()) == set(range(len(noise)))
    sort_packets(capture, found.frames)
