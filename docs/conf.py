"""How Sphinx builds the manual (`make docs`): the pages of this folder and those that they link to beyond it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "shadowai"
extensions = ["myst_parser"]
root_doc = "docs/README"
include_patterns = ["docs/**", "*.md", "**/README.md"]
exclude_patterns = [".*", "manual", "tests"]
html_theme = "furo"
html_title = "shadowai: the manual"
html_show_copyright = False
myst_heading_anchors = 4  # links such as running.md#who-was-there

CONTENTS = {"docs/README", "docs/decisions/README"}
"""Pages that list others in words of their own: each page must be on one of these lists."""


def add_contents(_app: Sphinx, page: str, source: list[str]) -> None:
    """Make the pages that a list links to its chapters, in the order of the list."""
    if page in CONTENTS:
        chapters = dict.fromkeys(re.findall(r"\]\(([\w./-]+)\.md\)", source[0]))
        source[0] += "\n\n```{toctree}\n:hidden:\n\n" + "\n".join(chapters) + "\n```\n"


def setup(app: Sphinx) -> None:
    """Have Sphinx call what is above."""
    app.connect("source-read", add_contents)
