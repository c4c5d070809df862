"""How long one million activity rows take to be attributed, made into sessions and judged, on one core.

    python benchmarks/activity.py [ROWS]

An organisation from a seed: 20,000 people at as many addresses, two weeks, visits of up to eleven minutes seen by proxy
(with the user), DNS and capture (with the address alone): two thirds of the rows are attributed by what proxies show.
"""

from __future__ import annotations

import gc
import random
import resource
import sys
import time
from typing import TYPE_CHECKING

from shadowai.activity.columns import columns_of
from shadowai.activity.digest import digest_of
from shadowai.activity.frame import attributed_parts, sightings
from shadowai.activity.judging import Judge, add_verdicts
from shadowai.activity.rollup import Activity, Key, Subject, Sums
from shadowai.activity.uses import Limits
from shadowai.model import MINUTE, SECOND, Evidence, Kind, Role
from shadowai.rules import load_rules

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

ROWS = 1_000_000
PEOPLE = 20_000
START = 29_000_000  # minutes since the epoch
SOURCES = ((Evidence.PROXY, Kind.PROXY), (Evidence.DNS, Kind.DNS), (Evidence.TLS, Kind.CAPTURE))


def make(rows: int, services: Sequence[str], seed: int = 1) -> Activity:
    """Make the activity of an organisation."""
    rng = random.Random(seed)  # a generator of cases
    activity = Activity()
    while len(activity.rows) < rows:
        who = rng.randrange(PEOPLE)
        service = services[min(int(rng.expovariate(0.05)), len(services) - 1)]
        begin = START + rng.randrange(14 * 24 * 60)
        for minute in range(begin, begin + rng.randrange(1, 12)):
            evidence, kind = SOURCES[rng.randrange(len(SOURCES))]
            user = f"user{who}" if kind is Kind.PROXY else None
            address = f"10.{who >> 16}.{who >> 8 & 255}.{who & 255}"
            what = (Subject.SERVICE, service, Role.DEDICATED, evidence, None, kind, None, None, "a.log")
            sent = rng.randrange(100, 50_000)
            first = minute * MINUTE
            sums = Sums(2, sent, 2, 3 * sent, 2, 90, first, first + 30 * SECOND)
            activity.rows[Key(minute, address, user, None, *what)] = sums
    return activity


class Clock:
    """Adds up processor time by step."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}
        self._last = time.process_time()

    def told(self, step: str) -> None:
        """Give what was spent since the last time to a step."""
        now = time.process_time()
        self.spent[step] = self.spent.get(step, 0.0) + now - self._last
        self._last = now

    def between(self, parts: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        """Hand on parts: to make them is to attribute, what is done with them to find sessions."""
        self.told("sessions")
        for part in parts:
            self.told("attributed")
            yield part
            self.told("sessions")


def main() -> None:
    """Print the processor seconds of each step, and the peak of memory."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    rules = load_rules(None, None)
    activity = make(rows, list(rules.facts)[:300])
    gc.collect()
    gc.freeze()  # as assembling does
    clock = Clock()
    columns = columns_of(activity)
    del activity  # as the scan does
    clock.told("columns")
    directory = rules.directory.learn(sightings(columns))
    clock.told("attributed")
    tables, _ = digest_of(clock.between(attributed_parts(columns, directory)), (), Limits())
    clock.told("sessions")
    add_verdicts(tables, Judge(rules.facts, rules.policy.status_of, directory.lineage, rules.policy.asks))
    clock.told("judged")
    for step, seconds in clock.spent.items():
        print(f"{step:<12}{seconds:6.2f} s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    total = sum(clock.spent.values())
    print(f"{len(columns):,} rows, {len(tables.sessions):,} sessions: {total:.1f} s on one core, peak {peak:.0f} MB")


if __name__ == "__main__":
    main()
