"""Definitions that were checked once are taken from the user's cache, and checked anew whenever that cannot be used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shadowai import cache
from shadowai.logs import load_formats, registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path))
    load_formats.cache_clear()
    yield tmp_path
    load_formats.cache_clear()


def test_the_second_time_nothing_is_read_as_yaml(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load_formats()
    (entry,) = place.iterdir()
    assert entry.name.startswith("formats-")
    monkeypatch.setattr(registry, "_definitions", lambda _contents: pytest.fail("read again"))
    load_formats.cache_clear()
    assert load_formats() == first
    assert list(load_formats()) == list(first)


@pytest.mark.parametrize("stored", [b"", b"[]x", b'[{"id": "x"}]', b"[1]"])
def test_what_is_no_definition_is_made_anew(place: Path, monkeypatch: pytest.MonkeyPatch, stored: bytes) -> None:
    first = load_formats()
    (entry,) = place.iterdir()
    kind, _, key = entry.name.partition("-")
    assert cache.store(kind, key, stored)
    load_formats.cache_clear()
    assert load_formats() == first
    monkeypatch.setattr(registry, "_definitions", lambda _contents: pytest.fail("not kept"))
    load_formats.cache_clear()
    assert load_formats() == first


def test_other_code_has_an_entry_of_its_own(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load_formats()
    monkeypatch.setattr(registry, "_code", lambda: b"another version")
    load_formats.cache_clear()
    load_formats()
    assert len(list(place.iterdir())) == 2
