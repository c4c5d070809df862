"""Inputs with a defect: each folder is named after the one that its input holds, and says what a scan makes of it.

`expected.json`: `what` the defect is, `args` of the command line, its `exit` code, and of the one source in result.json
those keys that count; `error` is a word that its error must hold, `note` what is told of a file that is read all the
same; `services` are those that are found; `never` is what no output may hold.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from shadowai.cli import cli

if TYPE_CHECKING:
    from click.testing import Result

FOLDERS = sorted(path.parent for path in Path(__file__).parent.glob("*/expected.json"))


def scanned(folder: Path, expected: dict[str, Any]) -> Result:
    source = next(path for path in folder.iterdir() if path.name.startswith("input."))
    return CliRunner().invoke(cli, ["scan", str(source), *expected.get("args", []), "--json"])


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_defect_is_told_counted_and_stops_nothing_else(folder: Path) -> None:
    expected = json.loads((folder / "expected.json").read_text())
    done = scanned(folder, expected)
    assert done.exit_code == expected["exit"], done.stderr
    result = json.loads(done.stdout)
    (source,) = result["sources"]
    wanted = expected.get("source", {})
    assert {key: source[key] for key in wanted} == wanted
    assert expected.get("error", "") in (source["error"] or "")
    assert (expected["exit"] == 0) is not bool(source["error"] or source["broken"])
    found = {service["id"] for department in result["departments"] for service in department["services"]}
    assert found == set(expected.get("services", []))
    is_told = expected["exit"] != 0 or "note" in expected
    assert is_told is (folder.name in done.stderr)  # never silent: the file is named
    assert expected.get("note", "") in done.stderr
    for text in expected.get("never", []):
        assert text not in done.stdout + done.stderr
