"""shadowai and its peers on the same files, in one run, as ratios.

    python benchmarks/compare.py [--megabytes N] [--rounds N]

Makes a capture and a Squid log (see make_capture.py and make_log.py) in a temporary folder and times whole processes:
the best of the rounds, caches warm. The peers do less or other work than a scan (`grep` only finds lines, `tcpdump`
only filters packets, `tshark` only prints names), so a ratio says where we stand, not who is better. Peers that are not
installed are left out and named.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from shadowai.signatures import load_database, needles

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HERE = Path(__file__).resolve().parent
_FINE = (0, 1)  # grep ends with 1 where nothing matched
PACKETS_PER_MEGABYTE = 2_800  # of the mix that make_capture.py writes


@dataclass(frozen=True, slots=True)
class Contender:
    """A program to time: what it is called in the table and its command line."""

    name: str
    command: Sequence[str | Path]

    @property
    def is_installed(self) -> bool:
        """Whether its program is on this machine."""
        return shutil.which(str(self.command[0])) is not None


def main() -> None:
    """Make the inputs, time everybody, print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--megabytes", type=int, default=700, help="size of each input")
    parser.add_argument("--rounds", type=int, default=3, help="rounds; the best counts")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="shadowai-bench-") as folder:
        capture, log, hosts = _inputs(Path(folder), options.megabytes)
        for path, contenders in ((capture, _capture_contenders(capture)), (log, _log_contenders(log, hosts))):
            print(f"\n{path.name}: {path.stat().st_size / 1e6:.0f} MB")
            _race(list(contenders), options.rounds)


def _inputs(folder: Path, megabytes: int) -> tuple[Path, Path, Path]:
    capture, log, hosts = folder / "bench.pcap", folder / "access.log", folder / "hosts.txt"
    packets, size = megabytes * PACKETS_PER_MEGABYTE, megabytes * 1_000_000
    subprocess.run([sys.executable, HERE / "make_capture.py", capture, "--packets", str(packets)], check=True)
    subprocess.run([sys.executable, HERE / "make_log.py", log, "--size", str(size)], check=True)
    hosts.write_text("".join(f"{literal.text}\n" for literal in needles(load_database())), encoding="utf-8")
    return capture, log, hosts


def _shadowai() -> list[str]:
    return [sys.executable, "-c", "from shadowai.cli import main; main()"]


def _capture_contenders(path: Path) -> Iterator[Contender]:
    yield Contender("shadowai scan", [*_shadowai(), "scan", "--quiet", path])
    yield Contender("shadowai observe", [*_shadowai(), "observe", "--out", "/dev/null", path])
    yield Contender("tcpdump (one filter)", ["tcpdump", "-r", path, "-w", "/dev/null", "tcp port 443"])
    fields = ["-e", "tls.handshake.extensions_server_name", "-e", "dns.qry.name"]
    names = ["-Y", "tls.handshake.type==1 or dns", "-T", "fields", *fields]
    yield Contender("tshark (names)", ["tshark", "-n", "-r", path, *names])
    yield Contender("ndpiReader", ["ndpiReader", "-i", path, "-q"])


def _log_contenders(path: Path, hosts: Path) -> Iterator[Contender]:
    yield Contender("shadowai scan", [*_shadowai(), "scan", "--quiet", path])
    yield Contender("shadowai scan, 1 worker", [*_shadowai(), "scan", "--quiet", "--workers", "1", path])
    yield Contender("grep -F -f hosts", ["grep", "-c", "-F", "-f", hosts, path])
    yield Contender("rg -F -f hosts", ["rg", "-c", "-F", "-f", hosts, path])
    yield Contender("wc -l", ["wc", "-l", path])


def _race(contenders: Sequence[Contender], rounds: int) -> None:
    best = {one.name: min(_seconds(one) for _ in range(rounds)) for one in contenders if one.is_installed}
    ours = best["shadowai scan"]
    print(f"{'':<26} {'seconds':>8} {'ratio':>7}")
    for name, seconds in best.items():
        print(f"{name:<26} {seconds:>8.2f} {seconds / ours:>6.2f}x")
    missing = [one.name for one in contenders if not one.is_installed]
    if missing:
        print(f"not installed here: {', '.join(missing)}")


def _seconds(contender: Contender) -> float:
    begin = time.perf_counter()
    # Into a pipe: grep stops at its first hit where its output goes to /dev/null.
    done = subprocess.run(contender.command, capture_output=True, check=False)
    seconds = time.perf_counter() - begin
    if done.returncode not in _FINE:
        print(f"{contender.name} ended with {done.returncode}: {done.stderr.decode()[-200:].strip()}")
    return seconds


if __name__ == "__main__":
    main()
