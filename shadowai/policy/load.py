"""Reading the policy file: checked against the schema and the names that exist, all problems told at once."""

from __future__ import annotations

import difflib
from itertools import islice
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import ValidationError

from shadowai import strict_yaml
from shadowai.errors import UsageError
from shadowai.policy.policy import Policy
from shadowai.policy.precedence import Tie, TooManyPairs, ties
from shadowai.policy.schema import MAX_NAMES, MAX_RULES, Limits, PolicyFile, RiskWeights, Rule, UploadLimits
from shadowai.policy.tenants import ANY_SERVICE, covered_names
from shadowai.policy.words import scope_words

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from pydantic import BaseModel
    from pydantic_core import ErrorDetails

    from shadowai.policy.catalogue import KnownNames
    from shadowai.policy.scope import Scope

Place = tuple[str | int, ...]
Problem = tuple[Place, str]

MAX_PROBLEMS = 100  # told at once
_COMPARED = 80  # characters of an unknown name that are compared with the known ones
_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PARTS: dict[str, type[BaseModel]] = {
    "rules": Rule,
    "limits": Limits,
    "upload": UploadLimits,
    "risk_weights": RiskWeights,
}


def load_policy(path: Path, known: KnownNames) -> Policy:
    """Read a policy file.

    Raises UsageError with all problems, one a line, each as `file:line: message`: what breaks the schema, names that do
    not exist, with close matches, and, where there is nothing else, rules that tie. A file that is not YAML, or has a
    key twice, is refused before that with its own line. What is only odd is among the policy's `warnings`.
    """
    document = strict_yaml.load(path)
    if not isinstance(document, dict):
        raise UsageError("is not a policy; it must hold the keys default, rules and alternatives", where=path, record=1)
    root = yaml.compose(path.read_bytes(), Loader=_Loader)
    if oversize := _oversize(document):
        raise UsageError(oversize, where=path, record=strict_yaml.line_of(root, ("rules",)))
    problems: list[Problem] = []
    file = _validate(document, problems)
    problems += islice(_unknown_names(document, known), MAX_PROBLEMS)
    if problems or file is None:
        raise UsageError("\n".join(_located(path, root, problems)))
    lines = [strict_yaml.line_of(root, ("rules", at)) for at in range(len(file.rules))]
    policy = Policy(file, known, lines=lines)
    if tied := _tied(policy):
        raise UsageError("\n".join(_located(path, root, tied)))
    policy.warnings = tuple(_located(path, root, list(_oddities(policy))))
    return policy


def _oversize(document: Mapping[Any, Any]) -> str | None:
    rules = document.get("rules")
    if not isinstance(rules, list):
        return None
    if len(rules) > MAX_RULES:
        return f"holds {len(rules):,} rules; at most {MAX_RULES:,} are read: name several services in one rule"
    names = sum(len(value) for _, rule in _rules(document) for value in rule.values() if isinstance(value, list))
    if names > MAX_NAMES:
        return (
            f"names {names:,} things in its rules; at most {MAX_NAMES:,} are read: name vendors, categories or groups"
        )
    return None


def _validate(document: Mapping[Any, Any], problems: list[Problem]) -> PolicyFile | None:
    try:
        return PolicyFile.model_validate(document)
    except ValidationError as error:
        # A list whose members are all wrong is told member by member, and is not called empty as well.
        problems += [
            (found["loc"], _explain(found))
            for found in error.errors(include_url=False)
            if not (found["type"] == "too_short" and found["input"])
        ]
        return None


def _explain(problem: ErrorDetails) -> str:
    key = str(problem["loc"][-1]) if problem["loc"] else "the policy"
    match problem["type"]:
        case "extra_forbidden":
            return f"key {key!r:.80} is unknown; {_suggest(key, _folded(_keys_beside(problem['loc'])))}"
        case "missing":
            return f"{key} is missing; give it"
        case "tuple_type":
            return f"{key} is not a list; write it in brackets, such as [first, second]"
        case "too_short":
            return f"{key} is an empty list; name something, or remove the key so that it does not restrict"
        case "value_error":
            return str(problem["ctx"]["error"])
        case _:
            return f"{key:.80}: {problem['msg']}"


def _keys_beside(place: Place) -> list[str]:
    model = next(
        (_PARTS[part] for part in reversed(place[:-1]) if isinstance(part, str) and part in _PARTS), PolicyFile
    )
    return [field.alias or name for name, field in model.model_fields.items()]


def _unknown_names(document: Mapping[Any, Any], known: KnownNames) -> Iterator[Problem]:
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
    yield from _unknown_tenants(document, known)


def _unknown_alternatives(document: Mapping[Any, Any], known: KnownNames) -> Iterator[Problem]:
    alternatives = document.get("alternatives")
    sources = _folded([*known.categories, *known.services])
    services = _folded(known.services)
    for source, target in alternatives.items() if isinstance(alternatives, dict) else ():
        if isinstance(source, str) and source.strip().casefold() not in sources:
            yield ("alternatives", source), _no_such("categories or services", source, sources)
        # A report prints the alternative's name, so its id must be exact.
        if isinstance(target, str) and target not in known.services:
            yield ("alternatives", source), _no_such("services", target, services)


def _unknown_tenants(document: Mapping[Any, Any], known: KnownNames) -> Iterator[Problem]:
    """Tenants of no service, given twice, or everybody's: those would call every account a sanctioned one."""
    tenants = document.get("tenants")
    given: dict[str, str] = {}
    services = tenants if isinstance(tenants, dict) else {ANY_SERVICE: tenants}
    for service, entries in services.items():
        if isinstance(service, str) and service != ANY_SERVICE and service not in known.services:
            yield ("tenants", service), _no_such("services", service, _folded(known.services))
        for at, entry in enumerate(entries if isinstance(entries, list) else ()):
            if not isinstance(entry, str):
                continue
            place: Place = ("tenants", service, at) if services is tenants else ("tenants", at)
            if entry in given:
                yield place, f"tenants: {entry!r:.80} is already given for {given[entry]}; remove one of the two"
            given.setdefault(entry, str(service))
            if public := covered_names(entry.strip().lower(), known.hosts):
                yield place, f"tenants: {entry!r:.80} covers {public[0]}, which everybody uses; name your own host"


def _rules(document: Mapping[Any, Any]) -> Iterator[tuple[int, Mapping[Any, Any]]]:
    rules = document.get("rules")
    for number, rule in enumerate(rules if isinstance(rules, list) else ()):
        if isinstance(rule, dict):
            yield number, rule


def _tied(policy: Policy) -> list[Problem]:
    try:
        return [(("rules", tie.second.number - 1), _tie_in_words(policy, tie)) for tie in ties(policy.by_service)]
    except TooManyPairs:
        message = "too many rules speak of the same services to be compared; merge those that say the same"
        return [(("rules",), message)]


def _tie_in_words(policy: Policy, tie: Tie) -> str:
    first, second = tie.first, tie.second
    service = policy.known.services[tie.service].name
    return (
        f"ties with the rule of line {first.line}: both are as specific and can mean the same use, for example of "
        f"{service}, but this one says {second.rule.status} ({scope_words(second.rule, names=True)}) and that one "
        f"{first.rule.status} ({scope_words(first.rule, names=True)}); give the one that should win a further key, "
        "such as services or departments, or take out of one what the other covers"
    )


def _oddities(policy: Policy) -> Iterator[Problem]:
    groups = _folded(policy.known.groups)
    for scope in policy.scopes:
        for key in missing_keys(scope):
            yield (
                ("rules", scope.number - 1),
                f"the rule has no {key}; give it, so that people know whom to ask and why",
            )
        if scope.rule.departments and not policy.known.departments:
            message = "departments: no directory names any, so that the rule covers nobody; give --directory"
            yield ("rules", scope.number - 1, "departments"), message
        for at, name in enumerate(scope.rule.groups or ()):
            if groups and name.casefold() not in groups:
                # No error: a group that has lost its last member must not stop a scan.
                yield ("rules", scope.number - 1, "groups", at), f"{_no_such('groups', name, groups)}: it covers nobody"
        for at, name in enumerate(scope.rule.people or ()):
            if policy.known.person is not None and policy.known.person(name) is None:
                # Without the name: a scan's warnings stand in reports, which name nobody.
                yield ("rules", scope.number - 1, "people", at), "people: a name is nobody's whom the directory knows"


def missing_keys(scope: Scope) -> list[str]:
    """Name those keys that every rule should have and this one has not."""
    return [key for key in ("owner", "reason") if getattr(scope.rule, key) is None]


def _folded(names: Collection[str]) -> dict[str, str]:
    return {name.casefold(): name for name in sorted(names)}


def _no_such(key: str, name: str, choices: Mapping[str, str]) -> str:
    return f"{key}: {name!r:.80} does not exist; {_suggest(name, choices)}"


def _suggest(name: str, folded: Mapping[str, str]) -> str:
    close = [folded[found] for found in difflib.get_close_matches(name[:_COMPARED].casefold(), folded)]
    return f"did you mean {' or '.join(close)}?" if close else "correct or remove it"


def _located(path: Path, root: yaml.Node | None, problems: list[Problem]) -> list[str]:
    placed = sorted({(strict_yaml.line_of(root, place), message) for place, message in problems[: 2 * MAX_PROBLEMS]})
    told = [f"{path}:{line}: {message}" for line, message in placed[:MAX_PROBLEMS]]
    more = len(problems) - len(told)
    return [*told, f"{path}: and {more} more"] if more > 0 and len(told) == MAX_PROBLEMS else told
