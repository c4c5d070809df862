"""The messages of the reports, taken out of code, templates and data, and the catalogues that translate them."""

from __future__ import annotations

import io
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import write_po

from shadowai.reports.duties import messages as duty_messages
from shadowai.reports.languages import catalogue, codes

CHECKOUT = Path(__file__).resolve().parents[2]
LOCALE = CHECKOUT / "shadowai" / "reports" / "locale"
TRANSLATED = tuple(code for code in codes() if code != "en")
KEYWORDS = {"say": None, "later": None, "say_many": (1, 2), "_": None, "gettext": None, "ngettext": (1, 2)}
METHODS = {
    "shadowai/reports": [("**.py", "python")],
    "shadowai/delivery": [("**.py", "python")],
    "reports/templates": [("**.html", "jinja2")],
}
OPTIONS = {"**.html": {"trimmed": "true", "silent": "false"}}


def messages() -> Catalog:
    """Give every message that a report can say, as an empty catalogue."""
    found = Catalog()
    for folder, methods in METHODS.items():
        extracted = extract_from_dir(CHECKOUT / folder, methods, OPTIONS, KEYWORDS)
        for file, _, message, _, _ in sorted(extracted, key=lambda one: (one[0], one[1])):
            found.add(message, locations=[(f"{folder}/{file}", None)])
    for message in duty_messages():
        found.add(message, locations=[("reports/templates/duties.yaml", None)])
    return found


def update(code: str) -> None:
    """Write a language's catalogue anew: new messages without a translation, forgotten ones gone."""
    template, known = messages(), catalogue(code)
    template.creation_date = known.creation_date
    known.update(template, no_fuzzy_matching=True, update_header_comment=False)
    out = io.BytesIO()
    write_po(out, known, width=0, omit_header=False, sort_output=True, ignore_obsolete=True, include_lineno=False)
    (LOCALE / f"{code}.po").write_bytes(out.getvalue())
