"""The list of blind spots: ids once, and no name or address that a service has."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from shadowai.signatures.lint.issue import Issue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shadowai.signatures.lint.issue import Subject

_FILE = "blind-spots.yaml"


def blind_spot_ids_are_unique(subject: Subject) -> Iterator[Issue]:
    """Each id stands once."""
    for name, count in Counter(entry.id for entry in subject.files.blind_spots).items():
        if count > 1:
            yield Issue(_FILE, 1, "duplicate", f"the id {name} stands {count} times")


def blind_spots_are_no_services(subject: Subject) -> Iterator[Issue]:
    """What hides AI use is not counted as AI use."""
    for entry in subject.files.blind_spots:
        for name in (*entry.domains, *entry.addresses):
            if match := subject.matcher.match(name.partition("/")[0]):
                yield Issue(_FILE, 1, "overlap", f"{name} of {entry.id} matches {match.service}")
