"""What may stand in front of a message in the same TCP segment, and is stepped over to find the message.

Empty lines in front of an HTTP request (RFC 9112 section 2.2), the header with which a load balancer tells the true
client (PROXY protocol, versions 1 and 2, haproxy/doc/proxy-protocol.txt), and short TLS records of other types: in TLS
1.3 a client's second hello follows a ChangeCipherSpec (RFC 8446 section D.4).
"""

from __future__ import annotations

from string import ascii_uppercase
from typing import TYPE_CHECKING

import numpy as np

from shadowai.captures.headers import big16
from shadowai.captures.tls import MAJOR, RECORD_HEADER

if TYPE_CHECKING:
    from shadowai.captures.container import Bytes, Capture, Ints

MAX_LEADS = 4  # in front of one message
BLANK = (0x0D, 0x0A)
OTHER_RECORDS = (20, 21, 24)  # content types: ChangeCipherSpec, alert, heartbeat (RFC 6520)
PROXY_1, PROXY_1_END, LONGEST_PROXY_1 = b"PROXY ", b"\r\n", 107
PROXY_2, PROXY_2_HEADER = b"\r\n\r\n\0\r\nQUIT\n", 16

_MAY_LEAD = np.zeros(1 << 16, np.bool_)
"""Whether the first two bytes may be those of a lead, and of what can be read behind it."""

_MAY_LEAD[[kind << 8 | MAJOR for kind in OTHER_RECORDS]] = True
_MAY_LEAD[[line << 8 | after for line in BLANK for after in (*BLANK, *ascii_uppercase.encode())]] = True
_MAY_LEAD[int.from_bytes(PROXY_1[:2], "big")] = True


def leads(capture: Capture, at: Ints, room: Ints, peek: Bytes) -> Ints:
    """Give how many bytes to step over in payloads, 0 for most; `room` is their size, `peek` their first bytes."""
    size = np.zeros(len(at), np.int64)
    rows = np.flatnonzero(_MAY_LEAD[big16(peek)])
    for _ in range(MAX_LEADS):
        if not len(rows):
            break
        step = _step(capture, at[rows] + size[rows], room[rows] - size[rows])
        going = (step > 0) & (size[rows] + step < room[rows])
        rows, step = rows[going], step[going]
        size[rows] += step
    return size


def _step(capture: Capture, at: Ints, room: Ints) -> Ints:
    head = capture.rows(at, PROXY_2_HEADER)
    blank = (head[:, :2] == BLANK[0]) | (head[:, :2] == BLANK[1])
    record = np.isin(head[:, 0], OTHER_RECORDS) & (head[:, 1] == MAJOR) & (head[:, 3] == 0)
    proxy_2 = (head[:, : len(PROXY_2)] == np.frombuffer(PROXY_2, np.uint8)).all(axis=1)
    step = np.select(
        [proxy_2, record, blank.all(axis=1), blank[:, 0]],
        [PROXY_2_HEADER + big16(head, 14), RECORD_HEADER + head[:, 4].astype(np.int64), 2, 1],
        0,
    )
    for row in np.flatnonzero((head[:, : len(PROXY_1)] == np.frombuffer(PROXY_1, np.uint8)).all(axis=1)).tolist():
        start = int(at[row])
        line = bytes(capture.raw[start : start + min(int(room[row]), LONGEST_PROXY_1)])
        step[row] = line.find(PROXY_1_END) + len(PROXY_1_END) if PROXY_1_END in line else 0
    return step
