"""Checks over whole signature folders: one small validator a rule, each giving issues with file and line.

A rule is a function from a `Subject` to issues. Rules look at all files together; which of their issues are shown is
for the caller to say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shadowai.signatures.lint import blind_spots, crowd, dates, examples, place, software, width
from shadowai.signatures.lint.issue import Issue, Level, Subject
from shadowai.signatures.lint.schema import schema_holds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import date

    from shadowai.signatures.files import Problem, SignatureFiles

__all__ = ["RULES", "Issue", "Level", "lint"]

RULES: tuple[Callable[[Subject], Iterator[Issue]], ...] = (
    place.id_is_words_and_hyphens,
    place.category_is_known,
    dates.dates_are_past,
    dates.verified_is_recent,
    width.public_suffix_is_not_claimed,
    width.shared_platform_is_not_claimed,
    width.pattern_has_an_anchor,
    software.user_agent_is_telling,
    software.common_path_has_a_port,
    software.address_range_is_narrow,
    crowd.values_are_unique,
    crowd.no_domain_swallows_another_vendors,
    crowd.every_indicator_is_in_reach,
    examples.examples_hold,
    examples.references_are_listed_once,
    blind_spots.blind_spot_ids_are_unique,
    blind_spots.blind_spots_are_no_services,
)
"""Every rule beyond the schema."""


def lint(files: SignatureFiles, today: date, problems: Iterable[Problem] = ()) -> list[Issue]:
    """Run every rule over files that could be read, and name the problems of those that could not.

    An empty list means that all is well.
    """
    subject = Subject(files, today)
    issues = list(schema_holds(problems))
    for rule in RULES:
        issues.extend(rule(subject))
    return sorted(set(issues))
