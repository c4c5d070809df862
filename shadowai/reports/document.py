"""result.json: byte for byte the same for the same result."""

import json
import re

from shadowai.result import Result

_SURROGATE = re.compile(
    "[\ud800-\udfff]"
)  # bytes of a file name that are no UTF-8; JSON cannot carry them (RFC 8259 8.1)


def result_json(result: Result) -> bytes:
    """Write the result as UTF-8 JSON (RFC 8259): keys in the model's order, free keys sorted, newline at the end."""
    document = result.model_dump(by_alias=True)
    for source in document["sources"]:
        source["skipped"] = dict(sorted(source["skipped"].items()))
    text = json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False)
    return _SURROGATE.sub("\ufffd", text).encode() + b"\n"
