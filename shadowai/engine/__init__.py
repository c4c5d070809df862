"""Where shards run: in this process, or in a pool of worker processes; one code path over concurrent.futures."""

from shadowai.engine.pool import interrupts_held_back, run, warm_up

__all__ = ["interrupts_held_back", "run", "warm_up"]
