"""Dates: nothing was verified in the future, and what was verified long ago is due again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from shadowai.signatures.lint.issue import Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shadowai.signatures.lint.issue import Issue, Subject

STALE = timedelta(days=366)
"""How old `verified` may be; a retired service, which only old logs name, is never due again."""


def dates_are_past(subject: Subject) -> Iterator[Issue]:
    """Neither `verified` nor `retired` lies in the future."""
    for service in subject.files.services.values():
        for name, day in (("verified", service.file.verified), ("retired", service.file.retired)):
            if day is not None and day > subject.today:
                yield subject.issue(service, (name,), name, f"{day} lies in the future")


def verified_is_recent(subject: Subject) -> Iterator[Issue]:
    """Somebody looked at the service within the last year."""
    for service in subject.files.services.values():
        day = service.file.verified
        if service.file.retired is None and subject.today - day > STALE:
            issue = subject.issue(service, ("verified",), "stale", f"was verified on {day}, more than a year ago")
            yield replace(issue, level=Level.WARNING)
