"""Fingerprints taken in the background."""

from __future__ import annotations

import hashlib
import threading
from typing import TYPE_CHECKING

import pytest

from shadowai.errors import SourceError
from shadowai.sources import Fingerprints, Source, fingerprint

if TYPE_CHECKING:
    from pathlib import Path


def test_it_gives_what_fingerprint_gives(tmp_path: Path) -> None:
    files = [Source(str(number), tmp_path / str(number)) for number in range(5)]
    for number, one in enumerate(files):
        one.path.write_bytes(b"x" * number * 300_000)
    gone = Source("gone", tmp_path / "gone")
    with Fingerprints([*files[:4], gone]) as prints:
        for number, one in enumerate(files):
            expected = (number * 300_000, hashlib.sha256(b"x" * number * 300_000).hexdigest())
            assert prints.take(one) == fingerprint(one) == expected
        with pytest.raises(SourceError, match="gone: cannot be read: No such file"):
            prints.take(gone)


def test_left_early_it_stops(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"x" * 5_000_000)
    with pytest.raises(KeyboardInterrupt), Fingerprints([Source(str(at), path) for at in range(200)]):
        raise KeyboardInterrupt
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("fingerprints")]
