"""What only the organisation's own account has: what proves that an account is sanctioned.

An entry is the id by which records name the account, behind `id:` (`id:5c1f...`), or a host (with all names below it),
a host pattern with `<placeholders>` as in the signatures, each standing for part of one label, or a host with the
beginning of a path: `ours.openai.azure.com`, `ours-<region>.example.com`, `huggingface.co/ours`. The longest path wins,
then the closest host, then a pattern.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from shadowai.hosts import is_address, normalise_host

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

ANY_SERVICE = "*"
"""Key of tenants that are not tied to one service."""

_PLACEHOLDER = re.compile(r"<[a-z]+>", re.ASCII)
_LABEL_PART = "[a-z0-9_-]+"
_PATH = re.compile(r"/[!-~]+", re.ASCII)
_ENDS_PATH = frozenset("/?#&=;")
_LONGEST = 500  # characters
ID = "id:"
"""In front of the id of a workspace, organisation or directory, or of the domain that stands for one."""

_ID = re.compile(r"[!-+\--~]+", re.ASCII)  # printable, and no comma: that stands between several
_PUBLIC_LABELS = 2  # the last labels, in which no placeholder may stand


def check_tenant(value: str) -> str:
    """Give an entry in its one form; ValueError says what is wrong with it."""
    text = value.strip()
    if text.startswith(ID):
        return _check_id(text)
    host, slash, rest = text.partition("/")
    path = slash + rest
    if len(text) > _LONGEST or "://" in text or "*" in host:
        raise ValueError(f"{text!r:.80}: write a host, a host with <placeholder>s or host/path, without scheme or *")
    if path and not _PATH.fullmatch(path):
        raise ValueError(f"{text!r}: write a path of printable characters after the host, or none")
    labels = host.lower().rstrip(".").split(".")
    if _PLACEHOLDER.search(".".join(labels[-_PUBLIC_LABELS:])) or (path and _PLACEHOLDER.search(host)):
        raise ValueError(f"{text!r}: no <placeholder> in the last two labels of a host, nor in front of a path")
    if any(len(_PLACEHOLDER.findall(label)) > 1 for label in labels):
        raise ValueError(f"{text!r}: at most one <placeholder> in a label")  # else matching could take very long
    plain = normalise_host(_PLACEHOLDER.sub("x", host.lower()))
    if plain is None or "." not in plain or is_address(plain):
        raise ValueError(f"{text!r}: its host is no host name of two labels or more")
    return ".".join(labels) + path if _PLACEHOLDER.search(host) else plain + path


def _check_id(text: str) -> str:
    name = text.removeprefix(ID).strip().casefold()
    if len(text) > _LONGEST or not _ID.fullmatch(name):
        raise ValueError(f"{text!r:.80}: write one id after {ID!r}, of printable characters without blanks and commas")
    return ID + name


def covered_names(entry: str, names: Iterable[str]) -> list[str]:
    """Give those of some indicators' names that an entry without a path covers: hosts that everybody's accounts use."""
    bare = _PLACEHOLDER.sub("<>", entry)
    if "/" in bare or "<" in bare:
        return sorted(name for name in names if _PLACEHOLDER.sub("<>", name) == bare)
    return sorted(name for name in names if name == bare or name.endswith(f".{bare}"))


class TenantTable:
    """The tenants compiled for look-ups."""

    def __init__(self, tenants: Mapping[str, Iterable[str]]) -> None:
        self._hosts: dict[str, str] = {}
        self._paths: dict[str, list[tuple[str, str]]] = {}
        self._patterns: dict[str, list[tuple[re.Pattern[str], str]]] = {}
        self._ids: dict[str, str] = {}
        for service, entries in tenants.items():
            for entry in entries:
                self._add(entry, service)
        for prefixes in self._paths.values():
            prefixes.sort(key=lambda prefix: len(prefix[0]), reverse=True)
        self._is_empty = not (self._hosts or self._paths or self._patterns)

    def find(self, host: str | None, path: str | None = None) -> str | None:
        """Give the service id of which this is the organisation's own account, `*` for any service, else None.

        `host` is normalised; `path` begins with a slash.
        """
        if self._is_empty or not host:
            return None
        if path and host in self._paths:
            for prefix, service in self._paths[host]:
                if _begins(path, prefix):
                    return service
        hosts, suffix, at = self._hosts, host, 0
        while suffix not in hosts:
            at = host.find(".", at) + 1
            if not at:
                return self._by_pattern(host) if self._patterns else None
            suffix = host[at:]
        return hosts[suffix]

    def has_paths(self, host: str) -> bool:
        """Say whether on a host the path decides."""
        return host in self._paths

    def knows(self, tenant: str) -> bool:
        """Say whether one of the accounts that a record names is the organisation's own at any service."""
        return not self._ids.keys().isdisjoint(_names(tenant))

    def is_own(self, tenant: str, service: str) -> bool:
        """Say whether all the accounts that a record names are the organisation's own at a service."""
        return all(self._ids.get(name) in (service, ANY_SERVICE) for name in _names(tenant))

    def _by_pattern(self, host: str) -> str | None:
        for anchor in _tails(host):
            for pattern, service in self._patterns.get(anchor, ()):
                if pattern.fullmatch(host):
                    return service
        return None

    def _add(self, entry: str, service: str) -> None:
        host, slash, rest = entry.partition("/")
        if entry.startswith(ID):
            self._ids[entry.removeprefix(ID)] = service
        elif slash:
            self._paths.setdefault(host, []).append((slash + rest, service))
        elif _PLACEHOLDER.search(host):
            labels = host.split(".")
            last = max(at for at, label in enumerate(labels) if _PLACEHOLDER.search(label))
            regex = re.compile(_LABEL_PART.join(map(re.escape, _PLACEHOLDER.split(host))))
            self._patterns.setdefault(".".join(labels[last + 1 :]), []).append((regex, service))
        else:
            self._hosts[host] = service


def _names(tenant: str) -> list[str]:
    """Give the accounts that a record names, several with commas between them."""
    return [name.strip().casefold() for name in tenant.split(",")]


def _tails(host: str) -> Iterator[str]:
    at = host.find(".") + 1
    while at:
        yield host[at:]
        at = host.find(".", at) + 1


def _begins(path: str, prefix: str) -> bool:
    if not path.startswith(prefix):
        return False
    return len(path) == len(prefix) or prefix[-1] in _ENDS_PATH or path[len(prefix)] in _ENDS_PATH
