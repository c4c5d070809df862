"""shadowai and its peers on the same capture, in one run: seconds, packets a second, memory, ratios.

    python benchmarks/captures.py [--size 700MB] [--vxlan] [--dns] [--rounds 3] [--keep FILE]

Makes a capture (make_capture.py) and runs whole processes on it in turn, caches warm (see race.py). The peers do other
work: tcpdump only filters packets, tshark prints names, ndpiReader tells applications by its own tables, while
`shadowai scan` also matches, attributes and reports. So a ratio says where we stand, not who is better. Peers that are
not installed are left out and named.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from race import Contender, race

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).resolve().parent
RECORD_HEADER = 16  # bytes of a pcap record in front of its packet
FILE_HEADER = 24  # bytes
US, TCPDUMP, TSHARK, NDPI = "shadowai scan", "tcpdump (one filter)", "tshark (names)", "ndpiReader"
GOALS = {TSHARK: 40.0, NDPI: 4.0, TCPDUMP: 1 / 8}
"""Times as fast as the peer that we mean to be."""


def main() -> None:
    """Make the capture, run everybody, print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--size", default="700MB", help="size of the capture, such as 700MB or 3GB")
    parser.add_argument("--vxlan", action="store_true", help="each frame in a VXLAN packet")
    parser.add_argument("--dns", action="store_true", help="DNS alone, as before a resolver; try 90MB")
    parser.add_argument("--rounds", type=int, default=3, help="rounds; the median counts")
    parser.add_argument("--keep", type=Path, help="make the capture here, or use the one that is here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="shadowai-bench-") as folder:
        path = options.keep or Path(folder, "bench.pcap")
        if not path.exists():
            more = [f"--{kind}" for kind in ("vxlan", "dns") if getattr(options, kind)]
            subprocess.run([sys.executable, HERE / "make_capture.py", path, "--size", options.size, *more], check=True)
        show(race(list(contenders(path)), options.rounds), path)


def contenders(path: Path) -> Iterator[Contender]:
    """Give the programs to run on a capture."""
    ours = [sys.executable, "-c", "from shadowai.cli import main; main()"]
    yield Contender(US, [*ours, "scan", "--quiet", path])
    yield Contender("shadowai scan, 1 worker", [*ours, "scan", "--quiet", "--workers", "1", path])
    yield Contender("shadowai observe", [*ours, "observe", "--out", "/dev/null", path])
    yield Contender(TCPDUMP, ["tcpdump", "-r", path, "-w", "/dev/null", "tcp port 443"])
    fields = ["-e", "tls.handshake.extensions_server_name", "-e", "dns.qry.name"]
    yield Contender(TSHARK, ["tshark", "-n", "-r", path, "-Y", "tls.handshake.type==1 or dns", "-T", "fields", *fields])
    yield Contender(NDPI, ["ndpiReader", "-i", path, "-q"])


def show(present: list[Contender], path: Path) -> None:
    """Print the table, and whether the goals are reached."""
    size, packets = path.stat().st_size, count_packets(path)
    print(f"\n{path.name}: {size / 1e6:,.0f} MB, {packets:,} packets, {len(present[0].runs)} rounds")
    heads = ("median s", "least s", "packets/s", "MB/s", "largest MB", "all MB", "ratio")
    print(" " * 25 + "".join(f"{head:>12}" for head in heads))
    ours = next(one for one in present if one.name == US)
    for one in present:
        together = [run.together for run in one.runs if run.together is not None]
        values = (
            f"{one.seconds:.2f}",
            f"{min(run.seconds for run in one.runs):.2f}",
            f"{packets / one.seconds:,.0f}",
            f"{size / 1e6 / one.seconds:,.0f}",
            f"{max(run.largest for run in one.runs) / 1e6:,.0f}",
            f"{max(together) / 1e6:,.0f}" if together else "?",
            f"{one.seconds / ours.seconds:.2f}",
        )
        print(f"{one.name:<25}" + "".join(f"{value:>12}" for value in values))
    for one in present:
        if (goal := GOALS.get(one.name)) is not None:
            reached = one.seconds / ours.seconds
            print(f"goal beside {one.name}: {goal:g} times as fast; it is {reached:.3g} times")


def count_packets(path: Path) -> int:
    """Count the records of a little-endian pcap file, as make_capture.py writes it."""
    count, at, size = 0, FILE_HEADER, path.stat().st_size
    with path.open("rb") as file:
        while at < size:
            file.seek(at + 8)
            at += RECORD_HEADER + int.from_bytes(file.read(4), "little")
            count += 1
    return count


if __name__ == "__main__":
    main()
