"""The wheel, not the tree: built, installed into a clean environment away from the checkout, and used there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent.parent


def _run(*command: str | Path, cwd: Path) -> str:
    """Run a program as a stranger would: no checkout on any path."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV"))}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with the sdist and with the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("dist")
    _run(sys.executable, "-m", "build", "--outdir", folder, CHECKOUT, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def shadowai(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the command of a clean environment that holds the wheel, and borrows the dependencies of this one."""
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder, with_pip=False)
    site = next((folder / "lib").glob("python*")) / "site-packages"
    (wheel,) = built.glob("*.whl")
    _run(sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--target", site, wheel, cwd=folder)
    (site / "borrowed.pth").write_text("\n".join(_borrowed()))
    script = folder / "bin" / "shadowai"
    body = "from shadowai.cli import main\nif __name__ == '__main__':\n    main()\n"  # as pip writes it
    script.write_text(f"#!{folder / 'bin' / 'python'}\n{body}")
    script.chmod(0o755)
    return script


def _borrowed() -> list[str]:
    """List the folders of this environment's packages, which do not hold the project itself."""
    return [path for path in sys.path if path.endswith("site-packages")]


def test_the_wheel_holds_the_data_and_nothing_of_the_tests(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    names = _run(sys.executable, "-m", "zipfile", "-l", wheel, cwd=built)
    wanted = ("chat/chatgpt.yaml", "templates/index.html", "samples/office.pcapng", "py.typed", "reports/locale/de.po")
    for name in wanted:
        assert name in names
    assert "tests/" not in names


def test_it_runs_from_its_own_files(shadowai: Path, tmp_path: Path) -> None:
    python = shadowai.with_name("python")
    where = _run(python, "-c", "import shadowai; print(shadowai.__file__)", cwd=tmp_path).strip()
    assert Path(where).is_relative_to(shadowai.parent.parent)
    assert not Path(where).is_relative_to(CHECKOUT)


def test_the_demo_works_away_from_the_checkout(shadowai: Path, tmp_path: Path) -> None:
    printed = _run(shadowai, "demo", cwd=tmp_path)
    assert "index.html" in printed
    report = tmp_path / "shadowai-demo"
    result = json.loads((report / "result.json").read_text())
    assert len(result["departments"]) >= 5
    assert (report / "index.html").is_file()
    for department in result["departments"]:
        assert (report / "departments" / f"{department['slug']}.html").is_file()


def test_matching_works_away_from_the_checkout(shadowai: Path, tmp_path: Path) -> None:
    answer = json.loads(_run(shadowai, "match", "--json", "api.openai.com", cwd=tmp_path))
    assert answer["service"] == "openai-api"


def test_reports_speak_other_languages_away_from_the_checkout(shadowai: Path, tmp_path: Path) -> None:
    _run(shadowai, "demo", cwd=tmp_path)
    _run(shadowai, "report", "shadowai-demo", "--out", "bericht", "--lang", "de", cwd=tmp_path)
    page = (tmp_path / "bericht" / "index.html").read_text(encoding="utf-8")
    assert '<html lang="de">' in page
    assert "KI-Nutzung in der Organisation" in page
