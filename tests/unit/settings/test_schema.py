"""The settings' schema is the published one, and every key is described."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from shadowai.config import load_settings
from shadowai.settings.first import Answers, FoundSource, settings_text
from shadowai.settings.schema import settings_schema

DOCS = Path(__file__).resolve().parents[3] / "docs"
PAGES = "".join((DOCS / name).read_text() for name in ("config.md", "mail.md", "siem.md", "alerts.md"))
EXAMPLES = re.findall(r"```toml\n(.*?)```", (DOCS / "config.md").read_text(), re.DOTALL)


def test_the_published_schema_is_that_of_the_settings() -> None:
    schema = settings_schema()
    Draft202012Validator.check_schema(schema)
    assert json.loads((DOCS / "config.schema.json").read_text()) == schema


def test_every_key_is_described() -> None:
    schema = settings_schema()
    keys = {key for part in (schema, *schema["$defs"].values()) for key in part.get("properties", {})}
    assert sorted(key for key in keys if not re.search(rf"\b{key}\b", PAGES)) == []


@pytest.mark.parametrize("text", [*EXAMPLES, settings_text([FoundSource('a "b"', "/x/a*", "squid", 2)], Answers())])
def test_the_examples_are_settings(text: str, tmp_path: Path) -> None:
    assert (
        list(Draft202012Validator(settings_schema()).iter_errors(tomllib.loads(text.replace('a \\"b\\"', "a")))) == []
    )
    file = tmp_path / "shadowai.toml"
    file.write_text(text.replace('a \\"b\\"', "a"))
    assert load_settings(file, {}).feeds


def test_what_the_schema_refuses_the_settings_refuse_too() -> None:
    wrong = {"history": {"keep": []}, "sources": [{"name": "a"}], "zoned": 1}
    assert len(list(Draft202012Validator(settings_schema()).iter_errors(wrong))) == 3
