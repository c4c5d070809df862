"""What every test may ask for: outside programs, the conformance samples and golden files."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import settings

from shadowai.result import Result

CHECKOUT = Path(__file__).resolve().parent.parent
GOLDEN = Path(__file__).resolve().parent / "golden"

# A busy machine is slow now and then: what takes too long is for benchmarks to say.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

Require = Callable[[str], str]
Golden = Callable[[str, bytes | str], None]
Examples = Mapping[str, Callable[[], Result]]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        default=False,
        help="write the golden files anew from what the code gives now; read the difference before you keep it",
    )


@pytest.fixture(scope="session")
def require() -> Require:
    """Give the path of a program on PATH; skip without it, but fail where SHADOWAI_REQUIRE (comma list) names it."""

    def ask(tool: str) -> str:
        found = shutil.which(tool)
        if found is not None:
            return found
        wanted = {name.strip() for name in os.environ.get("SHADOWAI_REQUIRE", "").split(",")}
        if tool in wanted:
            pytest.fail(f"{tool} is not on PATH, and SHADOWAI_REQUIRE asks for it", pytrace=False)
        pytest.skip(f"{tool} is not on PATH")

    return ask


@pytest.fixture(scope="session")
def conformance() -> Path:
    """Give the conformance samples: SHADOWAI_CONFORMANCE, or `shared` beside the checkout; skip without either."""
    named = os.environ.get("SHADOWAI_CONFORMANCE")
    folder = Path(named) if named else CHECKOUT.parent / "shared"
    if folder.is_dir():
        return folder
    if named:
        pytest.fail(f"SHADOWAI_CONFORMANCE names {named}, which is no folder", pytrace=False)
    pytest.skip("no conformance samples: set SHADOWAI_CONFORMANCE")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compare bytes or text with the golden file of that name in tests/golden; `--update-golden` writes it instead."""
    update = bool(request.config.getoption("--update-golden"))

    def compare(name: str, actual: bytes | str) -> None:
        path = GOLDEN / name
        data = actual.encode() if isinstance(actual, str) else actual
        if update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            return
        assert path.is_file(), f"no golden file {name}: run pytest --update-golden and read what it wrote"
        assert data == path.read_bytes(), f"{name} differs from its golden file; --update-golden shows how in git diff"

    return compare


@pytest.fixture(scope="session")
def examples() -> Examples:
    """Give made-up result documents by name: each is a function that builds one."""
    path = Path(__file__).parent / "support" / "results.py"
    spec = importlib.util.spec_from_file_location("shadowai_test_results", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    found: Examples = module.EXAMPLES
    return found
