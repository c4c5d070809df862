"""Reading the policy file: checked against the schema and the names that exist, all problems told at once."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import ValidationError

from shadowai import strict_yaml
from shadowai.errors import UsageError
from shadowai.policy.policy import Policy
from shadowai.policy.schema import PolicyFile, Rule

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from pydantic_core import ErrorDetails

Place = tuple[str | int, ...]

_NOT_YET = {
    "accounts": "rules by account are not supported yet; remove the key or split the rule by services",
    "kinds": "rules by kind of use are not supported yet; remove the key or name categories",
    "groups": "rules by group are not supported yet; remove the key or name departments or people",
}
_RULE_KEYS = [field.alias or name for name, field in Rule.model_fields.items()]


@dataclass(frozen=True, slots=True)
class KnownNames:
    """The names that a policy may use. No `departments` means that they are not known, and none is checked."""

    services: Collection[str]
    vendors: Collection[str]
    categories: Collection[str]
    departments: Collection[str] = ()


def load_policy(path: Path, known: KnownNames) -> Policy:
    """Read a policy file.

    Raises UsageError with all problems, one a line, each as `file:line: message`: what breaks the schema, what is not
    supported yet, and services, vendors, categories and departments that do not exist, with close matches. A file that
    is not YAML, or has a key twice, is refused before that with its own line.
    """
    document = strict_yaml.load(path)
    if not isinstance(document, dict):
        raise UsageError("is not a policy; it must hold the keys default, rules and alternatives", where=path, record=1)
    problems = list(_unsupported(document))
    file = _validate(document, problems)
    problems += _unknown_names(document, known)
    if problems or file is None:
        raise UsageError("\n".join(_located(path, problems)))
    return Policy(file)


def _validate(document: Mapping[Any, Any], problems: list[tuple[Place, str]]) -> PolicyFile | None:
    said = {place for place, _ in problems}
    try:
        return PolicyFile.model_validate(document)
    except ValidationError as error:
        # A list whose members are all wrong is told member by member, and is not called empty as well.
        problems += [
            (found["loc"], _explain(found))
            for found in error.errors()
            if found["loc"] not in said and not (found["type"] == "too_short" and found["input"])
        ]
        return None


def _explain(problem: ErrorDetails) -> str:
    key = str(problem["loc"][-1]) if problem["loc"] else "the policy"
    match problem["type"]:
        case "extra_forbidden":
            keys = _RULE_KEYS if "rules" in problem["loc"] else list(PolicyFile.model_fields)
            return f"key {key!r} is unknown; {_suggest(key, _folded(keys))}"
        case "missing":
            return f"{key} is missing; give it"
        case "tuple_type":
            return f"{key} is not a list; write it in brackets, such as [first, second]"
        case "too_short":
            return f"{key} is an empty list; name something, or remove the key so that it does not restrict"
        case "value_error":
            return str(problem["ctx"]["error"])
        case _:
            return f"{key}: {problem['msg']}"


def _unsupported(document: Mapping[Any, Any]) -> Iterator[tuple[Place, str]]:
    for number, rule in _rules(document):
        for key in sorted(_NOT_YET.keys() & rule.keys()):
            yield ("rules", number, key), f"{key}: {_NOT_YET[key]}"


def _unknown_names(document: Mapping[Any, Any], known: KnownNames) -> Iterator[tuple[Place, str]]:
    """Names that exist nowhere; what is not even text is the schema's business."""
    choices = {
        "services": _folded(known.services),
        "vendors": _folded(known.vendors),
        "categories": _folded(known.categories),
    }
    if known.departments:
        choices["departments"] = _folded(known.departments)
    for number, rule in _rules(document):
        for key, names in choices.items():
            listed = rule.get(key)
            for at, name in enumerate(listed if isinstance(listed, list) else ()):
                if isinstance(name, str) and name.strip().casefold() not in names:
                    yield ("rules", number, key, at), _no_such(key, name, names)
    yield from _unknown_alternatives(document, known)


def _unknown_alternatives(document: Mapping[Any, Any], known: KnownNames) -> Iterator[tuple[Place, str]]:
    alternatives = document.get("alternatives")
    sources = _folded([*known.categories, *known.services])
    services = _folded(known.services)
    for source, target in alternatives.items() if isinstance(alternatives, dict) else ():
        if isinstance(source, str) and source.strip().casefold() not in sources:
            yield ("alternatives", source), _no_such("categories or services", source, sources)
        # A report prints the alternative's name, so its id must be exact.
        if isinstance(target, str) and target not in known.services:
            yield ("alternatives", source), _no_such("services", target, services)


def _rules(document: Mapping[Any, Any]) -> Iterator[tuple[int, Mapping[Any, Any]]]:
    rules = document.get("rules")
    for number, rule in enumerate(rules if isinstance(rules, list) else ()):
        if isinstance(rule, dict):
            yield number, rule


def _folded(names: Collection[str]) -> dict[str, str]:
    return {name.casefold(): name for name in sorted(names)}


def _no_such(key: str, name: str, choices: Mapping[str, str]) -> str:
    return f"{key}: {name!r} does not exist; {_suggest(name, choices)}"


def _suggest(name: str, folded: Mapping[str, str]) -> str:
    close = [folded[found] for found in difflib.get_close_matches(name.casefold(), folded)]
    return f"did you mean {' or '.join(close)}?" if close else "correct or remove it"


def _located(path: Path, problems: list[tuple[Place, str]]) -> list[str]:
    root = yaml.compose(path.read_bytes(), Loader=yaml.SafeLoader)
    placed = sorted({(strict_yaml.line_of(root, place), message) for place, message in problems})
    return [f"{path}:{line}: {message}" for line, message in placed]
