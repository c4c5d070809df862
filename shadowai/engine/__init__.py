"""Where shards run: in this process, or in a pool of worker processes; one code path over concurrent.futures."""

from shadowai.engine.pool import run, warm_up

__all__ = ["run", "warm_up"]
