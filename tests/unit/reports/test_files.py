import csv
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import jsonschema
import pytest
from rich.console import Console
from support.hostile import ATTACKS, poisoned
from support.report_world import world

from shadowai.errors import UsageError
from shadowai.reports import html
from shadowai.reports.document import read_result, result_json
from shadowai.reports.files import write
from shadowai.reports.html import pages as all_pages
from shadowai.reports.order import Order
from shadowai.reports.schema import result_schema, result_schema_text
from shadowai.reports.tables import COLUMNS, csv_files, usage_csv
from shadowai.reports.terminal import summary
from shadowai.result import Result, ScorePart

Examples = Mapping[str, Callable[[], Result]]
NAMES = ["small", "empty", "one", "quiet", "unknown", "forty", "sixty", "long"]
TESTS = Path(__file__).resolve().parents[2]
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


@pytest.mark.parametrize("number", ["1" + "0" * 39, "1" * 5000, "1e308", "1e19", "-1e19", "NaN", "Infinity"])
@pytest.mark.parametrize("kind", [int, float])
def test_a_number_that_nothing_measures_is_refused(examples: Examples, tmp_path: Path, kind: type, number: str) -> None:
    document = json.loads(result_json(examples["small"]()))
    part = ScorePart(name="x", points=1, of=2, says="why").model_dump()
    score = {"points": 7.5, "of": 100, "parts": [part], "missing": []}
    document["departments"][0]["score"] = score if kind is float else None
    (tmp_path / "result.json").write_text(json.dumps(document))
    read_result(tmp_path)
    text = re.sub(r"7\.5" if kind is float else '(?<="people": )[0-9]+', number, json.dumps(document), count=1)
    assert number in text
    (tmp_path / "result.json").write_text(text)
    with pytest.raises(UsageError, match=r"result\.json: is no result "):
        read_result(tmp_path)


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


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_table_holds_a_formula_and_every_line_has_all_columns(attack: str) -> None:
    for name, content in csv_files(poisoned(world(), attack)):
        head, *rows = list(csv.reader(io.StringIO(content)))
        assert {len(row) for row in rows} == {len(head)}, name
        cells = [cell for row in rows for cell in row]
        assert [cell for cell in cells if cell[:1] in {"=", "+", "@", "\t", "\r", "|", "%"}] == []
        assert [cell for cell in cells if cell.startswith("-") and not cell[1:].replace(".", "").isdigit()] == []


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_summary_stays_in_80_columns_and_moves_no_cursor(attack: str) -> None:
    out = io.StringIO()
    Console(file=out, width=80, color_system=None).print(summary(poisoned(world(), attack)))
    assert max(map(len, out.getvalue().splitlines())) <= 80
    assert all(letter.isprintable() or letter == "\n" for letter in out.getvalue())


def test_names_that_are_paths_stay_inside_the_folder_and_apart(tmp_path: Path) -> None:
    names = ("../../R&D", "R & D", "r.d", "..", "/etc/passwd", "CON", "\u7814\u7a76")
    folder = tmp_path / "report"
    folder.mkdir()
    base = world().departments[0]
    places = tuple(base.model_copy(update={"name": name, "slug": name, "parent": None}) for name in names)
    write(world().model_copy(update={"departments": places, "divisions": ()}), folder, Order(("html",)))
    made = sorted(path.name for path in (folder / "departments").iterdir())
    assert len(made) == len(names)
    assert all(re.fullmatch(r"[a-z0-9-]+\.html", name) for name in made)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report"]


def test_summary_says_what_matters(examples: Examples) -> None:
    plain = " ".join(re.sub(r"\x1b\[[0-9;]*m", "", printed(examples["small"](), 120)).split())
    for expected in (
        "110 people in 4 departments and an unknown one used 11 AI services",
        "Engineering 61 of 86 7 (3!) 1,336 2.1 GB+ DeepSeek!, ChatGPT!, Cursor!",
        "Unknown department 5 2 (1!) 16 unmeasured ChatGPT!",
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


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_write_makes_the_promised_files(tmp_path: Path) -> None:
    result = world()
    write(result, tmp_path)
    pages = {page.path: page.html.encode() for page in all_pages(result)}
    tables = {name: table.encode() for name, table in csv_files(result)}
    found = contents(tmp_path)
    assert set(found) == {*pages, *tables, "result.json", "report.xlsx", "summary.md"}
    assert {name: found[name] for name in (*pages, *tables)} == {**pages, **tables}
    assert set(pages) == {
        "index.html",
        "executive.html",
        "evidence.html",
        *(f"departments/{one.slug}.html" for one in (*result.departments, *result.divisions)),
    }
    assert found["index.html"].decode() == html.render_index(result)
    assert found["executive.html"].decode() == html.render_executive(result)
    assert found["evidence.html"].decode() == html.render_evidence(result)
    for one in (*result.departments, *result.divisions):
        assert found[f"departments/{one.slug}.html"].decode() == html.render_department(result, one)
    assert found["usage.csv"].decode() == usage_csv(result)


@pytest.mark.parametrize("formats", [("csv",), ("json", "md"), ("html",)])
def test_only_what_is_ordered_is_written(tmp_path: Path, formats: tuple[str, ...]) -> None:
    write(world(), tmp_path, Order(formats))
    kinds = {name.rpartition(".")[2] for name in contents(tmp_path)}
    assert kinds == set(formats)


def test_writing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        write(world(), tmp_path / name)
    assert contents(tmp_path / "first") == contents(tmp_path / "second")


WRITE = """
import sys
from pathlib import Path
from support.report_world import large, world
from shadowai.reports.files import write
for name, result in (("world", world()), ("large", large(12, 600, 90))):
    folder = Path(sys.argv[1], name)
    folder.mkdir(parents=True)
    write(result, folder)
"""


def test_no_order_of_a_set_is_seen_in_a_report(tmp_path: Path) -> None:
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(TESTS)}
        subprocess.run([sys.executable, "-c", WRITE, tmp_path / seed], check=True, env=environment)
    first, second = contents(tmp_path / "1"), contents(tmp_path / "2")
    assert [name for name in first if first[name] != second[name]] == []
    assert set(first) == set(second)


def test_the_files_from_result_json_are_those_of_the_scan(tmp_path: Path) -> None:
    odd = world().sources[0].model_copy(update={"path": b"log-\xff.gz".decode(errors="surrogateescape")})
    turned = odd.model_copy(update={"skipped": {"z": 2, "a": 2, "m": 3}})
    result = world().model_copy(update={"sources": (turned, *world().sources[1:])})
    for name in ("scan", "again"):
        (tmp_path / name).mkdir()
    write(result, tmp_path / "scan")
    write(read_result(tmp_path / "scan"), tmp_path / "again")
    assert contents(tmp_path / "scan") == contents(tmp_path / "again")


def test_departments_of_one_slug_do_not_overwrite_each_other(examples: Examples, tmp_path: Path) -> None:
    result = examples["small"]()
    twins = tuple(one.model_copy(update={"slug": "../Sales"}) for one in result.departments)
    write(result.model_copy(update={"departments": twins}), tmp_path)
    assert {path.name for path in (tmp_path / "departments").iterdir()} == {
        "sales.html",
        *(f"sales-{number}.html" for number in range(2, 6)),
    }
    assert not list(tmp_path.parent.glob("Sales*"))
