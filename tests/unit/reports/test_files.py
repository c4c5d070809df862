import csv
import io
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]  # its stubs are not among the tools of the project
import pytest
from rich.console import Console

from shadowai import reports
from shadowai.reports import result_json, result_schema, summary, usage_csv, write
from shadowai.reports.schema import result_schema_text
from shadowai.reports.tables import COLUMNS
from shadowai.result import Result

Examples = Mapping[str, Callable[[], Result]]
NAMES = ["small", "empty", "one", "quiet", "unknown", "forty", "sixty", "long"]
SCHEMA = Path(__file__).resolve().parents[3] / "docs" / "result.schema.json"


def printed(result: Result, width: int = 80) -> str:
    out = io.StringIO()
    Console(file=out, width=width, force_terminal=True, color_system="truecolor").print(summary(result))
    return out.getvalue()


@pytest.mark.parametrize("name", NAMES)
def test_result_json_round_trip(examples: Examples, name: str) -> None:
    result = examples[name]()
    data = result_json(result)
    assert Result.model_validate_json(data) == result
    assert data.endswith(b"}\n")
    assert data == result_json(Result.model_validate_json(data))


def test_result_json_is_canonical(examples: Examples) -> None:
    result = examples["small"]()
    turned = result.sources[0].model_copy(update={"skipped": {"z": 1, "a": 2, "m": 3}})
    document = json.loads(result_json(result.model_copy(update={"sources": (turned,)})))
    assert list(document)[:2] == ["schema", "generator"]
    assert document["schema"] == 1
    assert list(document["sources"][0]["skipped"]) == ["a", "m", "z"]
    services = document["departments"][1]["services"]
    assert next(one for one in services if one["id"] == "elevenlabs")["bytes_up"] is None


def test_a_file_name_that_is_no_utf8_is_still_json(examples: Examples) -> None:
    result = examples["one"]()
    odd = result.sources[0].model_copy(update={"path": b"log-\xff.gz".decode(errors="surrogateescape")})
    data = result_json(result.model_copy(update={"sources": (odd,)}))
    assert json.loads(data)["sources"][0]["path"] == "log-\ufffd.gz"


@pytest.mark.parametrize("name", NAMES)
def test_result_json_fits_the_published_schema(examples: Examples, name: str) -> None:
    schema = json.loads(SCHEMA.read_bytes())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(json.loads(result_json(examples[name]())))


def test_the_schema_refuses_what_is_wrong_and_allows_what_is_new(examples: Examples) -> None:
    check = jsonschema.Draft202012Validator(result_schema())
    document = json.loads(result_json(examples["small"]()))
    document["later"] = {"schema": 1}
    document["departments"][0]["services"][0]["later"] = True
    assert check.is_valid(document)
    for key, value in (("schema", 2), ("departments", {}), ("generator", None)):
        assert not check.is_valid({**document, key: value})
    document["departments"][0]["services"][0]["status"] = "fine"
    assert not check.is_valid(document)


def test_published_schema_is_the_one_of_the_code(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-golden"):
        SCHEMA.write_text(result_schema_text(), encoding="utf-8")
    assert SCHEMA.read_text(encoding="utf-8") == result_schema_text(), "pytest --update-golden writes it anew"


def test_usage_csv_has_a_line_for_every_service(examples: Examples) -> None:
    result = examples["small"]()
    rows = list(csv.DictReader(io.StringIO(usage_csv(result), newline="")))
    assert len(rows) == sum(len(one.services) for one in result.departments)
    cursor = next(row for row in rows if row["service"] == "cursor")
    assert {key: cursor[key] for key in ("department", "headcount", "people", "sessions", "bytes_up", "status")} == {
        "department": "Engineering", "headcount": "86", "people": "8", "sessions": "142", "bytes_up": "612000000",
        "status": "unsanctioned",
    }  # fmt: skip
    silent = next(row for row in rows if row["service"] == "elevenlabs")
    assert (silent["bytes_up"], silent["bytes_down"], silent["alternative"]) == ("", "", "")
    assert [row["proven"] for row in rows if row["service"] == "notion-ai"] == ["false"]


def test_usage_csv_follows_rfc_4180(examples: Examples) -> None:
    result = examples["one"]()
    name = 'A "quoted", name\nin two lines'
    base = result.departments[0].model_copy(update={"name": name})
    content = usage_csv(result.model_copy(update={"departments": (base,)}))
    assert content.count("\r\n") == 2
    assert "\n" not in content.replace("\r\n", "")
    assert next(csv.DictReader(io.StringIO(content, newline="")))["department"] == name.replace("\n", " ")
    assert usage_csv(examples["empty"]()) == ",".join(COLUMNS) + "\r\n"


@pytest.mark.parametrize("lead", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_of_usage_csv_is_a_formula(examples: Examples, lead: str) -> None:
    result = examples["one"]()
    attack = f"{lead}cmd|' /C calc'!A0"
    service = (
        result.departments[0]
        .services[0]
        .model_copy(update=dict.fromkeys(("id", "name", "vendor", "country", "category", "alternative"), attack))
    )
    base = result.departments[0].model_copy(update={"name": attack, "services": (service,)})
    rows = csv.reader(io.StringIO(usage_csv(result.model_copy(update={"departments": (base,)})), newline=""))
    cells = [cell for row in rows for cell in row]
    assert len([cell for cell in cells if cell.startswith("'")]) == 7
    assert not [cell for cell in cells if cell[:1] in ("=", "+", "-", "@", "\t", "\r")]


@pytest.mark.parametrize("name", NAMES)
def test_summary_fits_eighty_columns(examples: Examples, name: str) -> None:
    plain = re.sub(r"\x1b\[[0-9;]*m", "", printed(examples[name]()))
    assert max(map(len, plain.splitlines())) <= 80


def test_summary_says_what_matters(examples: Examples) -> None:
    plain = " ".join(re.sub(r"\x1b\[[0-9;]*m", "", printed(examples["small"](), 120)).split())
    for expected in (
        "110 people in 4 departments and one unknown used 11 AI services",
        "Engineering 61 of 86 7 3 1,336 2.1 GB+ DeepSeek!, ChatGPT!, Cursor!",
        "Unknown department 5 2 1 16 unmeasured ChatGPT!",
        "1 of 4 inputs could not be read: logs/firewall/paloalto-2026-11.csv.",
        "Looked up only: 8 people",
        "Blocked before use: 213 requests.",
        "15 of them damaged",
    ):
        assert expected in plain


def test_hostile_names_cannot_style_the_terminal(examples: Examples) -> None:
    result = examples["small"]()
    attack = "\x1b]0;owned\x07\x1b[2J\x9b31m[red]x[/red]"
    base = result.departments[0].model_copy(update={"name": attack})
    spot = result.candidates[0].model_copy(update={"host": attack})
    out = printed(result.model_copy(update={"departments": (base,), "candidates": (spot,)}), 200)
    assert "[red]x[/red]" in out
    codes = set(re.findall(r"\x1b[^m]*m", out))
    assert codes <= {"\x1b[1m", "\x1b[0m", "\x1b[2m", "\x1b[1;31m"}
    assert not set("\x07\x9b") & set(out)


def test_write_makes_the_promised_files(examples: Examples, tmp_path: Path) -> None:
    result = examples["small"]()
    write(result, tmp_path)
    found = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file())
    assert found == sorted(
        ["index.html", "usage.csv", "result.json", *(f"departments/{one.slug}.html" for one in result.departments)]
    )
    assert (tmp_path / "index.html").read_text(encoding="utf-8") == reports.render_index(result)
    for one in result.departments:
        page = (tmp_path / "departments" / f"{one.slug}.html").read_bytes()
        assert page.decode() == reports.render_department(result, one)
    assert (tmp_path / "usage.csv").read_bytes().decode() == usage_csv(result)


def test_writing_twice_gives_the_same_bytes(examples: Examples, tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        write(examples["small"](), tmp_path / name)
    first, second = (
        {path.relative_to(tmp_path / name): path.read_bytes() for path in (tmp_path / name).rglob("*.*")}
        for name in ("first", "second")
    )
    assert first == second
    assert len(first) == 8


def test_departments_of_one_slug_do_not_overwrite_each_other(examples: Examples, tmp_path: Path) -> None:
    result = examples["small"]()
    twins = tuple(one.model_copy(update={"slug": "../Sales"}) for one in result.departments)
    write(result.model_copy(update={"departments": twins}), tmp_path)
    assert len(list((tmp_path / "departments").iterdir())) == 5
    assert len(list(tmp_path.rglob("*.html"))) == 6
