"""The file's place: its stem is the id, its folder the category."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shadowai.signatures.lint.issue import Issue, Subject

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def id_is_words_and_hyphens(subject: Subject) -> Iterator[Issue]:
    """The stem of a service's file, which policies and reports name, is spelt in one way only."""
    for service in subject.files.services.values():
        if not _ID.fullmatch(service.id):
            yield subject.issue(service, (), "id", "the file's stem is not lower case words joined by hyphens")


def category_is_known(subject: Subject) -> Iterator[Issue]:
    """A service's folder is a category that reports have a name for."""
    for service in subject.files.services.values():
        if service.category not in subject.files.categories:
            yield subject.issue(service, (), "category", f"{service.category} is not in categories.yaml")
