"""What the settings say of reading, of the directory and of labels, as the parts of the program take it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shadowai.activity.labels import LEAST_KEY, Labels
from shadowai.directory.options import DirectoryOptions
from shadowai.errors import UsageError, unreadable
from shadowai.inputs import ReadOptions
from shadowai.model import SECOND

if TYPE_CHECKING:
    from shadowai.config import Settings
    from shadowai.rules import Rules


def read_options_of(chosen: Settings) -> ReadOptions:
    """Say how sources are read; which ones the settings do not tell."""
    return ReadOptions(
        arguments=(),
        columns=chosen.columns,
        zone=chosen.zone,
        logformats=chosen.logformats,
        day_first=chosen.day_first,
        keylog=chosen.tls_keylog,
    )


def directory_options_of(chosen: Settings) -> DirectoryOptions:
    """Say how the directory's files are read."""
    return DirectoryOptions(
        columns={str(table): headers for table, headers in chosen.directory_columns.items()},
        units=chosen.directory_units,
        groups=chosen.directory_groups,
        spellings=chosen.directory_spellings,
        domains=chosen.directory_domains,
        day_first=chosen.day_first,
        zone=chosen.zone,
        drift=chosen.drift * SECOND,
        lease_times={str(server): span * SECOND for server, span in chosen.lease_times.items()},
    )


def rules_of(chosen: Settings) -> Rules:
    """Read signatures, directory and policy. Raises UsageError that lists every problem of a file."""
    from shadowai.rules import load_rules  # brings all three readers, and few commands need them

    return load_rules(chosen.directory, chosen.policy, chosen.signatures, directory_options_of(chosen))


def labels_of(chosen: Settings) -> Labels:
    """Say what people are called in reports. Raises UsageError where the key cannot be used."""
    if chosen.names or chosen.key_file is None:
        return Labels(names=chosen.names)
    try:
        key = chosen.key_file.read_bytes().strip()
    except OSError as error:
        raise unreadable(error, chosen.key_file) from error
    if len(key) < LEAST_KEY:
        message = f"is too short to keep pseudonyms secret; put {LEAST_KEY} random characters into it or more"
        raise UsageError(message, where=chosen.key_file)
    return Labels(key=key)
