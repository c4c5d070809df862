"""shadowai and its peers on the same log, in one run: seconds, MB/s, memory, ratios.

    python benchmarks/logs.py [--kind squid|zeek-dns|pan-os] [--size 850MB] [--ai 2] [--gzip] [--rounds 3] [--keep FILE]

Makes a log (make_log.py) and runs whole processes on it in turn, caches warm (see race.py). `grep` and `rg` get the
database's domains and only find lines; DuckDB and polars parse every line and count by user and host (count_log.py),
which is the least that answers the question; `shadowai scan` also tells services apart, attributes, and writes the
whole report. So a ratio says where we stand, not who is better. Peers that are not installed are left out and named.
"""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from make_log import KINDS
from race import Contender, race

from shadowai.signatures import load_database
from shadowai.signatures.kinds import IndicatorKind

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).resolve().parent
US, ALONE, RG, DUCKDB, POLARS = "shadowai scan", "shadowai scan, 1 worker", "rg -F -f domains", "DuckDB", "polars"
TABLES = {DUCKDB: "duckdb", POLARS: "polars"}
GOALS = {RG: 1.0, DUCKDB: 8.0, POLARS: 8.0}
"""Times as fast as the peer that we mean to be."""
MOST_MEMORY = 500  # MB, of all our processes together
LEAST_RECORDS = 250_000  # a second and core, where every record is about AI
ALL = 100  # percent


def main() -> None:
    """Make the log, run everybody, print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kind", choices=KINDS, default="squid")
    parser.add_argument("--size", default="850MB", help="size of the log, such as 850MB or 3GB")
    parser.add_argument("--ai", type=float, default=2, help="percent of the records that go to AI services")
    parser.add_argument("--gzip", action="store_true", help="read it compressed, beside gzip -dc")
    parser.add_argument("--rounds", type=int, default=3, help="rounds; the median counts")
    parser.add_argument("--keep", type=Path, help="make the log here, or use the one that is here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="shadowai-bench-") as folder:
        path = options.keep or Path(folder, f"{options.kind}.log{'.gz' if options.gzip else ''}")
        if not path.exists():
            what = ["--kind", options.kind, "--size", options.size, "--ai", str(options.ai)]
            subprocess.run([sys.executable, HERE / "make_log.py", path, *what], check=True)
        size, records = measure(path, compressed=options.gzip)
        print(f"\n{path.name}: {size / 1e6:,.0f} MB, {records:,} records, {options.ai:g} % AI, {options.rounds} rounds")
        domains = Path(folder, "domains.txt")
        domains.write_text("".join(f"{name}\n" for name in names()), encoding="utf-8")
        out = Path(folder, "report")
        which = zipped(path, out) if options.gzip else plain(path, options.kind, domains, out)
        present = race(list(which), options.rounds)
        show(present, size)
        judge(present, records, all_ai=options.ai >= ALL)


def names() -> list[str]:
    """List the hosts and domains of the database."""
    kinds = (IndicatorKind.DOMAIN, IndicatorKind.HOST)
    return sorted({one.indicator for one in load_database().indicators if one.kind in kinds})


def scans(path: Path, out: Path) -> Iterator[Contender]:
    """Give our own runs: the whole job, with its reports."""
    ours: list[str | Path] = [
        sys.executable,
        "-c",
        "from shadowai.cli import main; main()",
        "scan",
        "--quiet",
        "--out",
        out,
    ]
    yield Contender(US, [*ours, path])
    yield Contender(ALONE, [*ours, "--workers", "1", path])


def plain(path: Path, kind: str, domains: Path, out: Path) -> Iterator[Contender]:
    """Give the programs to run on a plain log."""
    yield from scans(path, out)
    yield Contender("grep -F -f domains", ["grep", "-c", "-F", "-f", domains, path])
    yield Contender(RG, ["rg", "-c", "-F", "-f", domains, path])
    for name, module in TABLES.items():
        if importlib.util.find_spec(module):
            yield Contender(name, [sys.executable, HERE / "count_log.py", module, kind, path, domains])
        else:
            print(f"not installed here: {name} (pip install {module})")


def zipped(path: Path, out: Path) -> Iterator[Contender]:
    """Give the programs to run on a compressed log: what unpacking alone takes, by zlib and by ISA-L."""
    yield from scans(path, out)
    yield Contender("gzip -dc", ["gzip", "-dc", path])
    unpack = "import sys\nfrom isal import igzip\nwith igzip.open(sys.argv[1]) as log:\n while log.read(1 << 20): pass"
    yield Contender("isal, unpacking alone", [sys.executable, "-c", unpack, path])


def measure(path: Path, *, compressed: bool) -> tuple[int, int]:
    """Count a log's bytes, unpacked, and its lines."""
    command: list[str | Path] = ["gzip", "-dc", path] if compressed else ["cat", path]
    size = lines = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE) as reading:
        while piece := reading.stdout.read(1 << 20) if reading.stdout else b"":
            size, lines = size + len(piece), lines + piece.count(b"\n")
    return size, lines


def show(present: list[Contender], size: int) -> None:
    """Print the table."""
    heads = ("median s", "least s", "MB/s", "all MB", "ratio")
    print(" " * 25 + "".join(f"{head:>12}" for head in heads))
    ours = present[0].seconds
    for one in present:
        together = [run.together for run in one.runs if run.together is not None]
        values = (
            f"{one.seconds:.2f}",
            f"{min(run.seconds for run in one.runs):.2f}",
            f"{size / 1e6 / one.seconds:,.0f}",
            f"{max(together) / 1e6:,.0f}" if together else "?",
            f"{one.seconds / ours:.2f}",
        )
        print(f"{one.name:<25}" + "".join(f"{value:>12}" for value in values))


def judge(present: list[Contender], records: int, *, all_ai: bool) -> None:
    """Say whether the goals are reached."""
    ours = present[0]
    for one in present:
        if (goal := GOALS.get(one.name)) is not None and not all_ai:
            print(f"goal beside {one.name}: {goal:g} times as fast; it is {one.seconds / ours.seconds:.3g} times")
    together = [run.together for run in ours.runs if run.together is not None]
    if together:
        print(f"goal for memory: less than {MOST_MEMORY} MB; it is {max(together) / 1e6:,.0f} MB")
    if all_ai:
        alone = present[1].seconds
        print(f"goal a core: {LEAST_RECORDS:,} records/s; it is {records / alone:,.0f}, start and report included")


if __name__ == "__main__":
    main()
