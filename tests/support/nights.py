"""A month of an organisation's logs as they come night by night: growing, rotated, compressed, truncated, and late.

The organisation's files are cut into nights at any byte, so that lines stand half written; captures are cut between
packets. What lies in the folder after the last night is what one run over everything reads.
"""

from __future__ import annotations

import gzip
import os
import random
import shutil
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from support.organisation.clock import SECOND, SIZES, Size, at
from support.organisation.write import write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.organisation.truth import Truth

NIGHTS = 30
SIZES.setdefault("nights", Size(10, 14))
HEADERS = {"zscaler-web.csv": 1, "works-proxy.log": 3}
RENAMED = ("squid-access.log", "works-proxy.log")  # logrotate: access.log.1, and compressed the night after
COPIED = ("bind-queries.log",)  # logrotate's copytruncate
LATE = ("zscaler-web.csv",)  # a collector that is down for some nights; a file for each night
ROTATED_ON = (6, 13, 20, 27)
DOWN = range(9, 13)


@dataclass
class Nights:
    """The organisation, the folder that grows, and the parts of each file by night."""

    truth: Truth
    folder: Path
    dice: random.Random
    parts: dict[str, list[bytes]] = field(default_factory=dict)
    _held: list[tuple[Path, bytes]] = field(default_factory=list)

    @classmethod
    def of(cls, folder: Path, seed: int) -> Nights:
        """Make the organisation of a seed in a folder."""
        nights = cls(write(folder / "org", seed, "nights"), folder / "logs", random.Random(seed))  # seeded
        nights.folder.mkdir()
        for path in nights.truth.sources:
            nights.parts[path.name] = nights._cut(path)
        return nights

    def pass_night(self, night: int) -> None:
        """Let one night's data come in."""
        for name, parts in self.parts.items():
            if name in LATE:
                self._deliver(name, parts, night)
            else:
                self._grow(name, parts[night], night)
        for path in self.folder.iterdir():
            if path.suffix not in (".gz", ".1") or night == 0:
                os.utime(path, (self.time(night) // SECOND,) * 2)

    def time(self, night: int) -> int:
        """The time (ns) of the last change before a night's run: after all records, since nights are cut by bytes."""
        return at(NIGHTS, night)

    def _grow(self, name: str, data: bytes, night: int) -> None:
        path = self.folder / name
        if night in ROTATED_ON and name in (*RENAMED, *COPIED):
            self._rotate(path, night)
            data = b"".join(self._head(name)) + data
        for old in self.folder.glob(f"{name}-*.1"):
            if not old.name.startswith(f"{name}-{night:02}") and name in RENAMED:
                with gzip.open(old.with_suffix(".gz"), "wb") as packed:
                    packed.write(old.read_bytes())
                shutil.copystat(old, old.with_suffix(".gz"))
                old.unlink()
        with path.open("ab") as file:
            file.write(data)

    def _rotate(self, path: Path, night: int) -> None:
        old = path.with_name(f"{path.name}-{night:02}.1")
        if path.name in COPIED:
            shutil.copy2(path, old)
            with path.open("r+b") as file:
                file.truncate()
        else:
            path.rename(old)

    def _head(self, name: str) -> list[bytes]:
        whole = b"".join(self.parts[name]).splitlines(keepends=True)
        return whole[: HEADERS.get(name, 0)]

    def _deliver(self, name: str, parts: list[bytes], night: int) -> None:
        stem, _, ending = name.partition(".")
        head = b"".join(self._head(name)) if night else b""
        self._held.append((self.folder / f"{stem}-{night:02}.{ending}", head + parts[night]))
        if night not in DOWN:
            for path, data in self._held:
                path.write_bytes(data)
            self._held.clear()

    def _cut(self, path: Path) -> list[bytes]:
        data = path.read_bytes()
        places = sorted(self._places(path, data))
        ends = [0, *places, len(data)]
        return [data[start:end] for start, end in pairwise(ends)]

    def _places(self, path: Path, data: bytes) -> list[int]:
        """Choose where a file is cut: a file that ends for good between lines, a capture between packets."""
        if path.suffix == ".pcap":
            return self.dice.sample(list(packets(data))[5:], NIGHTS - 1)
        lines = [place for place in newlines(data) if place > 5_000]
        chosen = sorted(self.dice.sample(lines, NIGHTS - 1))
        if path.name in LATE:
            return chosen
        is_free = path.name not in (*RENAMED, *COPIED)
        return [
            place - self.dice.randrange(1, 20) if is_free or night not in ROTATED_ON else place
            for night, place in enumerate(chosen, 1)
        ]


def packets(data: bytes) -> Iterator[int]:
    """Give the places at which the packets of a capture end."""
    place = 24
    while place < len(data):
        place += 16 + int.from_bytes(data[place + 8 : place + 12], "little")
        if place < len(data):
            yield place


def newlines(data: bytes) -> Iterator[int]:
    """Give the places behind each newline but the last."""
    place = data.find(b"\n") + 1
    while 0 < place < len(data):
        yield place
        place = data.find(b"\n", place) + 1
