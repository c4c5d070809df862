"""Result documents with every free text replaced, by hostile or marked ones; and a page as a browser would see it."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING, Literal, TypeVar, get_origin

from shadowai.provenance import Part
from shadowai.result import Result, ServiceUse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Replace = Callable[[str, str], str]

AnyPart = TypeVar("AnyPart", bound=Part)
VOID = {"meta", "link", "br", "hr", "img", "input"}
ATTACKS = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror='alert(1)'>",
    "' autofocus onfocus=alert(1) x='",
    "javascript:alert(1)",
    "</title></style></svg></script><svg onload=alert(1)>",
    "{{ 7 * 7 }}{% raw %}%(number)s{number}",
    "<!--",
    "]]><iframe src=//evil.example>",
    "\x00\x1b]0;owned\x07\u202e",
    "&lt;b&gt;",
    '=HYPERLINK("https://evil.example","x")',
    "@here [x](https://evil.example) ![y](//evil.example) `c` |cell| #1 <https://evil.example> www.evil.example",
    "1. - # > a\n\n***\n\nb",
    "../../etc/passwd",
]


def replaced(part: AnyPart, replace: Replace) -> AnyPart:
    """Replace every free text of a document: `replace` is given the name of its field and the text."""
    changes = {}
    for name, field in type(part).model_fields.items():
        if get_origin(field.annotation) is not Literal:
            changes[name] = _replaced(name, getattr(part, name), replace)
    return part.model_copy(update=changes)


def _replaced(name: str, value: object, replace: Replace) -> object:
    if type(value) is str:
        return replace(name, str(value))
    if isinstance(value, tuple):
        return tuple(_replaced(name, one, replace) for one in value)
    if isinstance(value, dict):
        return {replace(name, key): one for key, one in value.items()}
    return replaced(value, replace) if isinstance(value, Part) else value


def poisoned(result: Result, attack: str) -> Result:
    """Put an attack before every free text, and keep the days of use too, for the charts to have any."""
    bad = replaced(result, lambda _, value: attack + value)
    departments = tuple(
        one.model_copy(update={"services": tuple(map(_with_days, one.services, old.services))})
        for one, old in zip(bad.departments, result.departments, strict=True)
    )
    sources = tuple(one.model_copy(update={"error": attack, "skipped": {attack: 3}}) for one in bad.sources)
    whole = bad.model_copy(update={"departments": departments, "sources": sources})
    return Result.model_validate(whole.model_dump(by_alias=True))


def _with_days(bad: ServiceUse, old: ServiceUse) -> ServiceUse:
    return bad.model_copy(update={"days": (*bad.days, *old.days)})


class Page(HTMLParser):
    """A page as a browser's tokenizer sees it: tags in order, their attributes, text that is no style or script."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.stack: list[str] = []
        self.comments: list[str] = []
        self.text = ""
        self.scripts: list[str] = []
        self.drawings: list[dict[str, str | None]] = []
        self.unbalanced: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "svg" and tag not in self.stack:
            self.drawings.append(dict(attrs))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if self.stack and self.stack[-1] == tag:
            self.stack.pop()
        else:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        if "script" in self.stack:
            self.scripts.append(data)
        elif "style" not in self.stack:
            self.text += data

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def attributes(self) -> Iterator[tuple[str, str]]:
        """Give every attribute of every tag."""
        for _, attrs in self.tags:
            yield from ((name, value or "") for name, value in attrs.items())
