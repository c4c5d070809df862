"""Everything else that morning: most traffic is not AI."""

from __future__ import annotations

from typing import TYPE_CHECKING

from events import Event, at
from organisation import PEOPLE, Actor

if TYPE_CHECKING:
    import random

# Busy hosts that no signature names; the last are the organisation's own.
HOSTS = [
    "www.bbc.co.uk",
    "en.wikipedia.org",
    "www.gov.uk",
    "login.microsoftonline.com",
    "outlook.office365.com",
    "teams.microsoft.com",
    "www.youtube.com",
    "github.com",
    "pypi.org",
    "registry.npmjs.org",
    "fonts.gstatic.com",
    "www.openstreetmap.org",
    "weather.example",
    "news.example",
    "shop.example",
    "intranet.harbour.example",
    "files.harbour.example",
    "mail.harbour.example",
]
_QUIC_HOSTS = ["www.youtube.com", "fonts.gstatic.com"]
_QUIC_SHARE = 0.3  # of the people
_START, _END = at("08:00:00"), at("11:58:00")


def write_background(people: dict[str, Actor], rng: random.Random) -> list[Event]:
    """Give the ordinary events of the morning, a few for every person and source."""
    events = []
    for person in PEOPLE:
        actor = people[person.user]
        events += [_event("bind", actor, rng) for _ in range(rng.randrange(15, 30))]
        log = "zscaler" if person.site == "hq" else "squid"
        events += [_event(log, actor, rng) for _ in range(rng.randrange(12, 24))]
        place = "office" if person.site == "hq" else "branch"
        events += [_event("tls", actor, rng, place) for _ in range(rng.randrange(1, 4))]
        events += [_event("dns", actor, rng, place) for _ in range(rng.randrange(3, 7))]
        if rng.random() < _QUIC_SHARE:
            events.append(_event("quic", actor, rng, place))
    return events


def _event(medium: str, actor: Actor, rng: random.Random, place: str = "") -> Event:
    host = rng.choice(_QUIC_HOSTS if medium == "quic" else HOSTS)
    time = rng.randrange(_START, _END) // 1_000_000 * 1_000_000
    if medium in ("bind", "dns"):
        return Event(medium, time, actor, host, place=place)
    if medium == "squid":
        return Event(medium, time, actor, host, down=rng.randrange(900, 400_000), named=True, options=_tunnel())
    up, down = rng.randrange(3_500, 5_000), rng.randrange(3_500, 6_000)
    if medium == "zscaler":
        return Event(medium, time, actor, host, f"/{rng.randrange(1000)}", up=up, down=down, named=True)
    return Event(medium, time, actor, host, place=place, up=up, down=down)


def _tunnel() -> dict[str, str | bool]:
    return {"status": "TCP_TUNNEL/200"}
