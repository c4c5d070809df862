"""Captures on the command line: from pipes, live, as rings, with TLS secrets."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from scapy.config import conf
from scapy.error import Scapy_Exception
from support.encrypted import (
    DATA,
    END_STREAM,
    H2_PREFACE,
    QuicSession,
    TlsSession,
    h2_frame,
    h2_headers,
    request_fields,
)

from shadowai.captures.live import Order, Recording
from shadowai.cli import cli
from shadowai.cli.live import BYTES, SECONDS, Amount
from shadowai.resources import samples

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

COMMAND = [sys.executable, "-c", "from shadowai.cli import main; main()"]
OFFICE = samples() / "office.pcapng"


def departments(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the departments without the names of the files behind their figures."""
    found = json.loads(json.dumps(result["departments"]))
    for use in (use for part in found for use in part["services"]):
        use["origins"] = sum(origin["detections"] for origin in use["origins"])
    return found


@pytest.fixture(autouse=True)
def one_worker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SHADOWAI_WORKERS", "1")
    monkeypatch.chdir(tmp_path)


def scan(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["scan", *map(str, arguments)])


def result_of(*arguments: str | Path) -> dict[str, Any]:
    done = scan(*arguments, "--json")
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def piped(shell: str) -> subprocess.CompletedProcess[bytes]:
    """Run a scan of what a real pipe brings."""
    command = " ".join(f"'{part}'" for part in COMMAND)
    return subprocess.run(f"{shell} | {command} scan - --json", shell=True, capture_output=True, check=False)  # noqa: S602  # the pipe is what is tested


@pytest.mark.parametrize("packed", [False, True])
def test_a_capture_from_a_pipe_is_read_as_the_file_is(packed: bool) -> None:  # noqa: FBT001  # a table of cases
    done = piped(f"cat '{OFFICE}'" + (" | gzip" if packed else ""))
    assert done.returncode == 0, done.stderr
    whole, named = json.loads(done.stdout), result_of(OFFICE)
    assert departments(whole) == departments(named)
    assert whole["sources"] == [named["sources"][0] | {"path": "-"}]


def test_tcpdump_may_write_to_the_pipe(require: Callable[[str], str]) -> None:
    require("tcpdump")
    done = piped(f"tcpdump -r '{OFFICE}' -w - 2>/dev/null")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["totals"] == result_of(OFFICE)["totals"]


def test_a_pipe_that_ends_inside_a_record_is_read_up_to_there() -> None:
    done = piped(f"head -c {OFFICE.stat().st_size // 2 + 7} '{OFFICE}'")
    assert done.returncode == 3
    (source,) = json.loads(done.stdout)["sources"]
    assert source["parsed"] > 100
    assert source["skipped"]["truncated"] == 1
    assert b"shadowai: -: packet" in done.stderr


def test_a_packed_pipe_that_breaks_off_is_read_up_to_there() -> None:
    half = len(gzip.compress(OFFICE.read_bytes())) // 2
    done = piped(f"gzip -c '{OFFICE}' | head -c {half}")
    assert done.returncode == 3
    (source,) = json.loads(done.stdout)["sources"]
    assert source["parsed"] > 100
    assert "truncated" in source["error"]


def test_an_empty_pipe_is_an_error() -> None:
    done = piped("true")
    assert done.returncode == 4
    assert b"shadowai: -: is empty" in done.stderr


def test_a_ring_of_files_is_one_capture(tmp_path: Path, require: Callable[[str], str]) -> None:
    require("openssl")
    session = TlsSession(tmp_path, "http/1.1", sni="chatgpt.com")
    session.say(bytes(30_000))
    whole = session.write("whole.pcap")
    files = [
        session.write(f"ring.pcap{at}", session.packets[begin:end])
        for at, (begin, end) in enumerate([(0, 3), (3, 12), (12, None)])
    ]
    one, ring = result_of(whole), result_of(*reversed(files))
    assert one["totals"]["bytes_up"] > 30_000
    assert ring["totals"] == one["totals"]
    assert departments(ring) == departments(one)
    assert sum(source["records"] for source in ring["sources"]) == one["sources"][0]["records"]


def upload(folder: Path, sni: str, hosts: dict[str, int]) -> TlsSession:
    """A TLS session with one HTTP/2 request to each host, with a body of that many bytes."""
    session = TlsSession(folder, "h2", sni=sni)
    session.say(H2_PREFACE)
    for number, (host, size) in enumerate(hosts.items()):
        session.say(h2_headers(2 * number + 1, request_fields(host, "/backend-api/conversation")))
        for at in range(0, size, 16_000):
            last = at + 16_000 >= size
            body = bytes(min(16_000, size - at))
            session.say(h2_frame(DATA, END_STREAM if last else 0, 2 * number + 1, body))
    return session


def bytes_up(result: dict[str, Any]) -> dict[str, int]:
    return {use["id"]: use["bytes_up"] for part in result["departments"] for use in part["services"]}


def test_bytes_inside_and_around_a_flow_are_not_added_twice(tmp_path: Path, require: Callable[[str], str]) -> None:
    require("tshark")
    require("openssl")
    session = upload(tmp_path, "chatgpt.com", {"chatgpt.com": 100_000})
    path = session.write()
    without = bytes_up(result_of(path))
    within = bytes_up(result_of(path, "--tls-keylog", session.keylog))
    assert without == within
    assert 100_000 < without["chatgpt"] < 104_000


def test_bytes_go_to_the_host_that_was_asked(tmp_path: Path, require: Callable[[str], str]) -> None:
    require("tshark")
    require("openssl")
    session = upload(tmp_path, "chatgpt.com", {"claude.ai": 50_000, "chatgpt.com": 10_000})
    found = bytes_up(result_of(session.write(), "--tls-keylog", session.keylog))
    assert found["claude"] == 50_000
    assert 10_000 < found["chatgpt"] < 14_000


def test_the_key_log_may_stand_in_the_configuration(tmp_path: Path, require: Callable[[str], str]) -> None:
    require("tshark")
    require("openssl")
    session = QuicSession(tmp_path, "cdn.example")
    session.ask("claude.ai", "/api/x", bytes(5000))
    session.close()
    path = session.write()
    assert bytes_up(result_of(path)) == {}
    Path("shadowai.toml").write_text(f'tls_keylog = "{session.keylog.name}"\n')
    assert bytes_up(result_of(path, "--config", tmp_path / "shadowai.toml")) == {"claude": 5000}


def test_a_capture_with_secrets_inside_is_read_deeply_by_itself(
    tmp_path: Path, require: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for tool in ("tshark", "editcap", "openssl"):
        require(tool)
    path = upload(tmp_path, "cdn.example", {"claude.ai": 3000}).write_with_secrets()
    assert bytes_up(result_of(path)) == {"claude": 3000}
    monkeypatch.setattr(shutil, "which", lambda _: None)
    without = result_of(path)
    assert bytes_up(without) == {}
    assert "holds TLS secrets" in without["sources"][0]["warnings"][0]
    assert "apt install tshark" in without["sources"][0]["warnings"][0]


def test_a_key_log_without_tshark_is_a_usage_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "keys.log").touch()
    monkeypatch.setattr(shutil, "which", lambda _: None)
    done = scan(OFFICE, "--tls-keylog", "keys.log")
    assert done.exception is not None
    assert "tshark, which reads inside TLS, is not installed" in str(done.exception)


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> list[Order]:
    """Have a live capture bring the office sample; the orders given are listed."""
    orders: list[Order] = []

    def record(order: Order, tell: Callable[[Recording], None]) -> Recording:
        orders.append(order)
        order.path.write_bytes(OFFICE.read_bytes())
        recording = Recording(packets=12_345, size=6_700_000, seconds=2.0, dropped=7)
        tell(recording)
        return recording

    monkeypatch.setattr("shadowai.captures.live.record", record)
    return orders


def test_a_live_capture_is_a_source(recorder: list[Order]) -> None:
    live = result_of("--live", "eth0", "--for", "10m", "--filter", "tcp port 443")
    assert departments(live) == departments(result_of(OFFICE))
    (source,) = live["sources"]
    assert source["path"] == "live:eth0"
    assert source["warnings"] == ["packets that came too fast to be captured, and are in no count: 7"]
    (order,) = recorder
    assert (order.interface, order.seconds, order.max_bytes, order.bpf) == ("eth0", 600, 1 << 30, "tcp port 443")
    assert not order.path.exists()


def test_a_live_capture_may_be_kept_and_observed(recorder: list[Order]) -> None:
    arguments = ["observe", "--live", "eth0", "--keep", "kept.pcapng", "--max-size", "500MB"]
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 0, done.output
    assert {json.loads(line)["log"]["file"]["path"] for line in done.stdout.splitlines()} == {"kept.pcapng"}
    assert Path("kept.pcapng").read_bytes() == OFFICE.read_bytes()
    assert (recorder[0].seconds, recorder[0].max_bytes) == (None, 500_000_000)


@pytest.mark.parametrize(("seconds", "left"), [("10m", "9:58 left"), (None, "Ctrl-C ends it")])
def test_a_terminal_shows_what_came_in(
    recorder: list[Order], monkeypatch: pytest.MonkeyPatch, seconds: str | None, left: str
) -> None:
    monkeypatch.setattr("shadowai.cli.live.is_terminal", lambda: True)
    done = scan("--live", "eth0", "--json", *(["--for", seconds] if seconds else []))
    assert f"capturing on eth0: 12,345 packets, 6.7 MB, {left}" in done.stderr
    assert recorder[0].interface == "eth0"
    assert "capturing" not in scan("--live", "eth0", "--quiet").stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "name what to read, or an interface with --live"),
        (("--for", "10m"), "--for goes with --live"),
        (("x.pcap", "--keep", "y"), "--keep goes with --live"),
        (("--live", "lo", "--max-size", "9"), "--max-size must be 65,536 bytes or more"),
        (("--live", "lo", "--for", "soon"), "'soon' is no duration, such as 30s, 10m or 2h"),
        (("--live", "lo", "--for", "0s"), "'0s' is no duration"),
        (("--live", "lo", "--for", "5x"), "'5x' is no duration"),
        (("--live", "lo", "--max-size", "1XB"), "'1XB' is no size, such as 500MB or 1GiB"),
        (("--live", "nowhere0"), "no interface 'nowhere0'; there are"),
    ],
)
def test_live_options_that_make_no_sense(arguments: tuple[str, ...], message: str) -> None:
    done = scan(*arguments)
    assert done.exit_code != 0
    assert message in done.output + str(done.exception)


@pytest.mark.parametrize(
    ("kind", "text", "amount"),
    [
        (SECONDS, "90", 90),
        (SECONDS, "1.5m", 90),
        (SECONDS, "2 h", 7200),
        (SECONDS, "1d", 86_400),
        (BYTES, "70000", 70_000),
        (BYTES, "1G", 10**9),
        (BYTES, "2GiB", 2 << 30),
        (BYTES, "64kib", 1 << 16),
    ],
)
def test_amounts_have_units(kind: dict[str, int], text: str, amount: float) -> None:
    assert Amount("amount", kind, "x").convert(text, None, None) == amount


def test_ctrl_c_ends_a_live_capture_and_reports(tmp_path: Path) -> None:
    try:
        conf.L2socket(iface=conf.loopback_name).close()
    except (OSError, Scapy_Exception) as error:
        pytest.skip(f"may not capture here: {error}")
    kept = tmp_path / "kept.pcapng"
    arguments = ["scan", "--live", conf.loopback_name, "--keep", str(kept), "--json"]
    running = subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    limit = time.monotonic() + 60
    while not kept.exists() and time.monotonic() < limit:
        time.sleep(0.05)
    time.sleep(0.3)
    os.kill(running.pid, signal.SIGINT)
    stdout, stderr = running.communicate(timeout=60)
    assert running.returncode == 0, stderr
    (source,) = json.loads(stdout)["sources"]
    assert source["path"] == str(kept)


def split(whole: Path, folder: Path, count: int) -> list[Path]:
    """Cut a little-endian pcap into files of some packets each, as tcpdump names them."""
    content = whole.read_bytes()
    at, files = 24, []
    while at < len(content):
        begin = at
        for _ in range(count):
            at += 16 + int.from_bytes(content[at + 8 : at + 12], "little") if at < len(content) else 0
        files.append(folder / f"ring.pcap{len(files) or ''}")
        files[-1].write_bytes(content[:24] + content[begin:at])
    return files


def observed(*files: Path) -> list[str]:
    """Observe files; every observation without the place where it was read, sorted."""
    done = CliRunner().invoke(cli, ["observe", *map(str, files)])
    assert done.exit_code == 0, done.output
    found = []
    for line in done.stdout.splitlines():
        seen = json.loads(line)
        del seen["log"], seen["shadowai"]["packet"]
        found.append(json.dumps(seen, sort_keys=True))
    return sorted(found)


def test_observing_a_ring_gives_what_the_whole_gives(tmp_path: Path) -> None:
    whole = samples() / "branch.pcap"
    files = split(whole, tmp_path, 300)
    assert len(files) > 2
    assert observed(*reversed(files)) == observed(whole)
