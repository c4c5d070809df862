"""What a spreadsheet makes of the times of a table that it opens and saves again: dates as its locale writes them."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shadowai.logs.schema import Format

SHEET_TIMES = tuple(
    f"%x {clock}{zone}" for zone, clock in product(("", " %z"), ("%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p"))
)
"""As patterns of `shadowai.logs.times`; with a zone, where the format has it in a column of its own."""


def with_sheet_times(fmt: Format) -> Format:
    """Give a format with such times behind its own, if it is that of a table with a header line."""
    if fmt.header != "line" or fmt.strict:
        return fmt
    time = tuple(one.model_copy(update={"formats": (*one.formats, *SHEET_TIMES)}) for one in fmt.time)
    return fmt.model_copy(update={"time": time})
