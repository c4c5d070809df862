"""What people are called in reports: the settings made into labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shadowai.activity.labels import LEAST_KEY, Labels
from shadowai.errors import UsageError, unreadable

if TYPE_CHECKING:
    from shadowai.config import Settings


def labels(settings: Settings) -> Labels:
    """Give the labels that the settings ask for. Raises UsageError where the key cannot be used."""
    if settings.names or settings.key_file is None:
        return Labels(names=settings.names)
    try:
        key = settings.key_file.read_bytes().strip()
    except OSError as error:
        raise unreadable(error, settings.key_file) from error
    if len(key) < LEAST_KEY:
        message = f"is too short to keep pseudonyms secret; put {LEAST_KEY} random characters into it or more"
        raise UsageError(message, where=settings.key_file)
    return Labels(key=key)
