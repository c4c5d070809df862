"""What tasks need is brought where they are read: a shard's file, and the one that goes on with it in a ring."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import fsspec

from shadowai import resources, sources
from shadowai.detect import Detector, Reading
from shadowai.finder import Finder
from shadowai.flows import Seeker
from shadowai.inputs import ReadOptions, list_inputs, tasks_of
from shadowai.signatures import Matcher, load_database

if TYPE_CHECKING:
    from pathlib import Path


def test_a_ring_from_a_store_is_brought_with_what_follows(tmp_path: Path) -> None:
    store = fsspec.filesystem("memory")
    capture = (resources.samples() / "branch.pcap").read_bytes()
    behind = 24 + 16 + int.from_bytes(capture[32:36], "little")  # the first packet, else it would be a copy
    store.pipe("/ring/0.pcap", capture)
    store.pipe("/ring/1.pcap", capture[:24] + capture[behind:] + bytes(1))  # cut off in a header
    spool = tmp_path / "spool"
    spool.mkdir()
    inputs = list_inputs(ReadOptions(["memory://ring"]), Reading(), spool)
    first, second = tasks_of(inputs, in_parts=True, rings=[(0, 1)])
    assert first.part is not None
    assert (first.beside, second.beside) == (second.shard.source, None)
    assert first.part.following == second.shard.source.path
    shutil.rmtree(spool)
    assert Detector(Finder(Matcher(load_database())), (), Reading()).detect(first).error is None
    assert first.part.following.exists()
    shutil.rmtree(spool)
    assert Seeker(Reading(), {}).seek(second).error is None
    assert second.shard.source.path.exists()
    assert not first.shard.source.path.exists()
    store.store.clear()
    sources.forget(spool)
    assert not spool.exists()
