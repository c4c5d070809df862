"""Errors that tell what was meant, and what to do."""

from __future__ import annotations

import pytest

from shadowai.errors import unknown_name

KNOWN = ("openai-api", "azure-openai", "openart", "squid", "squid-ecs", "zscaler")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("openai", "; did you mean azure-openai or openai-api? see the list"),  # what contains it comes first
        ("OPENAI", "; did you mean azure-openai or openai-api? see the list"),
        ("sqiud", "; did you mean squid? see the list"),
        ("no such", "; see the list"),
    ],
)
def test_an_unknown_name_tells_those_like_it(name: str, meant: str) -> None:
    assert str(unknown_name("service", name, KNOWN, "see the list")) == f"no service {name!r}{meant}"
