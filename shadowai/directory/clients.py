"""A raw identity, taken apart once, and what is said of it when nobody is named."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from shadowai.directory.networks import Network, NetworkKind
from shadowai.model import DAY
from shadowai.verdicts import Attribution

if TYPE_CHECKING:
    from collections.abc import Callable

    from shadowai.directory.identity import Login

MOST_CHANGES = 64  # looked at between two times; with more, nobody can tell whose the contacts were


class Reason(StrEnum):
    """How an attribution was found; the slugs that are also kinds of blind spot keep those names."""

    USER = "user"
    UNKNOWN_USER = "unknown-user"
    AMBIGUOUS_USER = "ambiguous-user"
    OUTSIDE_PERIOD = "outside-period"
    DEVICE = "device"
    LEASE = "lease"
    LEARNT = "learnt-identity"
    CONFLICT = "conflicting-identity"
    NETWORK = "network"
    SHARED = "shared-address"
    SERVER = "server-address"
    NO_NETWORK = "unknown-network"
    NOBODY = "no-client-identity"


@dataclass(frozen=True, slots=True)
class Client:
    """The part of an identity that does not depend on time.

    `stranger` is the whole answer where a user is named whom people.csv does not know, or not as one person; `owned`
    says whether a record of a person names the device or the address.
    """

    login: Login | None
    user_key: str
    device: str | None
    address: str | None
    network: Network | None
    stranger: Attribution | None = None
    owned: bool = False
    _unnamed: dict[bool, Attribution] = field(default_factory=dict, compare=False, repr=False)

    @property
    def department(self) -> str | None:
        """Department of the network, None where the address is in none."""
        return self.network.department if self.network else None

    @property
    def is_personal(self) -> bool:
        """Whether the address stands for one person: no network says that it does not."""
        return self.network is None or self.network.kind is NetworkKind.CLIENT

    def unnamed(self, *, conflict: bool) -> Attribution:
        """Attribution without any name: the device, else the address and what its network stands for.

        In a conflict it is one of several people, most of whom are counted by name: one more would be one too many.
        """
        found = self._unnamed.get(conflict)
        if found is None:
            found = self._unnamed[conflict] = self._without_name(conflict=conflict)
        return found

    def _without_name(self, *, conflict: bool) -> Attribution:
        if self.device is not None:
            reason = Reason.CONFLICT if conflict else Reason.DEVICE
            return Attribution(f"device:{self.device}", self.department, individual=not conflict, reason=reason)
        if self.address is None:
            return Attribution("unknown", None, individual=False, reason=Reason.NOBODY)
        if not self.is_personal:
            server = self.network is not None and self.network.kind is NetworkKind.SERVER
            prefix, reason = ("server", Reason.SERVER) if server else ("shared", Reason.SHARED)
            return Attribution(f"{prefix}:{self.address}", self.department, individual=False, reason=reason)
        reason = Reason.NETWORK if self.network else Reason.NO_NETWORK
        reason = Reason.CONFLICT if conflict else reason
        return Attribution(f"address:{self.address}", self.department, individual=not conflict, reason=reason)


def agreed(answers: set[Attribution], client: Client) -> Attribution:
    """Give the one answer of several moments; where they differ, a conflict."""
    if len(answers) == 1:
        return answers.pop()
    if len({answer.key for answer in answers}) == 1 and all(answer.individual for answer in answers):
        return replace(answers.pop(), department=client.department, reason=Reason.CONFLICT)
    return client.unnamed(conflict=True)


@dataclass(frozen=True)
class Course:
    """The answers for one identity over time.

    `fixed` is the answer at all times. Else the answer changes at `breaks` only, and at midnight where it depends on
    records with dates (`dated`); `known` holds the answers found so far. `is_learnt` says that sightings alone decide,
    without leases, owners and dates: most questions are then answered without the breaks, which take long to be found.
    """

    client: Client
    fixed: Attribution | None
    find_breaks: Callable[[], list[int]]
    dated: bool
    is_learnt: bool = False
    known: dict[int | tuple[int, int], Attribution] = field(default_factory=dict)

    @cached_property
    def breaks(self) -> list[int]:
        """The times, in order, between which (and between two midnights) the answer cannot change."""
        return self.find_breaks()

    def place(self, time: int) -> int | tuple[int, int]:
        """Number the part of time in which a moment lies: no answer changes within it."""
        at = bisect_right(self.breaks, time)
        return (at, time // DAY) if self.dated else at

    def changes(self, first: int, last: int) -> list[int] | None:
        """Give one moment of each part between two times; None where there are too many to be looked at."""
        begin, end = bisect_right(self.breaks, first), bisect_right(self.breaks, last)
        days = range(first // DAY + 1, last // DAY + 1) if self.dated else ()
        if end - begin + len(days) > MOST_CHANGES:
            return None
        return [*self.breaks[begin:end], *(day * DAY for day in days)]
