"""The one script of the pages, and the hash by which a page's content security policy lets it run."""

from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256

from jinja2 import Environment
from markupsafe import Markup


@dataclass(frozen=True, slots=True)
class Script:
    """A script inside a page: its text, and its source expression (Content Security Policy Level 3, section 2.3.1)."""

    text: Markup
    source: Markup


def script(templates: Environment) -> Script:
    """Give the script that sorts and filters tables, from among the templates."""
    text = templates.loader.get_source(templates, "tables.js")[0] if templates.loader else ""
    digest = b64encode(sha256(text.encode()).digest()).decode()
    return Script(Markup(text), Markup(f"'sha256-{digest}'"))  # noqa: S704  # our own file, and Base64
