"""What several units share: a PostgreSQL server."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from support.nightly import World, clear
from support.postgres import Server, server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """Give a real PostgreSQL server; skip without one, but fail where SHADOWAI_REQUIRE names postgres."""
    with server() as found:
        if found is None:
            if "postgres" in os.environ.get("SHADOWAI_REQUIRE", "").split(","):
                pytest.fail("PostgreSQL is not here, and SHADOWAI_REQUIRE asks for it", pytrace=False)
            pytest.skip("PostgreSQL is not here")
        yield found


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    """Give an installation whose history is on SQLite, and one whose history is on PostgreSQL."""
    if request.param == "sqlite":
        return World(tmp_path)
    url = request.getfixturevalue("postgres").url
    clear(url)
    return World(tmp_path, url)


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start workers however little there is for them."""
    monkeypatch.setattr("shadowai.gathering.LITTLE", 0)
