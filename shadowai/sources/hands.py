"""Inputs at hand where shards are read on other machines: reached under the same name, or fetched from their origin.

A file of the spool is fetched, or unpacked from its archive, under the very name that it has where the scan began:
the workers of one machine share it. What lies in no spool must be reachable as it is, on a file system that all share.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shadowai.errors import SourceError
from shadowai.sources import remote
from shadowai.sources.archives import unpack
from shadowai.sources.find import Source
from shadowai.sources.streams import read_error, size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

_MARK = ".fetched"  # in a spool that a worker made
_LOOKED_AT = 64 << 10  # bytes at the beginning


@dataclass(frozen=True, slots=True)
class Likeness:
    """What must be found under a source's name: as many bytes, which begin alike. None for what has an origin."""

    source: Source
    size: int | None = None
    beginning: str | None = None


def at_hand(*found: Source | None) -> None:
    """Fetch or unpack those sources that are not here and have an origin; SourceError where they cannot be had."""
    for source in found:
        if source is not None and source.origin is not None and not source.path.exists():
            _bring(source, source.origin)


def _bring(source: Source, origin: remote.Remote | Source) -> None:
    try:
        if isinstance(origin, Source):
            at_hand(origin)
            folder = source.path.parent.parent
            _make_spool(folder.parent)
            unpack(origin, folder)
            return
        _make_spool(source.path.parent)
        part = source.path.with_name(f"{source.path.name}.{os.getpid()}.part")
        remote.fetch(origin, part)
        part.rename(source.path)
    except OSError as error:
        reason = f"cannot be kept in {source.path.parent}, as where the scan began: {error.strerror or error}"
        raise SourceError(reason, where=source.name) from error


def _make_spool(folder: Path) -> None:
    """Make a folder, and mark what of it is new: a spool with a mark is removed at the end, and no other is."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for one in missing:
        (one / _MARK).touch()


def forget(spool: Path) -> None:
    """Remove a spool that was made for a scan that began elsewhere."""
    if (spool / _MARK).exists():
        shutil.rmtree(spool, ignore_errors=True)


def likenesses(found: Iterable[Source]) -> list[Likeness]:
    """Say by what sources are known again; one that has gone meanwhile is left out, for whoever reads it tells.

    Of what was unpacked it is the archive that must be there; of a store one file stands for all.
    """
    wanted = {_needed(source): None for source in found}
    stores = {one.origin.store: one for one in reversed(wanted) if isinstance(one.origin, remote.Remote)}
    return [*map(Likeness, stores.values()), *_plain(one for one in wanted if one.origin is None)]


def _plain(found: Iterable[Source]) -> Iterator[Likeness]:
    for one in found:
        with suppress(SourceError):
            yield Likeness(one, size(one), _beginning(one))


def _needed(source: Source) -> Source:
    while isinstance(source.origin, Source):
        source = source.origin
    return source


def is_of(source: Source, needed: Source) -> bool:
    """Say whether a source cannot be had without another: itself, its archive, or a file of its store."""
    own = _needed(source)
    if isinstance(own.origin, remote.Remote) and isinstance(needed.origin, remote.Remote):
        return own.origin.store == needed.origin.store
    return own == needed


def unreachable(wanted: Sequence[Likeness]) -> dict[int, str]:
    """Say which sources cannot be had in this process, by their places in the list, and why."""
    found = {}
    for number, one in enumerate(wanted):
        try:
            if isinstance(one.source.origin, remote.Remote):
                remote.answers(one.source.origin)
            elif (size(one.source), _beginning(one.source)) != (one.size, one.beginning):
                found[number] = "another file lies there"
        except SourceError as error:
            found[number] = error.message
    return found


def _beginning(source: Source) -> str:
    try:
        with source.path.open("rb") as file:
            return hashlib.sha256(file.read(_LOOKED_AT)).hexdigest()
    except OSError as error:
        raise read_error(source, error) from error
