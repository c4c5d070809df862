"""The compiled needles are kept between runs, and made anew whenever what was kept cannot be used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import hyperscan
import pytest

from shadowai import cache
from shadowai.logs import Needle, Prefilter, prefilter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NEEDLES = [Needle("claude.ai", at_end=True), Needle("chatgpt")]
BLOCK = b"one\ntwo claude.ai\nthree CHATGPT\nclaude.ai.test\n"
HITS = [4, 18]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path))
    prefilter._compiled.cache_clear()
    prefilter._engine()
    yield tmp_path
    prefilter._compiled.cache_clear()


def _anew() -> list[int]:
    prefilter._compiled.cache_clear()
    return Prefilter(NEEDLES).hits(BLOCK)


def test_the_second_run_compiles_nothing(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _anew() == HITS
    (entry,) = place.iterdir()
    assert entry.name.startswith("hyperscan-")
    monkeypatch.setattr(prefilter, "_compile", lambda _expressions: pytest.fail("compiled again"))
    assert _anew() == HITS


def test_other_needles_have_an_entry_of_their_own(place: Path) -> None:
    _anew()
    prefilter._compiled.cache_clear()
    assert Prefilter([*NEEDLES, Needle("one")]).hits(BLOCK) == [0, *HITS]
    assert len(list(place.iterdir())) == 2


def test_another_engine_has_an_entry_of_its_own(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _anew()
    monkeypatch.setattr(prefilter, "_engine", lambda: b"another version, another processor")
    assert _anew() == HITS
    assert len(list(place.iterdir())) == 2


@pytest.mark.parametrize("stored", [b"", b"garbage" * 200])
def test_what_hyperscan_refuses_is_compiled_anew(place: Path, stored: bytes) -> None:
    _anew()
    (entry,) = place.iterdir()
    kind, _, key = entry.name.partition("-")
    cache.store(kind, key, stored)
    assert _anew() == HITS


def test_a_database_of_another_processor_is_compiled_anew(place: Path) -> None:
    _anew()
    (entry,) = place.iterdir()
    kind, _, key = entry.name.partition("-")
    stored = bytearray(cache.load(kind, key) or b"")
    stored[14] ^= 0xFF  # within the platform word of the serialised form
    with pytest.raises(hyperscan.error):
        hyperscan.loadb(bytes(stored), hyperscan.HS_MODE_BLOCK)
    cache.store(kind, key, bytes(stored))
    assert _anew() == HITS


def test_a_place_that_cannot_be_written_costs_only_time(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / "file").write_text("")
    monkeypatch.setenv(cache.VARIABLE, str(place / "file" / "below"))
    assert _anew() == HITS
