"""Write an organisation to a folder and give the truth about it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from support.organisation.answers import detections
from support.organisation.captures import pcap
from support.organisation.catalogue import CANDIDATES, HIDING
from support.organisation.clock import SECOND, SIZES, at, dice
from support.organisation.directory import directory_files
from support.organisation.dnslogs import bind, dnsmasq, windows
from support.organisation.people import make_people
from support.organisation.policy import make_rules, policy_text
from support.organisation.records import SOURCES, make_records, silences
from support.organisation.tenancy import make_tenancies
from support.organisation.truth import Truth, blind_of, candidates_of, headcounts_of, rows_of, within_reach
from support.organisation.visits import make_requests
from support.organisation.weblogs import squid, w3c, zscaler

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from support.organisation.records import Record

    Writer = Callable[[Iterable[Record], random.Random], bytes]

_WRITERS: dict[str, Writer] = {
    "squid": squid,
    "zscaler": zscaler,
    "w3c": w3c,
    "bind": bind,
    "dnsmasq": dnsmasq,
    "windows": windows,
    "hq": pcap,
    "branch": pcap,
}


_HABITS = 7  # days after which a source has habits, so that its silence can be told


def write(folder: Path, seed: int, size: str = "small") -> Truth:
    """Write the organisation of a seed: sources to `logs`, the directory to `directory`, and `policy.yaml`.

    `size` is small (40 people, 2 days) or full (300 people, 14 days).
    """
    measure = SIZES[size]
    people = make_people(seed, measure)
    tenancies = make_tenancies(seed, measure, people)
    requests = make_requests(seed, measure, people, tenancies)
    records = make_records(seed, measure, requests, tenancies)
    found = detections(records, tenancies)
    concerned = {id(one.record) for one in found}
    found = within_reach(found)
    concerned -= {id(one.record) for one in found}
    records = [record for record in records if id(record) not in concerned]
    rules = make_rules(measure, people)
    for name, text in directory_files(people, tenancies.tenures).items():
        _put(folder / "directory" / name, text.encode())
    policy = _put(folder / "policy.yaml", policy_text(rules).encode())
    sources = []
    for source in SOURCES:
        mine = [record for record in records if record.source is source]
        path = _put(folder / "logs" / source.file, _WRITERS[source.id](mine, dice(seed, source.id)))
        # Times without a year are of the year in which the file was last written.
        os.utime(path, (at(measure.days, 0) // SECOND,) * 2)
        sources.append(path)
    rows, why = rows_of(found, rules)
    return Truth(
        folder,
        tuple(sources),
        folder / "directory",
        policy,
        rows,
        headcounts_of(people),
        candidates_of(found, CANDIDATES),
        candidates_of(found, HIDING),
        blind_of(found),
        tuple(silences(measure)) if measure.days >= _HABITS else (),
        why,
        tuple(found),
    )


def _put(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path
