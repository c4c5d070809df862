"""How long the report of a month takes that has ten million rows of activity, and how much memory.

    python benchmarks/history.py [--rows N] [--url postgresql+psycopg://...] [--keep DIR]

3,000 people of twelve departments, thirty days, visits of some eleven minutes, each seen by a proxy (with the user), by
DNS and by a capture (with the address alone). The history is on SQLite unless a database is named, which is filled.
Each step runs in a process of its own: what is told is its processor time, and its largest memory.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from shadowai.activity.columns import SUMS, TEXTS, Columns, Texts
from shadowai.activity.rollup import Subject
from shadowai.history.checkpoints import Lineage, Place
from shadowai.history.database import open_database, sqlite_url
from shadowai.history.store import History, Reading
from shadowai.inputs import ReadOptions
from shadowai.model import HOUR, MINUTE, SECOND, Evidence, Kind, Role, Tally
from shadowai.nightly.period_reports import Press
from shadowai.nightly.periods import period_of
from shadowai.reports.order import Order
from shadowai.rules import load_rules

if TYPE_CHECKING:
    import numpy.typing as npt

ROWS = 10_000_000
PEOPLE, DEPARTMENTS, SERVICES = 3000, 12, 120
FIRST_DAY = 20_758  # 2026-11-01
DAYS = 30
VISIT = 11  # minutes
SOURCES = ((Evidence.PROXY, Kind.PROXY, "proxy"), (Evidence.DNS, Kind.DNS, "dns"), (Evidence.TLS, Kind.CAPTURE, "tap"))


def write_directory(folder: Path) -> Path:
    """Write who is of which department."""
    folder.mkdir(exist_ok=True)
    rows = [f"user{one:04},user{one:04}@example.com,Department {one % DEPARTMENTS}\n" for one in range(PEOPLE)]
    (folder / "people.csv").write_text("user,email,department\n" + "".join(rows))
    return folder


def make_day(day: int, rows: int, services: list[str], source: int) -> Columns:
    """Make one source's rows of a day."""
    dice = np.random.default_rng(day * 10 + source)
    visits = dice.integers(0, 1 << 62, rows // VISIT + 1)
    times = np.random.default_rng(day).integers(7 * 60, 18 * 60, len(visits))  # of all sources the same visits
    visit = np.repeat(np.arange(len(visits)), VISIT)[:rows]
    minute = np.int64(day) * 24 * 60 + times[visit] + np.tile(np.arange(VISIT), len(visits))[:rows]
    who = np.random.default_rng(day + 1).integers(0, PEOPLE, len(visits))[visit]
    name = np.minimum(np.random.default_rng(day + 2).exponential(15, len(visits)), SERVICES - 1).astype(np.int32)[visit]
    evidence, kind, file = SOURCES[source]
    sent = dice.integers(100, 50_000, rows)
    texts: dict[str, Texts] = {one: _same(None, rows) for one in TEXTS}
    texts |= {
        "source_ip": Texts(
            who.astype(np.int32), tuple(sorted(f"10.1.{one // 250}.{one % 250}" for one in range(PEOPLE)))
        ),
        "subject": _same(Subject.SERVICE.value, rows),
        "name": Texts(name, tuple(services[:SERVICES])),
        "role": _same(Role.DEDICATED.value, rows),
        "evidence": _same(evidence.value, rows),
        "kind": _same(kind.value, rows),
        "file": _same(file, rows),
    }
    if kind is Kind.PROXY:
        texts["user"] = Texts(who.astype(np.int32), tuple(f"user{one:04}" for one in range(PEOPLE)))
    first = minute * MINUTE + dice.integers(0, 20 * SECOND, rows)
    is_name = evidence is Evidence.DNS
    two = np.full(rows, 2)
    values: dict[str, npt.NDArray[Any]] = {one: np.zeros(rows, dtype=np.int64) for one in SUMS}
    values |= {"detections": two, "first": first, "last": first + 30 * SECOND, "confidence": np.full(rows, 90)}
    if not is_name:
        values |= {"bytes_up": sent, "bytes_down": 3 * sent, "bytes_up_known": two, "bytes_down_known": two}
    return Columns(texts, {"minute": minute, **values})


def _same(value: str | None, rows: int) -> Texts:
    return Texts(np.full(rows, -1 if value is None else 0, dtype=np.int32), () if value is None else (value,))


def fill(url: str, rows: int) -> None:
    """Write a month into the history, as thirty nights would."""
    history = History(open_database(url))
    services = sorted(load_rules(None, None).facts)
    lineages = [Lineage(name, Place(name, "1", name, 1, 1), dataset="squid") for _, _, name in SOURCES]
    for day in range(FIRST_DAY, FIRST_DAY + DAYS):
        readings = []
        for number, lineage in enumerate(lineages):
            columns = make_day(day, rows // DAYS // len(SOURCES), services, number)
            tally = Tally(records=len(columns), parsed=len(columns))
            first = day * 24 * HOUR
            tally.widen(first)
            tally.widen(first + 24 * HOUR - 1)
            tally.count_hours({first // HOUR + hour: len(columns) // 24 for hour in range(24)})
            readings.append(Reading(lineage, columns, tally))
        history.commit(readings)


def report(url: str, folder: Path) -> None:
    """Write the report of the month."""
    history = History(open_database(url))
    rules = load_rules(folder / "directory", None)
    press = Press(history, rules, history.tallied(), ReadOptions(()).reading().own, order=Order(("json",)))
    result = press.write(period_of(FIRST_DAY, "month"), folder / "out")
    print(f"{result.totals.people:,} people, {result.totals.sessions:,} sessions")


def main() -> None:
    """Print what each step takes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--url")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--step", choices=["fill", "report"])
    chosen = parser.parse_args()
    if chosen.step:
        begin = time.monotonic()
        fill(chosen.url, chosen.rows) if chosen.step == "fill" else report(chosen.url, chosen.keep)
        used = resource.getrusage(resource.RUSAGE_SELF)
        spent = used.ru_utime + used.ru_stime
        wall = time.monotonic() - begin
        print(f"{chosen.step:<8}{spent:6.1f} s of processor, {wall:6.1f} s in all, {used.ru_maxrss / 1e6:.2f} GB")
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.keep or Path(temporary)
        folder.mkdir(exist_ok=True, parents=True)
        write_directory(folder / "directory")
        is_there = chosen.url is None and (folder / "history.db").exists()
        url = chosen.url or sqlite_url(folder / "history.db")
        for step in ("report",) if is_there else ("fill", "report"):
            command = [sys.executable, __file__, "--step", step, "--url", url, "--keep", str(folder)]
            subprocess.run([*command, "--rows", str(chosen.rows)], check=True, env=os.environ)


if __name__ == "__main__":
    main()
