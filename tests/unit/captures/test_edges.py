"""The ends of captures: times that scapy wrote, in files longer than the stretch that is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.utils import PcapNgWriter, PcapWriter

from shadowai.captures.edges import STRETCH, Edges, edges
from shadowai.model import SECOND

if TYPE_CHECKING:
    from pathlib import Path

BEGIN = 1_700_000_000


def write(path: Path, packets: int, size: int = 1000) -> Path:
    frame = Ether(dst="02:00:00:00:00:01") / IP(dst="192.0.2.1") / UDP(dport=9) / bytes(size)
    with (PcapNgWriter if path.suffix == ".pcapng" else PcapWriter)(str(path)) as writer:
        for number in range(packets):
            frame.time = BEGIN + number
            writer.write(frame)
    return path


@pytest.mark.parametrize("ending", [".pcap", ".pcapng"])
@pytest.mark.parametrize("packets", [1, 3, 1500])
def test_both_ends(tmp_path: Path, ending: str, packets: int) -> None:
    path = write(tmp_path / f"x{ending}", packets)
    assert (path.stat().st_size > 2 * STRETCH) == (packets == 1500)
    assert edges(path) == Edges(BEGIN * SECOND, (BEGIN + packets - 1) * SECOND, frozenset({1}))


@pytest.mark.parametrize("ending", [".pcap", ".pcapng"])
def test_a_last_packet_that_is_cut_is_none(tmp_path: Path, ending: str) -> None:
    path = write(tmp_path / f"x{ending}", 3)
    path.write_bytes(path.read_bytes()[:-5])
    assert edges(path) == Edges(BEGIN * SECOND, (BEGIN + 1) * SECOND, frozenset({1}))


@pytest.mark.parametrize("content", [b"", b"no capture at all", b"\xd4\xc3\xb2\xa1", b"\xd4\xc3\xb2\xa1" + bytes(20)])
def test_what_cannot_be_read_is_unknown(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.pcap"
    path.write_bytes(content)
    assert edges(path) == Edges()
    assert edges(tmp_path / "missing") == Edges()


def test_damage_in_the_middle_does_not_matter(tmp_path: Path) -> None:
    path = write(tmp_path / "x.pcap", 1500)
    content = bytearray(path.read_bytes())
    content[700_000:800_000] = bytes(100_000)
    content[-STRETCH - 3 : -STRETCH + 3] = b"\xff" * 6
    path.write_bytes(content)
    assert edges(path) == Edges(BEGIN * SECOND, (BEGIN + 1499) * SECOND, frozenset({1}))
