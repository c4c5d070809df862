"""Countries by ISO 3166-1 alpha-2: the members of the European Union and of the European Economic Area."""

from __future__ import annotations

EU = tuple("AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split())  # noqa: SIM905  # reads best
"""Member States (Treaty on European Union, article 52)."""

EEA = (*EU, "IS", "LI", "NO")
"""Those, and the other parties to the EEA agreement."""
