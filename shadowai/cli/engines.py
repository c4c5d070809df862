"""The options that say where shards are read: in processes here, or by the workers of a Dask cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from shadowai.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from shadowai.config import Settings


def runs_on_engine(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the two options; `cluster_of` says what follows from them and the settings."""
    engine = "Where to read: processes here, or a Dask cluster [default: local]."
    address = "With --engine dask: where its scheduler listens, tcp://HOST:8786."
    command = click.option("--dask-address", metavar="URL", help=address)(command)
    return click.option("--engine", type=click.Choice(["local", "dask"]), help=engine)(command)


def cluster_of(options: Mapping[str, Any], chosen: Settings) -> str | None:
    """Give the address of the scheduler, None for processes here; UsageError where the options do not fit."""
    if chosen.engine == "local" and options["dask_address"] is not None:
        raise UsageError("--dask-address goes with --engine dask")
    return configured_cluster(chosen)


def configured_cluster(chosen: Settings) -> str | None:
    """Give the address that the settings name; UsageError where they want a cluster and name none."""
    if chosen.engine == "local":
        return None
    if chosen.dask_address is None:
        raise UsageError("--engine dask needs --dask-address, such as tcp://scheduler.example:8786")
    return chosen.dask_address
