"""What the sources could not show: traffic in which AI use could hide, and use that nobody can be named for."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from shadowai.activity.rollup import Subject
from shadowai.model import Hidden
from shadowai.result import BlindSpot
from shadowai.verdicts import UNKNOWN_DEPARTMENT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd

    from shadowai.provenance import SourceReport

MAX_SERVERS = 20  # named for one blind spot
NO_ROOM = "reassembly-dropped"  # why packets of a capture were passed over: its memory is bounded

_HIDDEN = {
    Hidden.DNS_OVER_TLS: ("encrypted-dns", "DNS over TLS"),
    Hidden.DNS_OVER_QUIC: ("encrypted-dns", "DNS over QUIC"),
    Hidden.ECH: ("ech", "Encrypted Client Hello"),
    Hidden.NO_NAME: ("no-name", "Servers known by address alone"),
    Hidden.QUIC_VERSION: ("unknown-quic", "QUIC of an unknown version"),
    Hidden.WIREGUARD: ("vpn", "WireGuard"),
    Hidden.OPENVPN: ("vpn", "OpenVPN"),
    Hidden.IPSEC: ("vpn", "IPsec"),
    Hidden.TOR: ("tunnel", "Tor"),
}
"""Why a flow hides what it is for -> kind and name of the blind spot."""

_DETAILS = {
    "encrypted-dns": "names looked up through this resolver are hidden from DNS logs",
    "vpn": "what is done inside this VPN is hidden from the network",
    "tunnel": "what passes through this tunnel is hidden from the network",
    "ech": "the name of the site visited was encrypted in the TLS hello",
    "no-name": "neither the connection nor a name look-up of the same device says which service it went to",
    "unknown-quic": "the server name is in a handshake that cannot be read",
}


class HidingPlace(NamedTuple):
    """An entry of the blind-spot list: its kind and what it is called."""

    kind: str
    name: str


def is_hidden(subject: str) -> bool:
    """Say whether the name of a blind spot's rows is that of a flow that hides: why, and its server."""
    return subject.partition(" ")[0] in set(Hidden)


def kind_and_name(subject: str, places: Mapping[str, HidingPlace]) -> tuple[str, str]:
    """Give kind and name of a blind spot by the name of its rows: an entry's id, or why a flow hides and its server."""
    reason = subject.partition(" ")[0]
    place = places.get(reason)
    return place or _HIDDEN[Hidden(reason)]


def blind_spots(
    frame: pd.DataFrame, places: Mapping[str, HidingPlace], sources: Sequence[SourceReport]
) -> tuple[BlindSpot, ...]:
    """List the blind spots of an attributed frame and of the sources, by kind and name."""
    found = [*_hidden(frame, places), *_nameless(frame), *_unparsed(sources)]
    return tuple(sorted(found, key=lambda spot: (spot.kind, spot.name)))


def _hidden(frame: pd.DataFrame, places: Mapping[str, HidingPlace]) -> Iterator[BlindSpot]:
    rows = frame[(frame["subject"] == Subject.BLIND_SPOT) & ~frame["denied"]]
    if rows.empty:  # splitting no names gives no columns
        return
    # A listed place is known by its id, a flow that hides by why it does and to which server.
    parts = rows["name"].astype(object).str.partition(" ")
    for name, part in rows.assign(name=parts[0], server=parts[2]).groupby("name", sort=True):
        kind, title = kind_and_name(str(name), places)
        spot = _spot(part, kind=kind, name=title, detail=_DETAILS[kind])
        is_flow = str(name) not in places
        yield spot.model_copy(update={"unit": "connections", "servers": _servers(part)}) if is_flow else spot


def _nameless(frame: pd.DataFrame) -> Iterator[BlindSpot]:
    rows = frame[(frame["subject"] == Subject.SERVICE) & ~frame["noise"]]
    tests = (
        ("no-client-identity", "No client", "the source names neither address nor user", rows["who"] == "unknown"),
        (
            "shared-address",
            "Shared addresses",
            "many people behind one address: sessions are counted, people cannot be",
            rows["reason"] == "shared-address",
        ),
        (
            "unknown-department",
            "Unknown department",
            "the address or user is in no department of the directory",
            (rows["department"] == UNKNOWN_DEPARTMENT) & (rows["who"] != "unknown"),
        ),
        (
            "conflicting-identity",
            "Conflicting identities",
            "several users were at this address around that time, or the files disagree: nobody is named",
            rows["reason"] == "conflicting-identity",
        ),
        (
            "conflicting-identity",
            "Ambiguous names",
            "the record has a name that several people of the directory bear: nobody is named",
            rows["reason"] == "ambiguous-user",
        ),
        (
            "unnamed-address",
            "Addresses alone",
            "nobody is known to have been at the address, which counts as one person",
            (rows["reason"] == "network") & _names_people(rows),
        ),
    )
    for kind, name, detail, test in tests:
        if test.any():
            yield _spot(rows[test], kind=kind, name=name, detail=detail)


def _names_people(rows: pd.DataFrame) -> bool:
    """Whether anybody is known by name: then an address alone may be somebody who is counted by name, too."""
    known = rows["who"].cat.remove_unused_categories().cat.categories
    return any(str(who).startswith(("person:", "user:")) for who in known)


def _spot(part: pd.DataFrame, *, kind: str, name: str, detail: str) -> BlindSpot:
    return BlindSpot(
        kind=kind,
        name=name,
        detail=detail,
        count=int(part["detections"].sum()),
        unit="requests",
        people=part.loc[part["individual"], "who"].nunique() if part["individual"].any() else None,
        departments=tuple(sorted(set(part["department"]))),
        bytes_up=int(part["bytes_up"].sum()) if part["bytes_up_known"].any() else None,
        bytes_down=int(part["bytes_down"].sum()) if part["bytes_down_known"].any() else None,
    )


def _servers(part: pd.DataFrame) -> tuple[str, ...]:
    """Name the servers by what passed, the most first."""
    passed = (part["bytes_up"] + part["bytes_down"]).groupby(part["server"]).sum()
    ranked = sorted(passed.items(), key=lambda item: (-int(item[1]), str(item[0])))
    return tuple(str(server) for server, _ in ranked[:MAX_SERVERS] if server)


def _unparsed(sources: Sequence[SourceReport]) -> Iterator[BlindSpot]:
    for source in sources:
        if source.broken or source.error:
            detail = source.error or "records that are damaged and could not be read"
            yield BlindSpot(
                kind="unparsed-records", name=source.path, detail=detail, count=source.broken, unit="records"
            )
        if left := source.skipped.get(NO_ROOM):
            detail = "packets for which there was no room in memory, so that they were not looked into"
            yield BlindSpot(kind="unparsed-records", name=source.path, detail=detail, count=left, unit="records")
