"""Examples are run: what must match does, what must not does not; and what is listed twice is told."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from shadowai.signatures.lint.issue import Level
from shadowai.signatures.lookup import look_up

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shadowai.signatures.lint.issue import Issue, Subject


def examples_hold(subject: Subject) -> Iterator[Issue]:
    """Each example under `match` matches this very service, none under `no_match` does."""
    for service in subject.files.services.values():
        for number, example in enumerate(service.file.examples.match):
            match = look_up(subject.matcher, example).match
            if match is None or match.service != service.id:
                message = f"{example} matches {match.service if match else 'nothing'}"
                yield subject.issue(service, ("examples", "match", number), "match", message)
        for number, example in enumerate(service.file.examples.no_match):
            match = look_up(subject.matcher, example).match
            if match is not None and match.service == service.id:
                message = f"{example} matches by {match.indicator}"
                yield subject.issue(service, ("examples", "no_match", number), "no_match", message)


def references_are_listed_once(subject: Subject) -> Iterator[Issue]:
    """No page stands twice among a service's references."""
    for service in subject.files.services.values():
        pages = service.file.references
        for number, page in enumerate(pages):
            if page in pages[:number]:
                issue = subject.issue(service, ("references", number), "reference", f"{page} is listed twice")
                yield replace(issue, level=Level.WARNING)
