"""Reading signature folders in full: every file checked, every problem located, one bad file not hiding the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from shadowai import strict_yaml
from shadowai.errors import SignatureError, UsageError
from shadowai.signatures.files import Problem, Service, SignatureFiles
from shadowai.signatures.lists import BlindSpotList, CandidatePatterns, CategoryTexts, ClientTokens, SharedPlatforms
from shadowai.signatures.schema import ServiceFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

CATEGORIES = "categories.yaml"
BLIND_SPOTS = "blind-spots.yaml"
CANDIDATES = "candidates.yaml"
PLATFORMS = "shared-platforms.yaml"
CLIENTS = "clients.yaml"
LISTS = (CATEGORIES, BLIND_SPOTS, CANDIDATES, PLATFORMS, CLIENTS)
_LATER = (PLATFORMS, CLIENTS)  # lists that older databases lack

Model = TypeVar("Model", bound=BaseModel)


def read_all(folders: Sequence[Path], digest: str) -> tuple[SignatureFiles, list[Problem]]:
    """Read a database's folder and the overlays after it; what cannot be read is left out and told as problems.

    The first folder has all lists but those that older databases lack; an overlay any of them.
    """
    problems: list[Problem] = []
    services: dict[str, Service] = {}
    for folder in folders:
        found = _services(folder, problems)
        for name in found.keys() & services.keys():
            del services[name]  # so that the later folder's come last, and win where an indicator stands twice
        services.update(found)
    categories = _lists(folders, CATEGORIES, CategoryTexts, problems)
    blind_spots = _lists(folders, BLIND_SPOTS, BlindSpotList, problems)
    files = SignatureFiles(
        services=services,
        categories={name: text for one in categories for name, text in one.root.items()},
        blind_spots=_latest([list_.root for list_ in blind_spots]),
        candidates=_all_candidates(_lists(folders, CANDIDATES, CandidatePatterns, problems)),
        clients=_all_clients(_lists(folders, CLIENTS, ClientTokens, problems)),
        platforms=_all_platforms(_lists(folders, PLATFORMS, SharedPlatforms, problems)),
        digest=digest,
    )
    return files, problems


def read_one(path: Path) -> Service:
    """Read one service's file; SignatureError lists its problems."""
    problems: list[Problem] = []
    file = _read(path, ServiceFile, problems)
    if file is None:
        raise SignatureError("\n".join(map(str, problems)))
    return Service(id=path.stem, category=path.parent.name, path=path, file=file)


def _services(folder: Path, problems: list[Problem]) -> dict[str, Service]:
    found: dict[str, Service] = {}
    for path in sorted(folder.glob("*/*.yaml")):
        file = _read(path, ServiceFile, problems)
        if file is None:
            continue
        if path.stem in found:
            message = f"the id {path.stem} stands also in {found[path.stem].path}"
            problems.append(Problem(path, 1, (), message))
        found[path.stem] = Service(id=path.stem, category=path.parent.name, path=path, file=file)
    return found


def _read(path: Path, model: type[Model], problems: list[Problem]) -> Model | None:
    try:
        document = strict_yaml.load(path)
    except UsageError as error:
        problems.append(Problem(path, error.record if isinstance(error.record, int) else 1, (), error.message))
        return None
    return _checked(path, document, model, problems)


def _checked(path: Path, document: object, model: type[Model], problems: list[Problem]) -> Model | None:
    try:
        return model.model_validate(document)
    except ValidationError as error:
        root = yaml.compose(path.read_bytes(), Loader=yaml.SafeLoader)
        problems.extend(
            Problem(path, strict_yaml.line_of(root, one["loc"]), one["loc"], one["msg"].removeprefix("Value error, "))
            for one in error.errors()
        )
        return None


def _lists(folders: Sequence[Path], name: str, model: type[Model], problems: list[Problem]) -> list[Model]:
    found = []
    for number, folder in enumerate(folders):
        path = folder / name
        if (number or name in _LATER) and not path.exists():
            continue
        found.append(_read(path, model, problems))
    return [one for one in found if one is not None]


Entries = TypeVar("Entries", bound=BaseModel)


def _latest(lists: Iterable[Sequence[Entries]]) -> tuple[Entries, ...]:
    """Put lists of entries with ids together: a later list's entry replaces an earlier one's of the same id."""
    kept: list[Entries] = []
    for some in lists:
        replaced = {getattr(entry, "id", None) for entry in some}
        kept = [entry for entry in kept if getattr(entry, "id", None) not in replaced] + list(some)
    return tuple(kept)


def _all_candidates(some: Sequence[CandidatePatterns]) -> CandidatePatterns:
    return CandidatePatterns(
        suffixes=tuple(dict.fromkeys(suffix for one in some for suffix in one.suffixes)),
        words=tuple(dict.fromkeys(word for one in some for word in one.words)),
        ignore=tuple(dict.fromkeys(entry for one in some for entry in one.ignore)),
    )


def _all_clients(some: Sequence[ClientTokens]) -> ClientTokens:
    return ClientTokens(
        application=tuple(token for one in some for token in one.application),
        program=tuple(token for one in some for token in one.program),
    )


def _all_platforms(some: Sequence[SharedPlatforms]) -> SharedPlatforms:
    return SharedPlatforms(
        shared={name: domains for one in some for name, domains in one.shared.items()},
        products=tuple(domain for one in some for domain in one.products),
        ai_hosting=tuple(domain for one in some for domain in one.ai_hosting),
        own=tuple(domain for one in some for domain in one.own),
    )
