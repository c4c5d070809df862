"""The exit codes, which scripts rely on (DESIGN section 5), and leaving with one."""

from __future__ import annotations

import sys
from collections import Counter
from enum import IntEnum
from typing import TYPE_CHECKING

import click

from shadowai.errors import ShadowaiError, UsageError
from shadowai.reports.text import clean, plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shadowai.model import Status
    from shadowai.provenance import SourceReport
    from shadowai.result import Result


class Exit(IntEnum):
    """What became of the call; `USAGE` is also for what cannot be written, `NOTHING_READ` for a history out of use."""

    DONE = 0
    FAIL_ON_MET = 1
    USAGE = 2
    SOME_UNREAD = 3
    NOTHING_READ = 4
    INTERNAL = 70  # EX_SOFTWARE of sysexits.h
    INTERRUPTED = 130  # 128 and the number of SIGINT, as shells have it
    TERMINATED = 143  # the same of SIGTERM


def fail(message: str, code: Exit) -> None:
    """Print an error to standard error, hostile bytes made harmless, and leave."""
    for line in message.splitlines():
        click.echo(f"shadowai: {clean(line)}", err=True)
    sys.exit(code)


def end_check(checked: str, levels: Iterable[str]) -> None:
    """End a check: say what was checked and how many issues it has, and leave with 2 where one is an error."""
    found = Counter(levels)
    told = (plural(found[level], level) if found[level] else f"no {level}s" for level in ("error", "warning"))
    click.echo(f"{checked}: {', '.join(told)}", err=True)
    sys.exit(Exit.USAGE if found["error"] else Exit.DONE)


def exit_of_error(error: ShadowaiError) -> Exit:
    """Choose the exit code of an error that ended the work."""
    return Exit.USAGE if isinstance(error, UsageError) else Exit.NOTHING_READ


def exit_of(sources: Sequence[SourceReport]) -> Exit:
    """Choose the exit code by what could be read."""
    bad = [source for source in sources if source.error or source.broken]
    if bad and len(bad) == len(sources) and all(source.parsed == 0 for source in bad):
        return Exit.NOTHING_READ
    return Exit.SOME_UNREAD if bad else Exit.DONE


def exit_of_scan(result: Result, fail_on: Status | None) -> Exit:
    """Choose the exit code of a scan; that --fail-on was met outweighs that some input could not be read."""
    code = exit_of(result.sources)
    if fail_on is not None and code is not Exit.NOTHING_READ and _met(result, fail_on):
        return Exit.FAIL_ON_MET
    return code


def _met(result: Result, fail_on: Status) -> bool:
    uses = (use for department in result.departments for use in department.services)
    return any(use.proven and use.sessions and use.status.gravity >= fail_on.gravity for use in uses)
