"""All headers in front of IP in one table, and the way down through them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shadowai.captures import framing, overlays, pseudo, wireless
from shadowai.captures.headers import Header, Path, Step, walk

if TYPE_CHECKING:
    from shadowai.captures.container import Capture, Ints

MAX_HEADERS = 16  # headers stepped over in front of one IP packet

STEPS: dict[int, Step] = framing.STEPS | pseudo.STEPS | wireless.STEPS | overlays.STEPS


def descend(capture: Capture, kind: Ints, at: Ints, stop: Ints) -> Path:
    """Step over headers until IP, or an end, is reached; an aggregated 802.11 frame comes apart into several."""
    path = Path(np.arange(len(kind)), kind.copy(), at.copy(), stop)
    walk(capture, path, STEPS, MAX_HEADERS)
    aggregated = path.kind == Header.AGGREGATE
    if not aggregated.any():
        return path
    inside = wireless.split_aggregates(capture, path.pick(aggregated))
    walk(capture, inside, STEPS, MAX_HEADERS)
    # A frame of which some subframe holds IP is none without IP, whatever the others hold.
    inside = inside.pick(inside.is_ip())
    empty = path.pick(aggregated & ~np.isin(path.item, inside.item))
    empty.kind[:] = Header.NOT_IP
    return wireless.join([path.pick(~aggregated), inside, empty])
