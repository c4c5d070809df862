"""Numbers of bytes as people write them: `100 kB`, `2 MB`, `1.5 MiB`, or plain bytes.

Units are those of SI (1 kB is 1,000 bytes) and of IEC 80000-13 (1 KiB is 1,024 bytes). `Mb` is refused: it may stand
for megabits.
"""

from __future__ import annotations

import re
from fractions import Fraction

LARGEST = 10**15  # bytes; no request is larger
UNITS = {
    "": 1,
    "B": 1,
    "kB": 1000,
    "KB": 1000,
    "MB": 1000**2,
    "GB": 1000**3,
    "TB": 1000**4,
    "KiB": 1024,
    "MiB": 1024**2,
    "GiB": 1024**3,
    "TiB": 1024**4,
}
_SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,6})?)\s*([A-Za-z]*)", re.ASCII)


def parse_size(value: object) -> int:
    """Read a number of bytes, at least 1; ValueError says how to write one."""
    found = _SIZE.fullmatch(str(value).strip()) if type(value) in (int, str) else None
    if found is None or found[2] not in UNITS:
        message = f"{value!r:.40} is no size; write it as 100 kB, 2 MB, 1 MiB or a number of bytes"
        raise ValueError(message)
    size = int(Fraction(found[1]) * UNITS[found[2]])
    if not 1 <= size <= LARGEST:
        message = f"{value!r} is not between 1 byte and {LARGEST // 1000**4} TB"
        raise ValueError(message)
    return size
