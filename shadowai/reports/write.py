"""The files of one report, written into a folder that the caller makes appear at once."""

from pathlib import Path

from shadowai.reports.document import result_json
from shadowai.reports.html import department_html, index_html, page_names
from shadowai.reports.tables import usage_csv
from shadowai.reports.text import tidy
from shadowai.result import Result


def write(result: Result, folder: Path) -> None:
    """Write index.html, departments/<slug>.html, usage.csv and result.json into an existing empty folder.

    OSError where the disk refuses. The caller makes the folder appear at once, and adds its manifest.
    """
    neat = tidy(result)
    names = page_names(result.departments)
    pages = folder / "departments"
    pages.mkdir()
    _save(folder / "index.html", index_html(neat, names))
    for name, department in zip(names, neat.departments, strict=True):
        _save(pages / name, department_html(neat, department))
    _save(folder / "usage.csv", usage_csv(result))
    (folder / "result.json").write_bytes(result_json(result))


def _save(path: Path, content: str) -> None:
    path.write_bytes(content.encode())
