"""Capture from an interface into a file, with scapy: what `--live` does before the usual reading begins.

Packets are written down as they come, undissected, so that a busy interface is kept up with for longer. Needs the right
to open raw sockets.
"""

from __future__ import annotations

import errno
import signal
import socket
import struct
import threading
import time
from contextlib import closing, contextmanager, suppress
from ctypes.util import find_library
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scapy.config import conf
from scapy.error import Scapy_Exception
from scapy.layers.inet import IP
from scapy.layers.inet6 import IPv6
from scapy.utils import PcapNgWriter

from shadowai.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import FrameType

TURN = 0.2  # seconds to wait for a packet before clock and interrupts are looked at
LARGEST = 0xFFFF + 64  # bytes of a packet that segmentation offload has not cut yet, and of its headers
BUFFER = 32 << 20  # bytes that the kernel may keep for us while we write
BLOCK_BYTES = 44  # of a pcapng packet block beside the packet, padding included
RAW_IP = 101  # LINKTYPE of interfaces whose packets have no link header
SO_RCVBUFFORCE, SOL_PACKET, PACKET_STATISTICS = 33, 263, 6  # Linux: asm/socket.h, linux/socket.h, linux/if_packet.h
STATISTICS = struct.Struct("II")  # packets, and drops among them
ENDINGS = frozenset({errno.ENETDOWN, errno.ENXIO, errno.ENODEV, errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""Errors that end a capture early, with what came before them: the interface or the disk has no more to give."""
PRIVILEGES = (
    "needs the right to capture: run it as root (sudo), or give this Python the capability CAP_NET_RAW with"
    " `sudo setcap cap_net_raw,cap_net_admin+eip` and the path of its interpreter"
)


@dataclass(frozen=True, slots=True)
class Order:
    """What to capture: for how many seconds (None: until interrupted), up to how many bytes of file, by which filter.

    `bpf` is a filter in the language of pcap-filter(7).
    """

    interface: str
    path: Path
    seconds: float | None
    max_bytes: int
    bpf: str | None = None


@dataclass(slots=True)
class Recording:
    """What has been captured so far. `dropped` is what the kernel had no room for, None where it does not say."""

    packets: int = 0
    size: int = 0
    seconds: float = 0.0
    dropped: int | None = None
    is_full: bool = False
    is_interrupted: bool = False
    fault: str | None = None

    def notes(self) -> list[str]:
        """Say what is missing from the recording, in sentences for the user."""
        found = []
        if self.is_full:
            found.append("the capture reached its greatest size and ended early; more may be had with --max-size")
        if self.fault:
            found.append(f"the capture ended early: {self.fault}")
        if self.dropped:
            found.append(f"packets that came too fast to be captured, and are in no count: {self.dropped}")
        if not self.packets:
            found.append("no packet was captured")
        return found


def interfaces() -> list[str]:
    """List the machine's network interfaces by name."""
    return sorted(name for _, name in socket.if_nameindex())


def record(order: Order, tell: Callable[[Recording], None]) -> Recording:
    """Capture into `order.path` until the time is over, the file is full or Ctrl-C is pressed (again: it aborts).

    `tell` is called a few times a second. UsageError where there is no such interface, no right to capture or no such
    filter.
    """
    if order.interface not in interfaces():
        raise UsageError(f"no interface {order.interface!r}; there are {', '.join(interfaces())}")
    with closing(_open(order)) as listener, _writer(order.path) as writer, _interrupts() as interrupted:
        writer.linktype = _link_type(listener.LL)
        recording = Recording()
        begin = time.monotonic()
        try:
            _collect(listener, writer, order, (recording, tell, interrupted))
        except OSError as error:
            if error.errno not in ENDINGS:
                raise UsageError(f"cannot capture on {order.interface}: {error.strerror}") from error
            recording.fault = str(error.strerror)
        recording.seconds = time.monotonic() - begin
        recording.is_interrupted = interrupted.is_set()
        recording.dropped = _drops(listener)
    return recording


def _collect(
    listener: Any,  # noqa: ANN401  # scapy is untyped
    writer: PcapNgWriter,
    order: Order,
    state: tuple[Recording, Callable[[Recording], None], threading.Event],
) -> None:
    recording, tell, interrupted = state
    begin = told = time.monotonic()
    writer.write_header(b"")
    while not interrupted.is_set():
        now = time.monotonic()
        recording.seconds = now - begin
        if order.seconds is not None and recording.seconds >= order.seconds:
            return
        if now - told >= TURN:
            tell(recording)
            told = now
        if not listener.select([listener], TURN):
            continue
        _, packet, moment = listener.recv_raw(LARGEST)
        if packet is None:  # the outgoing copy of a packet that the loopback interface gives twice
            continue
        if recording.size + len(packet) + BLOCK_BYTES > order.max_bytes:
            recording.is_full = True
            return
        writer.write_packet(packet, sec=moment or time.time())
        recording.packets += 1
        recording.size += len(packet) + BLOCK_BYTES


def _open(order: Order) -> Any:  # noqa: ANN401  # scapy is untyped
    """Open scapy's listening socket; on the loopback interface the one that leaves out outgoing copies."""
    loopback = order.interface == conf.loopback_name
    try:
        listener = (conf.L2socket if loopback else conf.L2listen)(iface=order.interface, filter=order.bpf)
    except PermissionError as error:
        raise UsageError(f"capturing on {order.interface} {PRIVILEGES}") from error
    except (Scapy_Exception, OSError) as error:
        if order.bpf:
            remedy = "" if find_library("pcap") else "; install libpcap, which reads filters (Debian: libpcap0.8)"
            raise UsageError(f"the filter {order.bpf!r} cannot be used: {error}{remedy}") from error
        raise UsageError(f"cannot capture on {order.interface}: {error}") from error
    with suppress(OSError, AttributeError):
        listener.ins.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER)
    return listener


@contextmanager
def _writer(path: Path) -> Iterator[PcapNgWriter]:
    try:
        writer = PcapNgWriter(str(path))
    except OSError as error:
        raise UsageError(f"cannot be written: {error.strerror}", where=path) from error
    try:
        yield writer
    finally:
        with suppress(OSError):  # a full disk: that was told when it was met
            writer.close()


def _link_type(kind: Any) -> int:  # noqa: ANN401  # scapy is untyped
    """Give the LINKTYPE of what a listening socket hears."""
    return RAW_IP if kind in (IP, IPv6) else int(conf.l2types.layer2num[kind])


def _drops(listener: Any) -> int | None:  # noqa: ANN401  # scapy is untyped
    """Ask the kernel how many packets it dropped (packet(7)); None where it cannot be asked."""
    try:
        _, dropped = STATISTICS.unpack(listener.ins.getsockopt(SOL_PACKET, PACKET_STATISTICS, STATISTICS.size))
    except (OSError, AttributeError, struct.error):
        return None
    return int(dropped)


@contextmanager
def _interrupts() -> Iterator[threading.Event]:
    """Note the first Ctrl-C rather than stop by it; the second does what it always does."""
    seen = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield seen
        return
    before = signal.getsignal(signal.SIGINT)

    def note(_number: int, _frame: FrameType | None) -> None:
        seen.set()
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, note)
    try:
        yield seen
    finally:
        signal.signal(signal.SIGINT, before)
