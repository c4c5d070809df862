"""result.json: byte for byte the same for the same result."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from shadowai.errors import UsageError
from shadowai.result import Result

if TYPE_CHECKING:
    from pathlib import Path

RESULT = "result.json"
_MOST = 1e18  # a thousand petabytes, and 32 years in ns
_LONGEST_NUMBER = 30  # characters

_SURROGATE = re.compile(
    "[\ud800-\udfff]"
)  # bytes of a file name that are no UTF-8; JSON cannot carry them (RFC 8259 8.1)


def result_json(result: Result) -> bytes:
    """Write the result as UTF-8 JSON (RFC 8259): keys in the model's order, free keys sorted, newline at the end."""
    sources = tuple(one.model_copy(update={"skipped": dict(sorted(one.skipped.items()))}) for one in result.sources)
    ordered = result.model_copy(update={"sources": sources})
    try:
        text = ordered.model_dump_json(by_alias=True, indent=2)
    except PydanticSerializationError:
        text = _without_surrogates(ordered).model_dump_json(by_alias=True, indent=2)
    return text.encode() + b"\n"


def _without_surrogates(result: Result) -> Result:
    text = json.dumps(result.model_dump(by_alias=True), ensure_ascii=False)
    return Result.model_validate_json(_SURROGATE.sub("\ufffd", text))


def read_result(path: Path) -> Result:
    """Read a result.json, or that of a report folder.

    Raises UsageError where there is none, where it is of another version of the schema, or where it holds a number that
    nothing measures and that no chart could draw.
    """
    file = path / RESULT if path.is_dir() else path
    try:
        content = file.read_bytes()
        result = Result.model_validate_json(content)
        _look_at_numbers(content)
    except OSError as error:
        raise UsageError(error.strerror or "cannot be read", where=file) from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the document"
        raise UsageError(f"is no result that this version can read: {place}: {first['msg']}", where=file) from error
    except ValueError as error:
        raise UsageError(f"is no result of a scan: {error}", where=file) from error
    return result


def _look_at_numbers(content: bytes) -> None:
    """Read all numbers as they are written: the model has cut long ones to what it can hold, and NaN is one of its."""
    # Nothing that is read is kept: it would be as large as the result itself, and take three times as long.
    json.loads(
        content, object_pairs_hook=_forgotten, parse_int=_measured, parse_float=_measured, parse_constant=_measured
    )


def _forgotten(_pairs: object) -> None:
    """Stand for an object of which nothing is kept."""


def _measured(text: str) -> None:
    if len(text) > _LONGEST_NUMBER or not abs(float(text)) <= _MOST:  # NaN is not, either
        raise ValueError(f"nothing measures {text[:_LONGEST_NUMBER]}")
