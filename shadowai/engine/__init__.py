"""Where shards run: in this process, in a pool of processes, on a cluster; one code path over concurrent.futures."""

from shadowai.engine.cluster import Cluster, connected
from shadowai.engine.pool import Workers, interrupts_held_back, run, warm_up

__all__ = ["Cluster", "Workers", "connected", "interrupts_held_back", "run", "warm_up"]
