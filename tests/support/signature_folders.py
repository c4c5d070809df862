"""Small signature folders for tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

FILE = """name: N
vendor: V
summary: S
verified: 2026-01-01
references: [https://example.com/]
indicators:
  - {kind: domain, value: alpha.test, role: dedicated}
examples: {match: [alpha.test], no_match: [x.test]}
"""
"""One service of id and name as you like, with the domain alpha.test."""

PLATFORMS = """shared: {code: [github.com], cloud: [amazonaws.com, azure.com]}
products: [hubspot.com]
ai_hosting: [hf.space]
own: [oaiusercontent.com]
"""

Write = Callable[..., Path]


def signature_folder(folder: Path) -> Write:
    """Make a folder with empty lists; give a function that puts a file there and returns the folder."""
    folder.mkdir(exist_ok=True)
    (folder / "categories.yaml").write_text("chat: {name: Chat, data_at_risk: Text}\n")
    (folder / "candidates.yaml").write_text("{suffixes: [], words: []}\n")
    (folder / "blind-spots.yaml").write_text("[]\n")
    (folder / "shared-platforms.yaml").write_text(PLATFORMS)

    def put(name: str, text: str = FILE) -> Path:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return folder

    return put


def service_text(*indicators: str, match: str = "alpha.test", no_match: str = "x.test") -> str:
    """Write a service's file with these indicators, each the inside of a flow mapping."""
    listed = "".join(f"  - {{{one}}}\n" for one in indicators)
    head = FILE.partition("  - {")[0]
    return f"{head}{listed}examples: {{match: [{match!r}], no_match: [{no_match!r}]}}\n"
