"""The JSON Schema of result.json, published as docs/result.schema.json (JSON Schema 2020-12)."""

import json
from typing import Any

from shadowai.result import Result


def result_schema() -> dict[str, Any]:
    """Give the JSON Schema of the result document.

    Keys not named are allowed: a later version of the same schema number may add some, never remove or change one.
    """
    schema = Result.model_json_schema(by_alias=True, mode="serialization")
    for part in (schema, *schema["$defs"].values()):
        part.pop("additionalProperties", None)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def result_schema_text() -> str:
    """Give the schema as the text of docs/result.schema.json."""
    return json.dumps(result_schema(), indent=2, ensure_ascii=False) + "\n"
