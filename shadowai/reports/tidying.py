"""A whole result made fit to be shown: every text in it cleaned and shortened, figures as they are."""

from __future__ import annotations

import re
from operator import is_not
from typing import Any, TypeVar

from pydantic_core import PydanticSerializationError

from shadowai.provenance import Part
from shadowai.reports.text import MAX_TEXT, UNSAFE, clean, shorten

_AnyPart = TypeVar("_AnyPart", bound=Part)
# What a text may have to be changed for, in JSON (where a quotation mark or control character has a backslash).
_SUSPECT = re.compile(f'[\\\\\u2028\u2029{UNSAFE.pattern[1:-1]}]|"[^"]{{{MAX_TEXT + 1},}}')


def tidy(part: _AnyPart) -> _AnyPart:
    """Give a result, or a part of one, with every text cleaned and shortened, ready to be shown; figures stay.

    Parts in which nothing had to be changed are shared with the original: that of a large organisation fills half of
    the memory that a report may take.
    """
    # As deep as the model itself, which has no part that holds itself.
    changes = {}
    for name, value in part.__dict__.items():
        neat = _neat(value)
        if neat is not value:
            changes[name] = neat
    return part.model_copy(update=changes) if changes else part


def _is_neat(part: Part) -> bool:
    """Say at once of most parts that nothing has to be changed: writing one as JSON is ten times as fast as a look."""
    try:
        return _SUSPECT.search(part.model_dump_json()) is None
    except PydanticSerializationError:  # a surrogate
        return False


def _neat(value: Any) -> Any:  # noqa: ANN401  # whatever the model holds
    if type(value) is str:  # and none of the enumerations, whose words are our own
        return shorten(value if value.isascii() and value.isprintable() else clean(value))
    if type(value) is tuple:
        items = tuple(map(_neat, value))
        return items if any(map(is_not, items, value)) else value
    if isinstance(value, Part):
        return value if _is_neat(value) else tidy(value)
    if isinstance(value, dict):
        return {_neat(key): _neat(item) for key, item in value.items()}
    return value
