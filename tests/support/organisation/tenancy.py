"""Who held which address when: people come and go, addresses are reused within minutes by others.

An address goes first to whoever asks after the last holder has given it back, so that reuse is the rule.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from support.organisation.clock import HOUR, MINUTE, SECOND, at, dice
from support.organisation.places import SITES

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable

    from support.organisation.clock import Size
    from support.organisation.people import Person
    from support.organisation.places import Site

_PRESENT, _TWICE = 0.85, 0.4  # shares of the days: at work at all, and away over lunch
_COOLDOWN = (2 * MINUTE, 9 * MINUTE)
_HANDOVER = 5 * SECOND  # between a departure and the arrival of somebody who gets the same address, sometimes
_TWO = 2
_QUICK = (SECOND, 4 * SECOND)


@dataclass(frozen=True)
class Device:
    """A computer or phone; `owner` is None for what people.csv does not list."""

    host: str
    mac: str
    owner: Person | None = None


@dataclass(frozen=True)
class Tenure:
    """One device's time at one address, from `start` to `end` (ns).

    `renewals` are the times at which the lease was asked for again; `gone` is when the device left, `released` whether
    it said so. `borrower` is somebody else who uses the device for a while. `is_over` is False where the same device
    got the same address again before the lease had ended.
    """

    site: str
    address: str
    device: Device
    start: int
    end: int
    gone: int
    released: bool
    renewals: tuple[int, ...] = ()
    borrower: Person | None = None
    is_over: bool = True


@dataclass(frozen=True)
class _Stay:
    device: Device
    start: int
    end: int
    quick: bool = False
    borrower: Person | None = None


@dataclass
class Tenancies:
    """Look-ups over all tenures."""

    tenures: list[Tenure]
    _by_address: dict[str, list[Tenure]] = field(default_factory=dict)
    _starts: dict[str, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for tenure in sorted(self.tenures, key=lambda one: one.start):
            self._by_address.setdefault(tenure.address, []).append(tenure)
            self._starts.setdefault(tenure.address, []).append(tenure.start)

    def holder(self, address: str, time: int) -> Tenure | None:
        """Give the tenure that holds an address at a time."""
        place = bisect_right(self._starts.get(address, []), time) - 1
        found = self._by_address[address][place] if place >= 0 else None
        return found if found and time < found.end else None

    def is_settled(self, address: str, time: int, margin: int) -> bool:
        """Say whether the address has the same device as holder from `margin` before a time to `margin` after it."""
        return len(self._devices(address, time, margin)) == 1

    def is_contested(self, address: str, time: int, margin: int) -> bool:
        """Say whether two devices hold the address within `margin` of a time."""
        return len(self._devices(address, time, margin) - {None}) > 1

    def is_lent(self, tenure: Tenure) -> bool:
        """Say whether somebody else used the device at that address: under the lease, or one that it goes on from."""
        same = (one for one in self._by_address[tenure.address] if one.device is tenure.device)
        return any(one.borrower for one in same)

    def _devices(self, address: str, time: int, margin: int) -> set[str | None]:
        holders = [self.holder(address, time + step) for step in (-margin, 0, margin)]
        return {one.device.mac if one else None for one in holders}


def make_tenancies(seed: int, size: Size, people: list[Person]) -> Tenancies:
    """Let everybody come and go for the whole period, site by site."""
    tenures: list[Tenure] = []
    borrowers = [one for one in people if one.seat == "lab"]
    for site in SITES.values():
        rng = dice(seed, f"stays at {site.name}")
        devices = [Device(one.host, one.mac, one) for one in people if one.seat == site.name]
        devices += _strangers(site, len(devices))
        stays = []
        for day in size.work_days:
            today = _stays(day, devices, rng)
            if day == size.half:
                _trouble(today, borrowers if site.name == "hq" else [], rng)
            stays += today
        tenures += _hand_out(site, stays, rng, len(devices))
    return Tenancies(tenures)


def _strangers(site: Site, count: int) -> list[Device]:
    """Give the site's devices that nobody is known to own: phones, and whatever guests bring."""
    number = max(2, count // 12) if site.name != "vpn" else 0
    place = list(SITES).index(site.name)
    return [Device(f"phone-{site.name}-{at}", f"06:00:5e:00:{place:02x}:{at:02x}") for at in range(number)]


def _stays(day: int, devices: list[Device], rng: random.Random) -> list[_Stay]:
    stays = []
    for device in devices:
        if rng.random() > _PRESENT:
            continue
        begin, end = at(day, rng.uniform(7.2, 9.5)), at(day, rng.uniform(16, 18.4))
        if rng.random() < _TWICE:
            noon = at(day, rng.uniform(11.5, 12.2))
            stays += [_Stay(device, begin, noon), _Stay(device, noon + rng.randrange(20, 90) * MINUTE, end)]
        else:
            stays.append(_Stay(device, begin, end))
    return stays


def _trouble(stays: list[_Stay], borrowers: list[Person], rng: random.Random) -> None:
    """Make one arrive right after another has left, and lend one computer to somebody else, if anybody would."""
    counts = Counter(stay.device.mac for stay in stays)
    all_day = [place for place, stay in enumerate(stays) if stay.device.owner and counts[stay.device.mac] == 1]
    if len(all_day) >= _TWO:
        _hurry(stays, *rng.sample(all_day, _TWO))
    if all_day and borrowers:
        place = rng.choice(all_day)
        stays[place] = replace(stays[place], borrower=rng.choice(borrowers))


def _hurry(stays: list[_Stay], leaving: int, coming: int) -> None:
    """Make one come so soon after another has gone that they get the same address, sooner than clocks agree."""
    end = stays[leaving].start + 3 * HOUR
    stays[leaving] = replace(stays[leaving], end=end, quick=True)
    stays[coming] = replace(stays[coming], start=end + _HANDOVER)


def _hand_out(site: Site, stays: Iterable[_Stay], rng: random.Random, devices: int) -> list[Tenure]:
    """Serve everybody in the order of arrival, each with the address that was given back last.

    Who comes back before the lease has ended gets the same address again.
    """
    free = dict.fromkeys(site.addresses(3 * devices + 10), 0)  # since when
    tenures: list[Tenure] = []
    latest: dict[str, int] = {}
    for stay in sorted(stays, key=lambda one: (one.start, one.device.mac)):
        before = latest.get(stay.device.mac)
        old = tenures[before] if before is not None else None
        if old and before is not None and old.end > stay.start:
            tenures[before] = replace(old, end=stay.start, is_over=False)
            address = old.address
        else:
            address = max((one for one, since in free.items() if since <= stay.start), key=lambda one: free[one])
        tenure = _tenure(site, address, stay, rng)
        free[address] = tenure.end + rng.randrange(*(_QUICK if stay.quick else _COOLDOWN))
        latest[stay.device.mac] = len(tenures)
        tenures.append(tenure)
    return tenures


def _tenure(site: Site, address: str, stay: _Stay, rng: random.Random) -> Tenure:
    released = (stay.quick and site.releases > 0) or rng.random() < site.releases
    half = site.lease // 2
    renewals = tuple(range(stay.start + half, stay.end, half)) if site.renews else ()
    end = stay.end if released else (renewals[-1] if renewals else stay.start) + site.lease
    return Tenure(site.name, address, stay.device, stay.start, end, stay.end, released, renewals, stay.borrower)
