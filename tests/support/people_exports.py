"""The lists of people of tests/data/people, by file name; its README says what they are like."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parents[1] / "data" / "people"

EXPORTS = {path.name: path.read_text(encoding="utf-8") for path in sorted(FOLDER.iterdir()) if path.suffix != ".md"}
AD, CSVDE, ENTRA, WORKDAY = (EXPORTS[f"{name}.csv"] for name in ("ad", "csvde", "entra", "workday"))
