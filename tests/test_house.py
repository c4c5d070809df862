"""The habits of the house that no linter checks: small files, small functions, every command told of."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from statistics import quantiles

import pytest

from shadowai.cli import COMMANDS

CHECKOUT = Path(__file__).resolve().parent.parent
FILES = sorted(
    path for folder in ("shadowai", "sample_pcaps", "benchmarks", "tests") for path in (CHECKOUT / folder).rglob("*.py")
)
OWN = [path for path in FILES if path.is_relative_to(CHECKOUT / "shadowai")]

MAX_FILE, MAX_FUNCTION, MAX_P90 = 400, 60, 30


def _function_lengths(path: Path) -> list[tuple[int, str]]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return [((node.end_lineno or 0) - node.lineno + 1, f"{path.name}:{node.name}") for node in functions]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_a_file_is_at_most_400_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_FILE


def test_functions_are_small() -> None:
    lengths = [entry for path in OWN for entry in _function_lengths(path)]
    assert [entry for entry in lengths if entry[0] > MAX_FUNCTION] == []
    assert quantiles([length for length, _ in lengths], n=10)[-1] <= MAX_P90


def test_broad_excepts_stand_only_at_the_process_boundaries() -> None:
    broad = {
        str(path.relative_to(CHECKOUT))
        for path in OWN
        if re.search(r"except (Exception|BaseException)|except:", path.read_text(encoding="utf-8"))
    }
    assert broad == {"shadowai/cli/__init__.py", "shadowai/detect.py"}


def test_tests_mirror_the_packages() -> None:
    packages = {path.name for path in (CHECKOUT / "shadowai").iterdir() if (path / "__init__.py").is_file()}
    tested = {path.name for path in (CHECKOUT / "tests" / "unit").iterdir() if path.is_dir()}
    assert packages <= tested


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_in_the_readme(name: str) -> None:
    assert f"shadowai {name}" in (CHECKOUT / "README.md").read_text(encoding="utf-8")
