"""Whom a pseudonym stands for, told to who has the key and a reason, and written down before it is told.

A keyed hash cannot be turned round (RFC 2104), so everybody who may be meant is hashed once more: the people of
the directory, the addresses of its networks, and whoever else is named.
"""

from __future__ import annotations

import getpass
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from shadowai.activity.labels import PREFIX, pseudonym
from shadowai.directory.networks import NetworkKind
from shadowai.errors import UsageError
from shadowai.model import iso_time
from shadowai.reasons import written_reason

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from shadowai.directory import Directory

MOST_ADDRESSES = 1 << 20  # of one network that are tried; a second's work
_PSEUDONYM = re.compile(rf"{PREFIX}[0-9A-F]{{10}}")


@dataclass(frozen=True, slots=True)
class Revealed:
    """Who is behind a pseudonym: keys of `Attribution`; none where nobody of those who were tried is."""

    label: str
    keys: tuple[str, ...]


def reveal(labels: Collection[str], key: bytes, directory: Directory, among: Iterable[str] = ()) -> list[Revealed]:
    """Say who each pseudonym is; `among` are users, devices and addresses to try beside those of the directory.

    Raises UsageError for a label that is no pseudonym.
    """
    for label in labels:
        if not _PSEUDONYM.fullmatch(label):
            message = (
                f"{label!r} is no pseudonym such as {PREFIX}0A1B2C3D4E; reports made without a key only number people"
            )
            raise UsageError(message)
    found: dict[str, dict[str, None]] = {label: {} for label in labels}
    for one in _everybody(directory, among):
        if (label := f"{PREFIX}{pseudonym(one, key)}") in found:
            found[label][one] = None
    return [Revealed(label, tuple(keys)) for label, keys in found.items()]


def write_down(log: Path, revealed: Iterable[Revealed], reason: str, now: int) -> None:
    """Add a line to the log (JSON, ECS names): when, by whom, which pseudonyms, why, and whether somebody was found.

    Names are not written: the log may be read by more people than have the key. Raises UsageError where there is no
    reason, or where the log cannot be written.
    """
    entry: Mapping[str, object] = {
        "@timestamp": iso_time(now),
        "event": {"action": "reveal", "reason": written_reason(reason)},
        "user": {"name": _user()},
        "shadowai": {"revealed": [{"label": one.label, "found": bool(one.keys)} for one in revealed]},
    }
    try:
        log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(handle, "ab") as file:
            file.write(orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        message = f"cannot be written ({error.strerror}), and nobody is revealed without it; name another with --log"
        raise UsageError(message, where=log) from error


def _user() -> str:
    """Name who asks: the login before sudo, where there was one."""
    named = os.environ.get("SUDO_USER")
    if named:
        return named
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a number without a name, as in containers
        return str(os.getuid())


def _everybody(directory: Directory, among: Iterable[str]) -> Iterator[str]:
    """Give the keys of all who may be behind a pseudonym."""
    yield from {f"person:{row.person}": None for row in directory.content.people}
    for name in among:
        yield from directory.keys_of(name)
    for entry in directory.networks.networks:
        net = entry.network
        if entry.kind is NetworkKind.CLIENT and net.num_addresses <= MOST_ADDRESSES:
            yield from (f"address:{address}" for address in net)


def too_large(directory: Directory) -> list[str]:
    """Name the client networks whose addresses are too many to be tried."""
    entries = (entry for entry in directory.networks.networks if entry.kind is NetworkKind.CLIENT)
    return [str(entry.network) for entry in entries if entry.network.num_addresses > MOST_ADDRESSES]
