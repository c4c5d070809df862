"""From settings to what a scheduled scan needs: shared by the commands `run`, `watch` and `history`."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from shadowai.cli.engines import configured_cluster
from shadowai.cli.from_settings import directory_options_of, labels_of, read_options_of
from shadowai.cli.orders import ordered
from shadowai.errors import UsageError
from shadowai.model import SECOND
from shadowai.nightly.intake import Feed
from shadowai.nightly.run import RunOptions
from shadowai.settings.nightly import default_state

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shadowai.config import Settings


def run_options(chosen: Settings, *, now: int | None = None, since: int | None = None) -> RunOptions:
    """Make of the settings what a scheduled scan needs; `now` and `since` in ns. UsageError where that fails."""
    history, reports = chosen.history, chosen.reports
    return RunOptions(
        feeds=_feeds(chosen),
        read=read_options_of(chosen),
        state=history.state or default_state(),
        now=time.time_ns() if now is None else now,
        url=database_url(chosen, os.environ),
        workspace=history.workspace,
        directory=chosen.directory,
        policy=chosen.policy,
        signatures=chosen.signatures,
        directory_options=directory_options_of(chosen),
        labels=labels_of(chosen),
        order=ordered(chosen),
        out=reports.out,
        periods=reports.periods,
        workers=chosen.workers,
        settle=history.settle * SECOND,
        keep=history.keep * SECOND,
        compact_after=history.compact_after * SECOND,
        wait=history.wait,
        since=since,
        cluster=configured_cluster(chosen),
    )


def _feeds(chosen: Settings) -> tuple[Feed, ...]:
    names = [feed.name for feed in chosen.feeds]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UsageError(f"two [[sources]] have the name {twice[0]!r}; each needs its own")
    return tuple(Feed(feed.name, feed.paths, feed.format) for feed in chosen.feeds)


def database_url(chosen: Settings, environment: Mapping[str, str]) -> str | None:
    """Give the URL of the database, from the file or variable that holds it; None for the one in the state folder."""
    history = chosen.history
    if history.url_file is not None:
        try:
            return history.url_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError("cannot be read, and [history] url_file names it", where=history.url_file) from error
    if history.url_env is not None:
        if not environment.get(history.url_env):
            raise UsageError(f"the variable {history.url_env} is not set, and [history] url_env names it")
        return environment[history.url_env]
    return history.url
