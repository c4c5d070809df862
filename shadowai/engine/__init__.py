"""Where shards run: in this process, or in a pool of worker processes; one code path over concurrent.futures."""

from shadowai.engine.pool import run

__all__ = ["run"]
