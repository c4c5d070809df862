"""What several units share: a PostgreSQL server."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from support.postgres import Server, server

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """Give a real PostgreSQL server; skip without one, but fail where SHADOWAI_REQUIRE names postgres."""
    with server() as found:
        if found is None:
            if "postgres" in os.environ.get("SHADOWAI_REQUIRE", "").split(","):
                pytest.fail("PostgreSQL is not here, and SHADOWAI_REQUIRE asks for it", pytrace=False)
            pytest.skip("PostgreSQL is not here")
        yield found
