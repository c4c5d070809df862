"""Inputs on another machine: fetched and unpacked again under the same name, or known to be missing."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import fsspec
import pytest
from support.archive_writers import tarred, zipped

from shadowai.errors import SourceError
from shadowai.sources import (
    Likeness,
    Source,
    at_hand,
    find_sources,
    forget,
    is_of,
    likenesses,
    unpack_archives,
    unreachable,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def store() -> Iterator[None]:
    files = fsspec.filesystem("memory")
    files.store.clear()
    inner = tarred({"c.log": b"c", "d/e.log": b"e"})
    files.pipe("/logs/export.zip", zipped({"a.log": b"a", "x/b.log": b"b", "inner.tar": inner}))
    files.pipe("/logs/plain.log", b"plain")
    yield
    files.store.clear()


def test_what_was_spooled_is_had_again_under_the_same_name(tmp_path: Path, store: None) -> None:
    del store
    spool = tmp_path / "spool"
    spool.mkdir()
    found = unpack_archives(find_sources(["memory://logs"], spool)[0], spool).files
    content = {source.path: source.path.read_bytes() for source in found}
    assert sorted(content.values()) == [b"a", b"b", b"c", b"e", b"plain"]
    for order in (found, found[::-1]):
        shutil.rmtree(spool)
        for source in order:
            at_hand(source, None)
            at_hand(source)
        assert {source.path: source.path.read_bytes() for source in found} == content
    forget(spool)
    assert not spool.exists()


def test_a_spool_of_this_machine_is_not_forgotten(tmp_path: Path) -> None:
    forget(tmp_path)
    assert tmp_path.exists()


def test_what_cannot_be_had_again_says_so(tmp_path: Path, store: None) -> None:
    del store
    spool = tmp_path / "spool"
    spool.mkdir()
    found, _ = find_sources(["memory://logs/plain.log"], spool)
    fsspec.filesystem("memory").store.clear()
    shutil.rmtree(spool)
    with pytest.raises(SourceError, match=r"plain\.log: no such file there"):
        at_hand(*found)
    shutil.rmtree(spool)
    spool.write_bytes(b"in the way")
    with pytest.raises(SourceError, match="cannot be kept in"):
        at_hand(*found)


def test_an_archive_that_has_gone_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped({"a.log": b"a"}))
    spool = tmp_path / "spool"
    spool.mkdir()
    (inside,) = unpack_archives([Source("a.zip", tmp_path / "a.zip")], spool).files
    shutil.rmtree(spool)
    (tmp_path / "a.zip").unlink()
    with pytest.raises(SourceError, match=r"a\.zip: cannot be read: No such file"):
        at_hand(inside)
    assert {path.name for path in spool.rglob("*") if path.is_file()} <= {".fetched"}


def test_sources_are_known_again_by_size_and_beginning(tmp_path: Path) -> None:
    one, other, gone = (Source(name, tmp_path / name) for name in ("one", "other", "gone"))
    one.path.write_bytes(b"x" * 100)
    other.path.write_bytes(b"y" * 100)
    gone.path.write_bytes(b"z")
    wanted = likenesses([one, other, gone])
    assert unreachable(wanted) == {}
    other.path.write_bytes(b"x" * 100)
    gone.path.unlink()
    assert unreachable(wanted) == {1: "another file lies there", 2: "cannot be read: No such file or directory"}
    assert likenesses([gone]) == []


def test_an_archive_stands_for_its_members_and_a_file_for_its_store(tmp_path: Path, store: None) -> None:
    del store
    (tmp_path / "a.zip").write_bytes(zipped({"a.log": b"a", "b.log": b"b"}))
    archive = Source("a.zip", tmp_path / "a.zip")
    members = unpack_archives([archive], tmp_path).files
    assert [one.source for one in likenesses(members)] == [archive]
    assert all(is_of(one, archive) for one in members)
    fetched, _ = find_sources(["memory://logs"], tmp_path)
    inside = unpack_archives(fetched, tmp_path).files
    (asked,) = likenesses(inside)
    assert asked == Likeness(fetched[0])
    assert all(is_of(one, asked.source) for one in inside)
    assert not is_of(inside[0], archive)
    assert unreachable([asked]) == {}
    fsspec.filesystem("memory").store.clear()
    assert unreachable([asked]) == {0: "no such file there; check the URL"}
