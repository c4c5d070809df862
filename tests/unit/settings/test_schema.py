"""The settings' schema is the published one, and every key is described."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from shadowai.config import load_settings
from shadowai.settings.channels import Channels
from shadowai.settings.first import Answers, FoundSource, settings_text
from shadowai.settings.schema import settings_schema
from shadowai.settings.spans import seconds_of

DOCS = Path(__file__).resolve().parents[3] / "docs"
EXAMPLES = re.findall(r"```toml\n(.*?)```", (DOCS / "config.md").read_text(), re.DOTALL)


def test_the_published_schema_is_that_of_the_settings() -> None:
    schema = settings_schema()
    Draft202012Validator.check_schema(schema)
    assert json.loads((DOCS / "config.schema.json").read_text()) == schema


PLACES = {
    "": ("config.md", "What is read, and how", "How reports look"),
    "Branding": ("config.md", "How reports look"),
    "SourceSettings": ("config.md", "[[sources]]: what a scheduled scan reads"),
    "HistorySettings": ("config.md", "[history]: what is kept"),
    "ReportsSettings": ("config.md", "[reports]: what is written"),
    "ScheduleSettings": ("config.md", "[schedule]: when"),
    "MailSettings": ("mail.md", "[mail]"),
    "DeliverySettings": ("mail.md", "[delivery]"),
    "Webhook": ("mail.md", "[[webhooks]]"),
    "MetricsSettings": ("siem.md", "Metrics for Prometheus"),
    "FileTarget": ("siem.md", "Targets"),
    "SyslogTarget": ("siem.md", "Targets"),
    "SplunkTarget": ("siem.md", "Targets"),
    "ElasticTarget": ("siem.md", "Targets"),
    "AlertSettings": ("alerts.md", "Alerts"),
    **dict.fromkeys(("FirstUse", "Prohibited", "Upload", "Expired", "Silent", "Skipped"), ("alerts.md", "Alerts")),
}
OF = {  # what the column `of` calls a part
    "FileTarget": "file",
    "SyslogTarget": "syslog",
    "SplunkTarget": "splunk",
    "ElasticTarget": "elastic",
    "FirstUse": "first_use",
    **{name: name.lower() for name in ("Prohibited", "Upload", "Expired", "Silent", "Skipped")},
}
ELSEWHERE = {"lease_times"}
"""Keys whose defaults are not those of the settings, but of the formats that they are about."""


def rows_of(page: str, headings: tuple[str, ...]) -> list[dict[str, str]]:
    """Give the rows of the tables of settings below some headings, each by the names of its columns."""
    rows: list[dict[str, str]] = []
    for part in re.split(r"^#+ ", (DOCS / page).read_text(), flags=re.MULTILINE):
        heading, _, text = part.partition("\n")
        if heading not in headings:
            continue
        columns: list[str] = []
        for line in text.splitlines():
            cells = [cell.strip() for cell in line.strip("|").split(" | ")] if line.startswith("|") else []
            if not cells:
                columns = []
            elif not columns:
                columns = cells
            elif "default" in columns and not cells[0].startswith("---"):
                rows.append(dict(zip(columns, cells, strict=True)))
    return rows


def is_about(row: dict[str, str], name: str, key: str) -> bool:
    keys = [one.strip("[]").split(".")[0] for one in re.findall(r"`([^`]*)`", row["key"])]
    of = row.get("of", "all")
    named = re.findall(r"`([^`]*)`", of)
    is_of = OF.get(name, "[alerts]") in named
    return key in keys and (of == "all" or (not is_of if of.startswith("all but") else is_of))


def is_default(cell: str, part: dict[str, Any]) -> bool:
    """Say whether a cell tells the default that the schema has: as a number, a length of time, a word or a list."""
    default, ticked = part.get("default"), re.findall(r"`([^`]*)`", cell)
    if default is None:
        return cell.startswith(("none", "needed", "one a core", "all", "a SQLite file", "told", "`~/"))
    if isinstance(default, bool) or default == "":
        return json.dumps(default) in (cell, cell.strip("`")) or cell == "none"
    if isinstance(default, int | float):
        return (seconds_of(ticked[0]) if ticked else float(cell.replace(",", ""))) == default
    if isinstance(default, list):
        known = next((one["enum"] for one in ({}, part.get("items", {})) if "enum" in one), default)
        told = [one for one in known if one not in ticked] if cell.startswith("all") else ticked
        return sorted(told) == sorted(default) or cell.startswith("none")
    return default in ticked or cell.startswith("none")


def test_every_key_is_described_with_its_unit_and_default() -> None:
    schema = settings_schema()
    parts = {"": schema, **{name: part for name, part in schema["$defs"].items() if "properties" in part}}
    assert set(parts) - set(PLACES) == {"Secret"}, "a part that no page describes"
    wrong = []
    for name, (page, *headings) in PLACES.items():
        rows = rows_of(page, tuple(headings))
        for key, part in parts[name]["properties"].items():
            if not name and key in {"sources", "history", "reports", "schedule", *Channels.model_fields}:
                continue  # tables, whose own keys are looked for
            if name == "AlertSettings" and key != "mail_to":
                continue
            found = [row for row in rows if is_about(row, name, key)]
            is_told = len(found) == 1 and bool(found[0]["unit"])
            if not is_told or not (key in ELSEWHERE or is_default(found[0]["default"], part)):
                wrong.append((name, key, part.get("default"), found))
    assert wrong == []


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
