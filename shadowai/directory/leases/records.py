"""What lease files say, record by record, in compact columns: 33 bytes a record and each name once.

Times are ns since the epoch. A record says that somebody holds an address, or no longer does; who held what from when
to when is worked out of them by `shadowai.directory.leases.spans`.
"""

from __future__ import annotations

import hashlib
from array import array
from enum import IntEnum
from typing import NamedTuple

FOREVER = 1 << 62
"""End of a lease that never ends."""
OPEN = FOREVER + 1
"""End of a session that nobody has told yet."""
NOBODY = -1
"""Number of the lessee of a record that names none: it ends whatever lease the address is under."""


class Sign(IntEnum):
    """What a record proves of the lessee and the address."""

    HELD = 0  # held before and from now on: a renewal, an interim report
    GRANT = 1  # holds from now on, whether or not before
    FRESH = 2  # holds from now on, and begins now
    LEFT = 3  # held until now: released, logged out
    OVER = 4  # no longer holds: expired, deleted


class Proof(NamedTuple):
    """What a record proves, and when; `until` is the end of the lease if nothing else is told (both in ns)."""

    sign: Sign
    time: int
    until: int = FOREVER


class Lessee(NamedTuple):
    """Who holds an address: a user, or a device by its MAC address (or DHCP client id) and its host name."""

    user: str | None = None
    device: str | None = None
    host: str | None = None

    @property
    def claim(self) -> tuple[bool, str | None]:
        """What makes records those of one lessee: the user, else the MAC address, else the host name."""
        return (True, self.user) if self.user is not None else (False, self.device or self.host)


class Records:
    """Every record of every file, by columns; addresses, lessees and claims by number."""

    def __init__(self) -> None:
        self.addresses: dict[str, int] = {}
        self.lessees: dict[Lessee, int] = {}
        self.claims: dict[tuple[bool, str | None], int] = {}
        self.claim_of = array("i")
        self.address = array("i")
        self.lessee = array("i")
        self.sign = array("b")
        self.time = array("q")
        self.until = array("q")
        self.session = array("q")

    def add(self, address: str, lessee: Lessee | None, proof: Proof, session: str = "") -> None:
        """Add a record: the address in canonical form, the lessee (None: whoever it is), and what is proved of the two.

        `session` sets two stays of one lessee apart.
        """
        self.address.append(self.addresses.setdefault(address, len(self.addresses)))
        self.lessee.append(NOBODY if lessee is None else self._number(lessee))
        self.sign.append(proof.sign)
        self.time.append(proof.time)
        self.until.append(proof.until)
        self.session.append(_session_number(session) if session else 0)

    def _number(self, lessee: Lessee) -> int:
        number = self.lessees.get(lessee)
        if number is None:
            number = self.lessees[lessee] = len(self.lessees)
            self.claim_of.append(self.claims.setdefault(lessee.claim, len(self.claims)))
        return number


def _session_number(session: str) -> int:
    digest = hashlib.blake2b(session.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)
