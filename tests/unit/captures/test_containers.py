"""pcap and pcapng: every variant of the formats, damage told from truncation, hostile bytes."""

from __future__ import annotations

import contextlib
import os
import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.capture_files import block, interface, option, resolutions, section
from support.capture_files import enhanced as timed

from shadowai.captures import pcap, pcapng, read, recognise
from shadowai.captures.container import Capture
from shadowai.errors import CaptureError, SourceError
from shadowai.model import Defect, Tally

if TYPE_CHECKING:
    from tests.unit.captures.conftest import Craft


QUIET = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def enhanced(packet: bytes, ticks: int = 0, face: int = 0, order: str = "<") -> bytes:
    return timed(packet, face, ticks, order)


@pytest.mark.parametrize(
    ("magic", "order", "time"),
    [
        (0xA1B2C3D4, "<", 1_700_000_000_000_005_000),
        (0xA1B2C3D4, ">", 1_700_000_000_000_005_000),
        (0xA1B23C4D, "<", 1_700_000_000_000_000_005),
        (0xA1B23C4D, ">", 1_700_000_000_000_000_005),
        (0xA1B2CD34, "<", 1_700_000_000_000_005_000),
        (0xA1B2CD34, ">", 1_700_000_000_000_005_000),
    ],
)
def test_every_pcap_magic_is_read(craft: Craft, magic: int, order: str, time: int) -> None:
    path = craft.pcap([craft.udp(craft.query("a.example")), craft.udp(craft.query("b.example"))], 101, order, magic)
    assert recognise(path.read_bytes()[:12]) == "pcap"
    found, tally = craft.read(path)
    assert [(each.host, each.packet) for each in found] == [("a.example", 1), ("b.example", 2)]
    assert found[0].time == tally.first == time
    assert found[0].dataset == "pcap"
    assert (tally.records, tally.parsed, tally.broken) == (2, 2, 0)


def test_what_is_no_capture_is_refused(craft: Craft) -> None:
    for content in (b"", b"text, not packets", b"\x0a\x0d\x0d\x0a" + bytes(20), b"\xd4\xc3\xb2\xa1\2\0"):
        path = craft.file(content)
        with pytest.raises(SourceError) as caught:
            list(read(path, name="x.pcap", tally=Tally()))
        assert caught.value.where is not None
    with pytest.raises(SourceError):
        list(read(craft.folder / "missing", name="x", tally=Tally()))


def test_a_cut_last_record_is_truncation(craft: Craft) -> None:
    path = craft.pcap([craft.udp(craft.query(f"{name}.example")) for name in "abc"])
    for cut in (1, 40, 60):
        short = craft.file(path.read_bytes()[:-cut], "short.pcap")
        found, tally = craft.read(short)
        assert [each.host for each in found] == ["a.example", "b.example"]
        assert tally.skipped == {"truncated": 1}
        assert tally.defects == {"truncated": Defect(3, is_packet=True)}


def test_reading_goes_on_behind_a_corrupt_record(craft: Craft) -> None:
    frames = [craft.udp(craft.query(f"host{at}.example")) for at in range(8)]
    content = bytearray(craft.pcap(frames).read_bytes())
    size = 16 + len(frames[0])
    content[24 + 2 * size + 8 : 24 + 2 * size + 12] = b"\xff\xff\xff\x7f"
    found, tally = craft.read(craft.file(bytes(content)))
    assert [each.host for each in found] == [f"host{at}.example" for at in (0, 1, 3, 4, 5, 6, 7)]
    assert tally.skipped == {"corrupt": 1}
    assert tally.defects == {"corrupt": Defect(3, is_packet=True)}


def test_damage_from_the_first_record_on_is_an_error(craft: Craft) -> None:
    content = craft.pcap([]).read_bytes() + struct.pack("<4I", 1, 1, 1 << 30, 1 << 30) + bytes(100)
    with pytest.raises(CaptureError):
        craft.read(craft.file(content))
    with pytest.raises(CaptureError):
        craft.read(craft.file(section() + block(77, b"x")[:-4] + b"\0\0\0\1" + bytes(12)))


def test_a_corrupt_end_is_counted(craft: Craft) -> None:
    good = craft.pcap([craft.udp(craft.query("a.example"))]).read_bytes()
    found, tally = craft.read(craft.file(good + struct.pack("<4I", 1, 1, 1 << 30, 1 << 30) + bytes(100)))
    assert [each.host for each in found] == ["a.example"]
    assert tally.skipped == {"corrupt": 1}


def test_a_capture_without_packets_is_sound(craft: Craft) -> None:
    for content in (craft.pcap([]).read_bytes(), section(), section() + interface()):
        found, tally = craft.read(craft.file(content))
        assert (found, tally.records, tally.first) == ([], 0, None)


def test_sections_interfaces_and_packet_blocks_of_pcapng(craft: Craft) -> None:
    packets = {name: craft.udp(craft.query(f"{name}.example")) for name in "abcdef"}
    ethernet = craft.ethernet(packets["b"])
    obsolete = struct.pack("<HH4I", 1, 0, 0, 5, len(ethernet), len(ethernet)) + ethernet
    simple = struct.pack("<I", len(packets["c"])) + packets["c"]
    content = section() + interface() + interface(1) + block(5, bytes(16)) + enhanced(packets["a"], 7)
    content += block(2, obsolete) + block(3, simple)
    content += section(">") + interface(101, order=">") + enhanced(packets["d"], 9, order=">")
    path = craft.file(content)
    assert recognise(content[:12]) == "pcapng"
    found, tally = craft.read(path)
    expected = [("a.example", 1, 7000), ("b.example", 2, 5000), ("c.example", 3, None), ("d.example", 4, 9000)]
    assert [(each.host, each.packet, each.time) for each in found] == expected
    assert {each.dataset for each in found} == {"pcapng"}
    assert tally.records == 4


@pytest.mark.parametrize(
    ("options", "ticks", "time"),
    [
        (option(9, b"\x09"), 1_700_000_000_000_000_123, 1_700_000_000_000_000_123),
        (option(9, b"\x03"), 1_700_000_000_123, 1_700_000_000_123_000_000),
        (option(9, b"\x00"), 1_700_000_000, 1_700_000_000_000_000_000),
        (option(9, b"\x0c"), 5_000_000_000_123, 5_000_000_000),
        (option(9, b"\x8a"), 3 * 1024 + 512, 3_500_000_000),
        (option(9, b"\xa0"), (3 << 32) + (1 << 31), 3_500_000_000),
        (option(9, b"\x09") + option(14, struct.pack("<q", 100)), 5, 100_000_000_005),
        (option(2, b"eth0") + option(9, b"\x09") + option(0, b""), 5, 5),
        (option(9, b"\x00"), 1 << 62, None),
        (option(9, b"\x7f"), 5, None),
        (option(9, b"\x20"), 5, None),
        (option(14, struct.pack("<q", -100)), 5, None),
        (b"\x09\0\xff\xff\1\2\3\4", 5, 5000),
    ],
)
def test_clocks_of_interfaces(craft: Craft, options: bytes, ticks: int, time: int | None) -> None:
    content = section() + interface(101, options) + enhanced(craft.udp(craft.query("a.example")), ticks)
    found, _ = craft.read(craft.file(content))
    assert [each.time for each in found] == [time]


def test_a_simple_packet_is_no_longer_than_the_snap_length(craft: Craft) -> None:
    packet = craft.udp(craft.query("a.example"))
    simple = struct.pack("<I", 5000) + packet
    found, _ = craft.read(craft.file(section() + interface(snap=len(packet)) + block(3, simple)))
    assert [each.host for each in found] == ["a.example"]


def test_damage_in_pcapng(craft: Craft) -> None:
    good = [enhanced(craft.udp(craft.query(f"{name}.example"))) for name in "abc"]
    head = section() + interface()
    found, tally = craft.read(craft.file(head + good[0] + good[1][:-4] + b"\1\2\3\4" + good[2]))
    assert [(each.host, each.packet) for each in found] == [("a.example", 1), ("c.example", 3)]
    assert (tally.skipped, tally.broken) == ({"corrupt": 1}, 1)
    for cut in (1, len(good[2]) - 5):
        found, tally = craft.read(craft.file((head + b"".join(good))[:-cut]))
        assert [each.host for each in found] == ["a.example", "b.example"]
        assert tally.skipped == {"truncated": 1}
    found, tally = craft.read(craft.file(head + good[0] + enhanced(b"x", face=9) + good[1]))
    assert [(each.host, each.packet) for each in found] == [("a.example", 1), ("b.example", 3)]
    assert tally.skipped == {"unknown-interface": 1}
    found, tally = craft.read(craft.file(head + good[0] + section()[:16] + head + good[1]))
    assert [each.host for each in found] == ["a.example", "b.example"]
    assert tally.broken == 1


def test_a_bad_section_header_in_the_middle(craft: Craft) -> None:
    good = enhanced(craft.udp(craft.query("a.example")))
    for bad in (block(0x0A0D0D0A, bytes(16)), section()[:4] + struct.pack("<I", 13) + section()[8:]):
        found, tally = craft.read(craft.file(section() + interface() + good + bad))
        assert [each.host for each in found] == ["a.example"]
        assert tally.broken == 1


def test_blocks_are_bounded(craft: Craft, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pcap", "pcapng"):
        monkeypatch.setattr(f"shadowai.captures.{name}.BLOCK_PACKETS", 2)
    packets = [craft.udp(craft.query(f"{name}.example")) for name in "abcde"]
    names = [f"{name}.example" for name in "abcde"]
    assert craft.hosts(packets) == names
    content = section() + interface() + b"".join(enhanced(packet) for packet in packets)
    assert [each.host for each in craft.read(craft.file(content))[0]] == names
    assert [len(each) for each in pcapng.blocks(Capture(content), Tally())] == [2, 2, 1]
    for name in ("pcap", "pcapng"):
        monkeypatch.setattr(f"shadowai.captures.{name}.BLOCK_BYTES", 1)
    assert craft.hosts(packets) == names
    assert [len(each) for each in pcapng.blocks(Capture(content), Tally())] == [1] * 5


def test_the_interface_of_every_packet_is_told(craft: Craft) -> None:
    packet = craft.udp(craft.query("a.example"))
    content = section() + interface() + interface() + enhanced(packet, face=1) + enhanced(packet) + block(3, b"\0" * 8)
    assert [each.interface.tolist() for each in pcapng.blocks(Capture(content), Tally())] == [[1, 0, 0]]
    (only,) = pcap.blocks(Capture(craft.pcap([packet, packet]).read_bytes()), Tally())
    assert only.interface.tolist() == [0, 0]


def test_names_that_the_file_resolves_name_no_flow(craft: Craft) -> None:
    names = resolutions([("93.184.215.14", ("named.example.com",))])
    content = section() + interface() + names + enhanced(craft.tcp(b"secret", 1, destination="93.184.215.14"))
    (seen,) = craft.read(craft.file(content))[0]
    assert (seen.host, seen.hidden) == (None, "no-name")


@pytest.mark.parametrize("name", ["pcap", "pcapng"])
def test_a_file_that_is_shortened_while_it_is_read_is_told(
    craft: Craft, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(f"shadowai.captures.{name}.BLOCK_PACKETS", 2)
    packets = [craft.udp(craft.query(f"n{at}.example")) for at in range(400)]
    path = craft.pcap(packets)
    if name == "pcapng":
        path = craft.file(section() + interface() + b"".join(map(enhanced, packets)))
    tally = Tally()
    found = read(path, name="x", tally=tally)
    assert next(found).host == "n0.example"
    os.truncate(path, 6_000)
    with pytest.raises(SourceError, match="shortened"):
        list(found)
    assert 0 < tally.parsed < 10


def test_a_file_that_grows_while_it_is_read_is_read_as_it_was_when_it_was_opened(craft: Craft) -> None:
    packets = [craft.udp(craft.query(f"{name}.example")) for name in "abc"]
    path = craft.pcap(packets)
    found = []
    tally = Tally()
    for each in read(path, name="x", tally=tally):
        found.append(each.host)
        with path.open("ab") as file:
            file.write(craft.record(packets[0])[:30])
    assert found == ["a.example", "b.example", "c.example"]
    assert (tally.records, tally.skipped) == (3, {})


@QUIET
@given(data=st.data())
def test_hostile_files_never_crash_a_reader(craft: Craft, data: st.DataObject) -> None:
    packets = [craft.udp(craft.query("a.example")), craft.tcp(craft.records(craft.hello("b.example")), 1)]
    head = data.draw(st.sampled_from(["pcap", "pcapng"]))
    content = craft.pcap(packets).read_bytes()
    if head == "pcapng":
        content = section() + interface() + b"".join(map(enhanced, packets))
    soiled = bytearray(content)
    for _ in range(data.draw(st.integers(0, 12))):
        soiled[data.draw(st.integers(0, len(soiled) - 1))] = data.draw(st.integers(0, 255))
    soiled += data.draw(st.binary(max_size=60))
    with contextlib.suppress(SourceError):
        craft.read(craft.file(bytes(soiled)))
