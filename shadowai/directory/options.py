"""What the configuration says of the directory beside its files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shadowai.model import SECOND

if TYPE_CHECKING:
    from collections.abc import Mapping

DRIFT = 60 * SECOND  # nanoseconds


@dataclass(frozen=True, slots=True)
class DirectoryOptions:
    """How the files of the directory are to be read.

    `columns` maps a table (`people`, `networks`, `departments`) to {our column: header}. Where an export names no
    department, `units` (organisational unit or path) and `groups` give it; `spellings` brings a department's other
    names to one. `domains` maps a Windows domain's short name to its DNS name. `day_first` tells dates such as
    05/06/2026, None where nobody said it. `zone` is the IANA zone of times that name none; `drift` is in ns: how far
    clocks of servers may lie apart. `lease_times` (ns) are how long leases last, of the servers whose files do not say
    so: `dnsmasq`, `windows` and `zeek`.
    """

    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    spellings: Mapping[str, str] = field(default_factory=dict)
    domains: Mapping[str, str] = field(default_factory=dict)
    day_first: bool | None = None
    zone: str = "UTC"
    drift: int = DRIFT
    lease_times: Mapping[str, int] = field(default_factory=dict)

    def department(self, name: str) -> str | None:
        """Bring a department's name to the one spelling; None where it is empty."""
        return self.spellings.get(name, name) or None
