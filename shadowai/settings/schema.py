"""The JSON Schema of shadowai.toml, published as docs/config.schema.json: editors complete and check by it."""

from __future__ import annotations

from typing import Any

from shadowai.config import Settings
from shadowai.settings.channels import Channels


def settings_schema() -> dict[str, Any]:
    """Give the schema of the whole file, what leaves the house included (JSON Schema, draft 2020-12)."""
    schema = Settings.model_json_schema(by_alias=True)
    channels = Channels.model_json_schema(by_alias=True)
    schema["$defs"] |= channels["$defs"]
    schema["properties"] |= channels["properties"]
    schema["properties"]["workers"].pop("default", None)
    for part in schema["$defs"].values():
        for value in part.get("properties", {}).values():
            _let_durations_be_text(value)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "shadowai.toml"}


def _let_durations_be_text(value: dict[str, Any]) -> None:
    """Say that a length of time may have a unit: it is one whose bounds are checked after it was read."""
    if "ge" in value and "le" in value:
        value["minimum"], value["type"] = value.pop("ge"), ["integer", "string"]
        value.pop("le")
