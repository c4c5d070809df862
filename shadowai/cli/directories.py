"""What the settings say of the directory, as the directory takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shadowai.directory.options import DirectoryOptions
from shadowai.model import SECOND

if TYPE_CHECKING:
    from shadowai.config import Settings


def directory_options(chosen: Settings) -> DirectoryOptions:
    """Make of the settings how the directory's files are to be read."""
    return DirectoryOptions(
        columns={str(table): headers for table, headers in chosen.directory_columns.items()},
        units=chosen.directory_units,
        groups=chosen.directory_groups,
        spellings=chosen.directory_spellings,
        domains=chosen.directory_domains,
        day_first=None if chosen.date_order is None else chosen.date_order == "day-first",
        zone=chosen.zone,
        drift=chosen.drift * SECOND,
        lease_times={str(server): span * SECOND for server, span in chosen.lease_times.items()},
    )
