"""shadowai and its peers on the same log, in one run, as ratios.

    python benchmarks/compare.py [--megabytes N] [--rounds N]

Makes a Squid log (make_log.py) in a temporary folder and runs whole processes on it in turn, caches warm (see race.py).
The peers do less than a scan (`grep` only finds lines), so a ratio says where we stand, not who is better.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from race import Contender, race

from shadowai.signatures import load_database, needles

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Make the log, run everybody, print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--megabytes", type=int, default=700, help="size of the log")
    parser.add_argument("--rounds", type=int, default=3, help="rounds; the median counts")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="shadowai-bench-") as folder:
        log, hosts = Path(folder, "access.log"), Path(folder, "hosts.txt")
        size = str(options.megabytes * 1_000_000)
        subprocess.run([sys.executable, HERE / "make_log.py", log, "--size", size], check=True)
        hosts.write_text("".join(f"{literal.text}\n" for literal in needles(load_database())), encoding="utf-8")
        print(f"\n{log.name}: {log.stat().st_size / 1e6:.0f} MB")
        _show(race(list(_contenders(log, hosts)), options.rounds))


def _contenders(path: Path, hosts: Path) -> Iterator[Contender]:
    ours = [sys.executable, "-c", "from shadowai.cli import main; main()"]
    yield Contender("shadowai scan", [*ours, "scan", "--quiet", path])
    yield Contender("shadowai scan, 1 worker", [*ours, "scan", "--quiet", "--workers", "1", path])
    yield Contender("grep -F -f hosts", ["grep", "-c", "-F", "-f", hosts, path])
    yield Contender("rg -F -f hosts", ["rg", "-c", "-F", "-f", hosts, path])
    yield Contender("wc -l", ["wc", "-l", path])


def _show(present: list[Contender]) -> None:
    ours = present[0].seconds
    print(f"{'':<26} {'seconds':>8} {'ratio':>7}")
    for one in present:
        print(f"{one.name:<26} {one.seconds:>8.2f} {one.seconds / ours:>6.2f}x")


if __name__ == "__main__":
    main()
