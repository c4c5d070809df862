"""What is wrong with a settings file, each problem with its line and what to do about it."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from shadowai import sources
from shadowai.config import load_settings
from shadowai.delivery.deliver import MAIL, senders, siem_channel, webhook_channel
from shadowai.errors import SourceError, UsageError, unknown_name
from shadowai.exports.tls import client_context
from shadowai.inputs import known_formats
from shadowai.nightly.handover import never_sent
from shadowai.settings.schema import settings_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from shadowai.config import Settings
    from shadowai.settings.channels import Channels

_TABLE = re.compile(r"^\s*\[\[?\s*([A-Za-z0-9_.\-\"' ]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"^\s*([A-Za-z0-9_-]+|\"[^\"]*\")\s*[.=]")
NO_KEY = "no such key"
_PASSWORD = re.compile(r"://[^/@:]*:[^/@]+@")


def problems_of(file: Path, environment: Mapping[str, str], more: Sequence[Callable[[Settings], object]]) -> list[str]:
    """Check a settings file and what it names; each problem is one text, `file:line: what: what to do`.

    `more` are further steps that need the settings whole and raise UsageError.
    """
    try:
        settings = load_settings(file, environment)
    except UsageError as error:
        text = _text(file)
        return [_placed(file, text, problem) for problem in str(error).splitlines()]
    text = _text(file)
    found = [*_sources(file, text, settings), *_secrets(file, text, settings)]
    found += _channels(file, text, settings, environment)
    for step in more:
        try:
            step(settings)
        except UsageError as error:
            found += str(error).splitlines()
    return found


def line_of(text: str, place: Sequence[str]) -> int | None:
    """Give the line (from 1) of a key in a TOML text; that of its table where the key is not there, None without one.

    `place` is the path of the key, with numbers for the members of arrays of tables.
    """
    best, found = 0, None
    table: tuple[str, ...] = ()
    members: Counter[tuple[str, ...]] = Counter()
    for at, line in enumerate(text.splitlines(), 1):
        if heading := _TABLE.match(line):
            table = _numbered(tuple(_names(heading[1])), members, is_member=line.lstrip().startswith("[["))
            path = table
        elif key := _KEY.match(line):
            path = (*table, *_names(key[1]))
        else:
            continue
        if len(path) > best and path[0] == place[0] and _is_within(path, place):
            best, found = len(path), at
    return found


def _names(text: str) -> list[str]:
    return [name.strip("\"' ") for name in text.split(".")]


def _numbered(names: tuple[str, ...], members: Counter[tuple[str, ...]], *, is_member: bool) -> tuple[str, ...]:
    """Put the number of the member into the path of an array of tables, and of a table inside one."""
    if is_member:
        members[names] += 1
        return (*names, str(members[names] - 1))
    known = members[names[:1]]
    return (names[0], str(known - 1), *names[1:]) if known else names


def _is_within(path: Sequence[str], place: Sequence[str]) -> bool:
    """Say whether a path leads to a place: the latter may name kinds and members of lists between."""
    rest = iter(place)
    return all(name in rest for name in path)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _placed(file: Path, text: str, problem: str) -> str:
    """Put the line into a message of `load_settings`, which begins with the file and the key."""
    prefix = f"{file}: "
    if not problem.startswith(prefix):
        return problem
    key, _, message = problem.removeprefix(prefix).partition(": ")
    line = line_of(text, key.split("."))
    if message.partition(";")[0] == NO_KEY:
        message = NO_KEY + _meant(key.split("."))
    return f"{file}:{line}: {key}: {message}" if line else problem


def _channels(file: Path, text: str, settings: Settings, environment: Mapping[str, str]) -> Iterator[str]:
    """Say what is wrong with what leaves the house: its keys, and secrets and certificates that cannot be read."""
    try:
        channels = settings.channels
    except UsageError as error:
        yield from (_placed(file, text, problem) for problem in str(error).splitlines())
        return
    places: dict[str, tuple[str, ...]] = {MAIL: ("mail",)}
    places |= {siem_channel(one): ("siem", str(at)) for at, one in enumerate(channels.siem)}
    places |= {webhook_channel(one): ("webhooks", str(at)) for at, one in enumerate(channels.webhooks)}
    unusable = {name: one for name, one in senders(channels, environment).items() if isinstance(one, str)}
    if never := never_sent(channels, settings.reports.send, settings.reports.periods):
        yield f"{file}:{line_of(text, ('reports', 'send'))}: {never}; no report is sent"
    problems = _authorities(channels) | unusable
    yield from (
        f"{file}:{line_of(text, places[name])}: {name}: {problems[name]}" for name in places if name in problems
    )


def _authorities(channels: Channels) -> dict[str, str]:
    """Say of which web targets the certificates of the authority cannot be used, which are read at each request."""
    found = {}
    named = [(siem_channel(one), getattr(one, "ca_file", None)) for one in channels.siem]
    for name, ca_file in (*named, *((webhook_channel(one), one.ca_file) for one in channels.webhooks)):
        try:
            client_context(ca_file)
        except UsageError as error:
            found[name] = str(error)
    return found


def _meant(place: Sequence[str]) -> str:
    """Say which key of that table may have been meant, or which there are."""
    schema = settings_schema()
    tables = [schema]
    for name in place[:-1]:
        tables = [inner for table in tables for inner in _inside(table, name, schema)]
    known = sorted({key for table in tables for key in table.get("properties", {})})
    alike = difflib.get_close_matches(place[-1], known)
    return f"; did you mean {' or '.join(alike)}?" if alike else f"; there are {', '.join(known)}" if known else ""


def _inside(table: dict[str, Any], name: str, schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Give the tables that a key leads to; what is no key is the number, or the kind, of a member."""
    waiting = [table["properties"][name]] if name in table.get("properties", {}) else [table]
    while waiting:
        one = waiting.pop()
        waiting += [*one.get("anyOf", ()), *one.get("oneOf", ()), *([one["items"]] if "items" in one else ())]
        if "$ref" in one:
            waiting.append(schema["$defs"][one["$ref"].rpartition("/")[2]])
        if "properties" in one:
            yield one


def _sources(file: Path, text: str, settings: Settings) -> Iterator[str]:
    known = {*known_formats(), *settings.columns, *settings.logformats}
    for number, feed in enumerate(settings.feeds):
        place = f"{file}:{line_of(text, ('sources', str(number)))}"
        if feed.format is not None and feed.format not in known and ":" not in feed.format:
            yield f"{place}: {unknown_name('format', feed.format, known, 'see `shadowai formats`')}"
        for path in feed.paths:
            try:
                if "://" not in path and not any(sources.find_sources([path], file.parent)[0]):
                    yield f"{place}: {feed.name}: {path}: no such file yet; check the path"
            except SourceError as error:
                yield f"{place}: {feed.name}: {error}"
    names = [feed.name for feed in settings.feeds]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{file}: two [[sources]] have the name {name!r}; give each its own"
    if not settings.feeds:
        yield f"{file}: there are no [[sources]]; `shadowai run` has nothing to read"
    if settings.reports.out is None:
        yield f"{file}: [reports] has no `out`: the history grows, but no report is written"


def _secrets(file: Path, text: str, settings: Settings) -> Iterator[str]:
    """Say where a secret stands in the file itself; it is never printed."""
    history = settings.history
    if history.url and _PASSWORD.search(history.url):
        line = line_of(text, ("history", "url"))
        yield f"{file}:{line}: history.url holds a password; name a file or a variable that does: url_file, url_env"
    given = [name for name in ("url", "url_file", "url_env") if getattr(history, name) is not None]
    if len(given) > 1:
        yield f"{file}: [history] has {' and '.join(given)}; give one of them"
