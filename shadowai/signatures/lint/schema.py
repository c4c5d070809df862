"""The schema's own findings, each under the name of the rule that it breaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shadowai import strict_yaml
from shadowai.errors import UsageError
from shadowai.signatures.lint.issue import Issue
from shadowai.signatures.lint.spelling import misspellings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from shadowai.signatures.files import Problem

_INDICATORS = "indicators"


def schema_holds(problems: Iterable[Problem]) -> Iterator[Issue]:
    """Every file could be read: YAML, its keys, its values; with a name of its own for what is often got wrong."""
    for problem in problems:
        better = _misspelling(problem)
        if better:
            yield from better
            continue
        key = ".".join(map(str, problem.place))
        message = f"{key}: {problem.message}" if key else problem.message
        yield Issue(str(problem.path), problem.line, _rule(problem), message)


def _rule(problem: Problem) -> str:
    if "references" in problem.place or "reference" in problem.place:
        return "reference"
    if not problem.place and problem.message.startswith("the id "):
        return "duplicate"
    return "anchor" if "placeholder may not stand" in problem.message else "schema"


def _misspelling(problem: Problem) -> list[Issue]:
    if len(problem.place) < 2 or problem.place[0] != _INDICATORS:  # noqa: PLR2004  # indicators, number
        return []
    entry = _entry(problem.path, problem.place[1])
    found = misspellings(entry.get("kind"), entry.get("value"))
    return [Issue(str(problem.path), problem.line, one.rule, one.message) for one in found]


def _entry(path: Path, number: str | int) -> dict[str, object]:
    try:
        document = strict_yaml.load(path)
    except UsageError:  # it was read a moment ago: somebody edits it right now
        return {}
    indicators = document.get(_INDICATORS) if isinstance(document, dict) else None
    if not isinstance(indicators, list) or not isinstance(number, int) or number >= len(indicators):
        return {}
    entry = indicators[number]
    return entry if isinstance(entry, dict) else {}
