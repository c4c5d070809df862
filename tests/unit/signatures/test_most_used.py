"""The manual's list of the most used services names 150 services of the database, each once."""

from __future__ import annotations

import re
from pathlib import Path

from shadowai.signatures import load_database

PAGE = Path(__file__).resolve().parents[3] / "docs" / "most-used.md"
SERVICES = 150


def _listed() -> list[str]:
    blocks = re.findall(r"^```text\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [service for block in blocks for service in block.split()]


def test_every_most_used_service_is_in_the_database_once() -> None:
    listed = _listed()
    assert len(listed) == SERVICES
    assert len(set(listed)) == SERVICES
    known = load_database().services
    assert [service for service in listed if service not in known] == []
