"""Files and syslog against real servers that take, refuse, stall and reset."""

from __future__ import annotations

import os
import re
import socket
import ssl
from typing import TYPE_CHECKING, Any

import pytest
from support.sending import LINES, Told, sender, target
from support.servers import Authority, authority, free_port, tcp_server

from shadowai.exports.lines import Line, pack
from shadowai.exports.outcome import Fate, reason_of
from shadowai.exports.syslog import escape, framed, message

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("tls"))


# --- files


def test_a_file_grows_by_whole_packages(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "out.jsonl"
    files = sender(to="file", path=path)
    told = Told()
    assert files.send(pack(LINES), told).fate is Fate.SENT
    assert files.send(pack(LINES[:1]), told).fate is Fate.SENT
    assert path.read_text() == '{"a":1}\n{"b":2}\n{"c":3}\n{"a":1}\n'
    assert told.times == 2
    assert path.stat().st_mode & 0o777 == 0o640
    files.close()


@pytest.mark.parametrize("kept", [0, 3, 8, 9, 23, 24])
def test_after_a_crash_a_package_is_neither_lost_nor_doubled(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "out"
    before = '{"earlier":0}\n'
    whole = '{"a":1}\n{"b":2}\n{"c":3}\n'
    path.write_text(before + whole[:kept])
    assert sender(to="file", path=path).send(pack(LINES), Told(), again=True).fate is Fate.SENT
    text = path.read_text()
    assert text == before + whole


def test_a_file_that_cannot_be_written_waits(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    outcome = sender(to="file", path=tmp_path / "file" / "below").send(pack(LINES), Told())
    assert outcome.fate is Fate.LATER
    assert "file" in outcome.why


def test_a_full_disk_leaves_no_half_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out"
    path.write_text("earlier\n")
    real = os.write
    calls = iter([5])

    def full(handle: int, data: Any) -> int:  # a buffer
        size = next(calls, None)
        if size is None:
            raise OSError(28, "No space left on device")
        return real(handle, bytes(data)[:size])

    monkeypatch.setattr(os, "write", full)
    outcome = sender(to="file", path=path).send(pack(LINES), Told())
    assert outcome.fate is Fate.LATER
    assert "No space left" in outcome.why
    assert path.read_text() == "earlier\n"


# --- syslog

HEADER = re.compile(rb"<(\d+)>1 (\S+) (\S+) shadowai \d+ finding (\[.*?[^\\]\]) (.*)", re.DOTALL)


def test_a_message_is_rfc_5424() -> None:
    syslog = target(to="syslog", host="h", hostname="scanner.example.com", facility=13)
    found = HEADER.fullmatch(message(syslog, LINES[0]))
    assert found is not None
    priority, time, host, data, body = found.groups()
    assert int(priority) == 13 * 8 + 3  # log audit, error (RFC 5424 section 6.2.1)
    assert time == b"2023-11-14T22:13:20.123Z"
    assert (host, body) == (b"scanner.example.com", b'{"a":1}')
    assert data == b'[shadowai@32473 uid="u1" format="ecs"]'


def test_a_parameter_is_escaped() -> None:
    assert escape('a"b\\c]d') == 'a\\"b\\\\c\\]d'


def test_utf_8_has_a_byte_order_mark_unless_told_otherwise() -> None:
    line = Line("u", 0, 1, "CEF:0|Zoë")
    assert message(target(to="syslog", host="h", format="cef"), line).endswith(b"] \xef\xbb\xbfCEF:0|Zo\xc3\xab")
    assert message(target(to="syslog", host="h", format="cef", bom=False), line).endswith(b"] CEF:0|Zo\xc3\xab")


def test_framing() -> None:
    counted, lined = target(to="syslog", host="h"), target(to="syslog", host="h", protocol="tcp", framing="lines")
    assert framed(counted, [b"ab", b"c\nd"]) == b"2 ab3 c\nd"
    assert framed(lined, [b"ab", b"c\nd"]) == b"ab\nc d\n"


def split_octets(stream: bytes) -> list[bytes]:
    """Take a stream apart by RFC 6587 section 3.4.1."""
    found = []
    while stream:
        length, _, rest = stream.partition(b" ")
        found.append(rest[: int(length)])
        stream = rest[int(length) :]
    return found


def test_tcp_with_octet_counting() -> None:
    with tcp_server() as server:
        told = Told()
        outcome = sender(to="syslog", host="127.0.0.1", port=server.port, protocol="tcp").send(pack(LINES), told)
        assert outcome.fate is Fate.SENT
        assert told.times == 1
    bodies = [HEADER.fullmatch(one) for one in split_octets(server.received[0])]
    assert [one[5] for one in bodies if one] == [line.text.encode() for line in LINES]


def test_tls_is_checked(tls: Authority, tmp_path: Path) -> None:
    with tcp_server(tls.context()) as server:
        good = sender(to="syslog", host="localhost", port=server.port, ca_file=tls.ca)
        assert good.send(pack(LINES), Told()).fate is Fate.SENT
        stranger = authority(tmp_path / "other")
        told = Told()
        bad = sender(to="syslog", host="localhost", port=server.port, ca_file=stranger.ca).send(pack(LINES), told)
        assert (bad.fate, told.times) == (Fate.LATER, 0)
        assert "certificate" in bad.why.lower()
    assert len(split_octets(server.received[0])) == 3


def test_a_server_that_wants_a_certificate_turns_us_away(tls: Authority) -> None:
    context = tls.context()
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(tls.ca)
    with tcp_server(context) as server:
        values = {"to": "syslog", "host": "localhost", "port": server.port, "ca_file": tls.ca}
        assert sender(**values).send(pack(LINES), Told()).fate is Fate.LATER
        ours = sender(**values, certificate=tls.certificate, key=tls.key)
        assert ours.send(pack(LINES), Told()).fate is Fate.SENT


def test_a_reset_leaves_a_doubt() -> None:
    with tcp_server(reset_after=10) as server:
        syslog = sender(to="syslog", host="127.0.0.1", port=server.port, protocol="tcp")
        outcome = syslog.send(pack(LINES * 50), Told())
    assert (outcome.fate, outcome.down) == (Fate.DOUBT, True)


def test_nobody_listens() -> None:
    told = Told()
    outcome = sender(to="syslog", host="127.0.0.1", port=free_port(), protocol="tcp").send(pack(LINES), told)
    assert (outcome.fate, told.times) == (Fate.LATER, 0)
    assert "refused" in outcome.why


def test_udp() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(5)
        port = server.getsockname()[1]
        long = Line("u4", 0, 1, "x" * 9000)
        syslog = sender(to="syslog", host="127.0.0.1", port=port, protocol="udp")
        outcome = syslog.send(pack((*LINES, long)), Told())
        assert (outcome.fate, outcome.refused) == (Fate.SENT, 1)
        assert "max_bytes" in outcome.why
        assert [server.recv(9000).rpartition(b" ")[2] for _ in LINES] == [one.text.encode() for one in LINES]


def test_udp_where_nobody_listens() -> None:
    syslog = sender(to="syslog", host="127.0.0.1", port=free_port(), protocol="udp")
    assert syslog.send(pack(LINES), Told()).fate is Fate.LATER
    assert sender(to="syslog", host="no.invalid", protocol="udp").send(pack(LINES), Told()).fate is Fate.LATER


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(28, "No space left on device"), "No space left on device"),
        (OSError("no route"), "no route"),
        (TimeoutError(), "TimeoutError"),
        (ValueError("odd"), "odd"),
    ],
)
def test_a_failure_always_has_a_reason(error: Exception, told: str) -> None:
    assert reason_of(error) == told
