"""What people and programs truly did: the events, each with who, from which address, where to and how much."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from support.organisation.catalogue import CANDIDATES, HIDING, PLACES, TUNNEL
from support.organisation.clock import DAY, HOUR, MILLI, MINUTE, SECOND, at, dice
from support.organisation.people import fixed_address
from support.organisation.places import AGENT, BUILDER, BUILDER_ACCOUNT, NAT, TERMINAL, lab_address

if TYPE_CHECKING:
    import random

    from support.organisation.catalogue import Place
    from support.organisation.clock import Size
    from support.organisation.people import Person
    from support.organisation.tenancy import Tenancies, Tenure

MARGIN = 4 * MINUTE  # from the ends of a stay, so that no clock's error matters
BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36"
PROGRAM = "OpenAI/Python 1.61.0"
# Thirty minutes to the second make a new session, a second less does not.
_GAPS = (40 * SECOND, 3 * MINUTE, 7 * MINUTE, 14 * MINUTE, 30 * MINUTE, 30 * MINUTE - SECOND, 33 * MINUTE, 50 * MINUTE)
_USE, _DENIED, _PROGRAM_SHARE, _LOOK_UP, _LARGE, _EDGE = 0.35, 0.08, 0.3, 0.08, 0.04, 0.02
_UPLOAD = (2_000_000, 30_000_000)


@dataclass(frozen=True)
class Request:
    """One contact as it happened, whoever recorded it.

    `person` is the human behind it, None for machines and unknown guests; `tenure` the lease it was made under, None
    for fixed addresses. `login` is what the network knows of the user: named (a human's name), machine (the computer's
    account) or nothing. `asks` says whether the name was looked up before, `contact` whether more than that happened.
    `stranger` is the name of a human whom people.csv does not know. `is_idle` says that nobody did it: a page that was
    left open asks whether there is anything new.
    """

    time: int
    site: str
    address: str
    host: str
    path: str
    up: int
    down: int
    person: Person | None = None
    tenure: Tenure | None = None
    login: str = "named"
    denied: bool = False
    asks: bool = True
    contact: bool = True
    agent: str = BROWSER
    stranger: str | None = None
    is_idle: bool = False


@dataclass(frozen=True)
class Where:
    """From where somebody does something: between `start` and `end` at one address."""

    site: str
    address: str
    start: int
    end: int
    person: Person | None
    tenure: Tenure | None = None


def make_requests(seed: int, size: Size, people: list[Person], tenancies: Tenancies) -> list[Request]:
    """Make everything that happens with AI in the period."""
    rng = dice(seed, "visits")
    wheres = [*_from_leases(tenancies), *_from_fixed(size, people, rng)]
    favourites = {one.user: rng.choices(PLACES, [place.weight for place in PLACES], k=2) for one in people}
    found: list[Request] = []
    for where in wheres:
        if rng.random() < _USE and where.person:
            found += _visit(where, rng.choice(favourites[where.person.user]), rng)
        elif rng.random() < _USE / 2:
            found += _visit(where, rng.choice(PLACES), rng)
    # Everything happens at least once, somewhere.
    found += [one for place in PLACES for one in _visit(rng.choice(wheres), place, rng)]
    odd = [host for host in (*CANDIDATES, *HIDING) if host != TUNNEL]
    found += [_odd(rng.choice(wheres), host, rng) for host in 3 * odd]
    guests = [one for one in wheres if one.site == "guest"]
    found += [one for _ in range(4) for one in _visit(rng.choice(guests), PLACES[0], rng)]
    for where in wheres:
        found += _at_the_edge(where, tenancies, rng)
        found += _borrowed(where, rng) if where.tenure and where.tenure.borrower else []
    found += _machines(size, rng)
    found += _tunnelled(size, wheres, rng)
    found += _left_open(rng.choice([one for one in wheres if one.site == "branch" and one.person]))
    found += _unlisted_user(rng.choice([one for one in wheres if one.site == "hq" and one.person]), rng)
    return sorted(found, key=lambda one: (one.time, one.address, one.host))


def _from_leases(tenancies: Tenancies) -> list[Where]:
    return [
        Where(one.site, one.address, one.start + MARGIN, one.gone - MARGIN, one.device.owner, one)
        for one in tenancies.tenures
        if one.gone - one.start > 4 * MARGIN
    ]


def _from_fixed(size: Size, people: list[Person], rng: random.Random) -> list[Where]:
    found = []
    for number, person in enumerate(people):
        places = {"desk": fixed_address(number), "lab": lab_address(number), "nat": NAT}
        address = places.get(person.seat)
        for day in size.work_days:
            if address:
                found.append(Where("hq", address, at(day, 8), at(day, 17), person))
            elif rng.random() < _DENIED and person.seat == "hq":
                found.append(Where("hq", TERMINAL, at(day, 8), at(day, 17), person))
    return found


def _visit(where: Where, place: Place, rng: random.Random) -> list[Request]:
    """Use a service for a while: some requests with gaps between them, as far as the stay reaches."""
    only_asks, denied = rng.random() < _LOOK_UP, rng.random() < _DENIED
    agent = PROGRAM if place.role == "api" and rng.random() < _PROGRAM_SHARE else BROWSER
    time = rng.randrange(where.start // SECOND, where.end // SECOND) * SECOND + rng.randrange(1000) * MILLI
    found = []
    login = rng.choices(("named", "nothing", "machine"), (7, 3, 1))[0]
    for number in range(1 if only_asks else rng.randrange(1, 6)):
        if time > where.end:
            break
        large = rng.random() < _LARGE
        up = rng.randrange(*_UPLOAD) if large else rng.randrange(900, 40_000)
        one = _request(where, time, place.host, place.path, sizes=(up, rng.randrange(2_000, 60_000)))
        found.append(replace(one, login=login, denied=denied, asks=number == 0, contact=not only_asks, agent=agent))
        time += rng.choice(_GAPS)
    return found


def _request(where: Where, time: int, host: str, path: str, *, sizes: tuple[int, int] = (1_500, 9_000)) -> Request:
    return Request(time, where.site, where.address, host, path, *sizes, where.person, where.tenure)


def _odd(where: Where, host: str, rng: random.Random) -> Request:
    """Reach a host that only looks like AI, or one behind which it could hide."""
    time = rng.randrange(where.start // SECOND, where.end // SECOND) * SECOND
    return replace(_request(where, time, host, "/"), asks=host in CANDIDATES)


def _at_the_edge(where: Where, tenancies: Tenancies, rng: random.Random) -> list[Request]:
    """Do something seconds after an address was got, or before it was given back, where its other user was near."""
    tenure = where.tenure
    if tenure is None:
        return []
    found = []
    for time, host in ((tenure.start + 2 * SECOND, "claude.ai"), (tenure.gone - 2 * SECOND, "chat.mistral.ai")):
        is_close = tenancies.is_contested(where.address, time, MINUTE)
        if is_close or rng.random() < _EDGE:
            found.append(replace(_request(where, time, host, "/"), login="nothing", contact=is_close))
    return found


def _borrowed(where: Where, rng: random.Random) -> list[Request]:
    """Use somebody else's computer under one's own name; the resolver sees the computer alone."""
    time = rng.randrange(where.start // SECOND, where.end // SECOND) * SECOND
    borrower = where.tenure.borrower if where.tenure else None
    mine = [replace(_request(where, time, "poe.com", "/"), person=borrower)]
    mine.append(replace(mine[0], time=time + MINUTE, asks=False))
    return [*mine, replace(mine[0], time=time + 30 * SECOND, login="nothing", contact=False)]


def _tunnelled(size: Size, wheres: list[Where], rng: random.Random) -> list[Request]:
    """Open a tunnel once a day while the captures run."""
    found = []
    for day in size.work_days:
        time = at(day, 10.2)
        there = [one for one in wheres if one.site in ("hq", "branch") and one.tenure and one.start < time < one.end]
        found.append(replace(_request(rng.choice(there), time, TUNNEL, ""), asks=False, login="nothing"))
    return found


def _left_open(where: Where) -> list[Request]:
    """Leave a page open that asks for news every five minutes, between the hours of the captures."""
    begin = (where.start // DAY) * DAY + 11 * HOUR
    page = replace(_request(where, begin, "app.grammarly.com", "/news", sizes=(600, 700)), asks=False, is_idle=True)
    times = range(max(begin, where.start), min(begin + 3 * HOUR, where.end), 5 * MINUTE)
    return [replace(page, time=time + 20 * SECOND) for time in times]


def _unlisted_user(where: Where, rng: random.Random) -> list[Request]:
    """Let a contractor, whom people.csv does not know, use a proxy under a name."""
    time = rng.randrange(where.start // SECOND, where.end // SECOND) * SECOND
    one = _request(where, time, "www.perplexity.ai", "/search")
    one = replace(one, address=TERMINAL, person=None, tenure=None, asks=False, stranger="x.contractor")
    return [replace(one, time=time + step * MINUTE) for step in range(3)]


def _machines(size: Size, rng: random.Random) -> list[Request]:
    """Let a build server call an API now and then, and an agent work day and night, every ten minutes."""
    found = []
    for day in range(size.days):
        time = at(day, 2 + rng.random() * 3)
        sizes = (22_000, 15_000)
        builder = Request(time, "hq", BUILDER, "api.groq.com", "/openai/v1/chat/completions", *sizes, agent=PROGRAM)
        later = replace(builder, time=time + 2 * MINUTE, login="machine", asks=False)
        found += [replace(builder, login="nothing"), later]
        for step in range(24 * 6):
            time = at(day, 0) + step * 10 * MINUTE + rng.randrange(8) * SECOND
            agent = Request(time, "works", AGENT, "api.openai.com", "/v1/responses", 9_000, 4_000, agent=PROGRAM)
            found.append(replace(agent, login="nothing", asks=False))
    return found


def login_of(request: Request) -> str | None:
    """Give the computer's account where a machine logs on, None where it has none."""
    if request.tenure:
        return f"HARBOUR\\{request.tenure.device.host.upper()}$"
    return BUILDER_ACCOUNT if request.address == BUILDER else None
