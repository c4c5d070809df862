"""Live capture: on the loopback interface where this user may, with a stand-in for scapy's sockets elsewhere."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import socket
import struct
import threading
import time
from ctypes.util import find_library
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from scapy.config import conf
from scapy.error import Scapy_Exception
from scapy.layers.inet import IP
from scapy.layers.l2 import Ether

from shadowai.captures import live, read
from shadowai.captures.live import Order, Recording, record
from shadowai.errors import UsageError
from shadowai.model import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LOOPBACK = conf.loopback_name
REQUEST = b"GET /v1/models HTTP/1.1\r\nHost: api.example.com\r\nUser-Agent: live/1\r\n\r\n"


def quietly(_: Recording) -> None:
    pass


@pytest.fixture
def order(tmp_path: Path) -> Order:
    return Order(LOOPBACK, tmp_path / "live.pcapng", 1.0, 1 << 30)


@pytest.fixture
def allowed() -> None:
    """Skip where this user may not capture."""
    try:
        conf.L2socket(iface=LOOPBACK).close()
    except (OSError, Scapy_Exception) as error:
        pytest.skip(f"may not capture here: {error}")


@pytest.fixture
def server() -> Iterator[int]:
    """A little server on the loopback interface that reads one request of each connection."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):  # closed at the end
            while True:
                connection, _ = listening.accept()
                connection.recv(1000)
                connection.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield int(listening.getsockname()[1])
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    thread.join(5)


def ask(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(REQUEST)
        connection.recv(10)


@contextlib.contextmanager
def meanwhile(work: Callable[[], None]) -> Iterator[None]:
    """Do something a little later, while the capture runs."""
    thread = threading.Timer(0.4, work)
    thread.start()
    yield
    thread.join(5)


@pytest.mark.usefixtures("allowed")
def test_what_goes_over_the_wire_is_recorded_once(order: Order, server: int) -> None:
    told: list[int] = []
    with meanwhile(lambda: ask(server)):
        recording = record(order, lambda so_far: told.append(so_far.packets))
    assert not recording.is_interrupted
    assert recording.packets > 0
    assert recording.dropped == 0
    assert 1.0 <= recording.seconds < 3
    assert told == sorted(told)
    tally = Tally()
    found = [one for one in read(order.path, name="live", tally=tally) if one.destination_port == server]
    assert [(one.host, one.path, one.user_agent) for one in found] == [("api.example.com", "/v1/models", "live/1")]
    assert found[0].bytes_up == len(REQUEST)
    assert found[0].time is not None
    assert abs(found[0].time - time.time_ns()) < 10_000_000_000
    assert tally.records == recording.packets


@pytest.mark.skipif(find_library("pcap") is None, reason="libpcap, which reads filters, is not installed")
@pytest.mark.usefixtures("allowed")
def test_a_filter_leaves_the_rest_out(order: Order, server: int) -> None:
    with meanwhile(lambda: ask(server)):
        recording = record(Order(LOOPBACK, order.path, 1.0, 1 << 30, "udp port 19"), quietly)
    assert recording.packets == 0
    assert recording.notes() == ["no packet was captured"]


@pytest.mark.usefixtures("allowed")
def test_a_filter_that_is_none_is_an_error(order: Order) -> None:
    with pytest.raises(UsageError, match="the filter 'no filter at all' cannot be used"):
        record(Order(LOOPBACK, order.path, 1.0, 1 << 30, "no filter at all"), quietly)


@pytest.mark.usefixtures("allowed")
def test_the_file_has_a_greatest_size(order: Order) -> None:
    def send() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            for _ in range(200):
                out.sendto(bytes(1000), ("127.0.0.1", 9))

    with meanwhile(send):
        recording = record(Order(LOOPBACK, order.path, 30, 100_000), quietly)
    assert recording.is_full
    assert order.path.stat().st_size <= 100_000 + 200
    assert "--max-size" in recording.notes()[0]


@pytest.mark.usefixtures("allowed")
def test_an_interrupt_ends_the_capture_and_the_next_one_is_an_interrupt_again(order: Order) -> None:
    before = signal.getsignal(signal.SIGINT)
    with meanwhile(lambda: os.kill(os.getpid(), signal.SIGINT)):
        recording = record(Order(LOOPBACK, order.path, None, 1 << 30), quietly)
    assert recording.is_interrupted
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.usefixtures("allowed")
def test_a_thread_may_capture_too(order: Order) -> None:
    done: list[Recording] = []
    thread = threading.Thread(target=lambda: done.append(record(order, quietly)))
    thread.start()
    thread.join(10)
    assert not done[0].is_interrupted


def test_an_unknown_interface_lists_those_that_are_there(order: Order) -> None:
    with pytest.raises(UsageError, match=rf"no interface 'nowhere0'; there are .*{LOOPBACK}"):
        record(Order("nowhere0", order.path, 1.0, 1 << 30), quietly)


def test_where_the_file_cannot_be_written_it_says_so(order: Order) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        record(Order(LOOPBACK, order.path / "folder" / "x", 1.0, 1 << 30), quietly)


class Listener:
    """Stands in for scapy's listening socket: gives its packets, then an error."""

    LL = Ether

    def __init__(self, packets: list[tuple[bytes | None, float | None]], error: OSError | None = None) -> None:
        self.packets = packets
        self.error = error
        self.ins = SimpleNamespace(setsockopt=lambda *_: None, getsockopt=lambda *_: struct.pack("II", 5, 2))

    def select(self, _sockets: list[Any], _wait: float) -> list[Any]:
        return [self]

    def recv_raw(self, _size: int) -> tuple[None, bytes | None, float | None]:
        if not self.packets:
            raise self.error or OSError(errno.EIO, "none left")
        return None, *self.packets.pop(0)

    def close(self) -> None:
        pass


def stand_in(monkeypatch: pytest.MonkeyPatch, give: Callable[[], Any]) -> None:
    monkeypatch.setattr(conf, "L2socket", lambda **_: give())
    monkeypatch.setattr(conf, "L2listen", lambda **_: give())


def failing(error: Exception) -> Callable[[], Any]:
    def give() -> Any:
        raise error

    return give


def test_without_the_right_the_remedy_is_named(order: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, failing(PermissionError(errno.EPERM, "Operation not permitted")))
    with pytest.raises(UsageError, match=r"root \(sudo\).*CAP_NET_RAW.*setcap"):
        record(order, quietly)


def test_another_reason_is_given_as_it_is(order: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, failing(OSError(errno.ENODEV, "No such device")))
    with pytest.raises(UsageError, match=f"cannot capture on {LOOPBACK}: .*No such device"):
        record(order, quietly)


def test_an_interface_that_goes_down_ends_the_capture(order: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    packets: list[tuple[bytes | None, float | None]] = [(bytes(60), 1_700_000_000.5), (None, None), (bytes(60), None)]
    stand_in(monkeypatch, lambda: Listener(packets, OSError(errno.ENETDOWN, "Network is down")))
    recording = record(order, quietly)
    assert recording.packets == 2
    assert recording.notes() == [
        "the capture ended early: Network is down",
        "packets that came too fast to be captured, and are in no count: 2",
    ]


def test_a_full_disk_ends_the_capture(order: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    packets: list[tuple[bytes | None, float | None]] = [(bytes(1000), 1_700_000_000.5)] * 9
    stand_in(monkeypatch, lambda: Listener(packets))
    recording = record(Order(LOOPBACK, full, 1.0, order.max_bytes), quietly)
    assert 0 < recording.packets < 9
    assert recording.notes()[0] == "the capture ended early: No space left on device"


def test_any_other_fault_is_told_too(order: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, lambda: Listener([]))
    with pytest.raises(UsageError, match=f"cannot capture on {LOOPBACK}: none left"):
        record(order, quietly)


def test_interfaces_without_link_headers_are_raw_ip() -> None:
    assert live._link_type(IP) == 101
    assert live._link_type(Ether) == 1


def test_drops_that_the_kernel_does_not_tell_are_unknown() -> None:
    assert live._drops(SimpleNamespace()) is None
