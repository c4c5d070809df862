"""What an organisation's own signatures change of the database that they are laid over: told in every report.

Who may write into that folder could else make a service vanish from all reports, or bear another name, without a word.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shadowai.signatures import Matcher
from shadowai.signatures.kinds import IndicatorKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shadowai.signatures import Database

_NAMES = (IndicatorKind.DOMAIN, IndicatorKind.HOST, IndicatorKind.URL)
_TOLD = 5  # by name


def overlaid(base: Database, database: Database) -> tuple[str, ...]:
    """Say which services are replaced, and which names now mean another service or none; nothing where none are."""
    return tuple(_told(base, database))


def _told(base: Database, database: Database) -> Iterator[str]:
    changed = set(base.indicators) ^ set(database.indicators)
    if replaced := sorted({one.service for one in changed if one.service in base.services}):
        yield f"signatures of your own replace what the database knows of {_some(replaced)}"
    old, new = Matcher(base), Matcher(database)
    taken = []
    for one in base.indicators:
        if one.kind not in _NAMES:
            continue
        host, slash, rest = one.indicator.partition("/")
        was, now = (matcher.match(host, slash + rest or None) for matcher in (old, new))
        if was and (now is None or now.service != was.service):
            taken.append(f"{one.indicator} from {was.service} (it is {now.service if now else 'nothing'} now)")
    if taken:
        yield f"signatures of your own take from services of the database: {_some(sorted(set(taken)))}"


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _TOLD} more" if len(names) > _TOLD else ""
    return f"{', '.join(names[:_TOLD])}{more}"
