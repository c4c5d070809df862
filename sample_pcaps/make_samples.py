"""Make the samples: `python sample_pcaps/make_samples.py` writes every file of this folder that is not a script.

The script is deterministic in what it says: the same events, sizes and counts in each run. The keys and randoms inside
the TLS and QUIC handshakes are new each time, so the two captures differ in bytes; the committed files are the truth.
"""

from __future__ import annotations

import json
import random
from pathlib import Path

from background import write_background
from capture_files import pcap, pcapng
from events import Event, Morning
from organisation import actors, directory_files
from packets import Wire
from rules import POLICY
from script import write_script
from truth import expected
from weblogs import bind_log, squid_log, zscaler_log

FOLDER = Path(__file__).parent
SEED = 20261117


def main() -> None:
    """Write all samples and say how large they are."""
    events = all_events()
    for name, data in sorted((plain_files(events) | captures(events)).items()):
        (FOLDER / name).write_bytes(data)
        print(f"{len(data):10,} {name}")


def all_events() -> list[Event]:
    """Give everything that happens in the morning, AI or not."""
    people = actors()
    morning = Morning()
    write_script(morning, people)
    return [*morning.events, *write_background(people, random.Random(SEED))]


def plain_files(events: list[Event]) -> dict[str, bytes]:
    """Give the files that are the same in each run: what the organisation keeps, its logs, the expected counts."""
    files = {name: text.encode() for name, text in directory_files().items()}
    files["policy.yaml"] = POLICY.encode()
    files["expected.json"] = (json.dumps(expected(events), indent=2) + "\n").encode()
    files["bind-queries.log"] = bind_log(_of(events, "bind"), random.Random(SEED))
    files["squid-access.log.gz"] = squid_log(_of(events, "squid"), random.Random(SEED))
    files["zscaler-web.csv"] = zscaler_log(_of(events, "zscaler"), random.Random(SEED))
    return files


def captures(events: list[Event]) -> dict[str, bytes]:
    """Give the two captures, one a site."""
    return {"office.pcapng": pcapng(_packets(events, "office")), "branch.pcap": pcap(_packets(events, "branch"))}


def _of(events: list[Event], medium: str) -> list[Event]:
    return [event for event in events if event.medium == medium]


def _packets(events: list[Event], place: str) -> list[tuple[int, bytes]]:
    wire = Wire(random.Random(SEED))
    for event in sorted(events, key=lambda event: event.time):
        if event.place == place:
            wire.add(event)
    return wire.packets


if __name__ == "__main__":
    main()
