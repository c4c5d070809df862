"""Run programs in turn and compare them: time of the whole process, and memory with all it starts.

Rounds are interleaved, so that a busy minute of the machine hits everybody; the median of the rounds stands, with the
least beside it. Memory is the largest resident set of one process, as the kernel keeps it (wait4), and the sum of what
all processes hold at a time besides the pages of files, sampled.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

INTERVAL = 0.1  # seconds between samples of memory
FINE = (0, 1)  # grep ends with 1 where nothing matched
KIB = 1_024  # ru_maxrss and /proc count in these


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a program: seconds, and bytes of memory; `together` None where there is no /proc."""

    seconds: float
    largest: int
    together: int | None


@dataclass(slots=True)
class Contender:
    """A program to run: what it is called in the table, its command line, and its runs."""

    name: str
    command: Sequence[str | Path]
    runs: list[Run] = field(default_factory=list)

    @property
    def is_installed(self) -> bool:
        """Whether its program is on this machine."""
        return shutil.which(str(self.command[0])) is not None

    @property
    def seconds(self) -> float:
        """The median of the runs' seconds."""
        return median(run.seconds for run in self.runs)


def race(contenders: Sequence[Contender], rounds: int) -> list[Contender]:
    """Run everybody that is installed, in turn, so many rounds; those that are not are named and left out."""
    present = [one for one in contenders if one.is_installed]
    for _ in range(rounds):
        for one in present:
            one.runs.append(run(one))
    missing = [one.name for one in contenders if not one.is_installed]
    if missing:
        print(f"not installed here: {', '.join(missing)}")
    return present


def run(contender: Contender) -> Run:
    """Run a program to its end; what goes wrong is printed."""
    # Output goes through a pipe, not to /dev/null: grep would stop there at its first hit.
    with tempfile.TemporaryFile() as errors:
        begin = time.perf_counter()
        started = subprocess.Popen(contender.command, stdout=subprocess.PIPE, stderr=errors)
        sampler = _Sampler(started.pid)
        sampler.start()
        if started.stdout:
            while started.stdout.read(1 << 20):
                pass
        _, status, usage = os.wait4(started.pid, 0)
        seconds = time.perf_counter() - begin
        started.returncode = os.waitstatus_to_exitcode(status)
        sampler.stop()
        if started.returncode not in FINE:
            errors.seek(0)
            print(f"{contender.name} ended with {started.returncode}: {errors.read()[-200:].decode(errors='replace')}")
    return Run(seconds, usage.ru_maxrss * KIB, sampler.most)


class _Sampler(threading.Thread):
    """Samples what a process and its descendants hold in memory; `most` is the largest sum seen."""

    def __init__(self, root: int) -> None:
        super().__init__(daemon=True)
        self.most: int | None = None
        self._root = root
        self._ended = threading.Event()

    def run(self) -> None:
        """Sample until stopped."""
        if not Path("/proc/self/status").exists():
            return
        while not self._ended.wait(INTERVAL):
            self.most = max(self.most or 0, sum(_anonymous(pid) for pid in _family(self._root)))

    def stop(self) -> None:
        """End sampling."""
        self._ended.set()
        self.join()


def _family(root: int) -> list[int]:
    """List a process and its descendants."""
    found = [root]
    for pid in found:
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            try:
                found += map(int, children.read_text().split())
            except OSError:  # it has just ended
                continue
    return found


def _anonymous(pid: int) -> int:
    """Give a process's resident memory that is no file's, in bytes; 0 where it has just ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * KIB for line in lines if line.startswith("RssAnon:"))
