"""Finding the records of some flows again: their ids are cut out of the raw bytes and looked up in a set.

A Hyperscan database of 100,000 ids that have nothing in common takes longer to compile than the file takes to read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from shadowai.logs.lines import line_starts
from shadowai.logs.schema import Json

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from shadowai.logs.schema import Format

_WORD = b"[0-9A-Za-z]"


class FlowFilter:
    """Finds the lines in which one of some ids (as written, letters and digits) may stand as a whole word.

    Used in the place of a `shadowai.logs.Prefilter`: other lines are neither read nor sampled.
    """

    samples = False

    def __init__(self, ids: Collection[str], fmt: Format, directives: Sequence[bytes] = ()) -> None:
        self._ids = frozenset(map(str.encode, ids))
        self._format = fmt
        self._directives = tuple(directives)
        self._words = re.compile(_by_name(fmt) or _by_shape(self._ids))

    def covering(self, directives: Sequence[bytes]) -> FlowFilter:
        """Give a filter that also finds the directives of a format."""
        if set(directives) <= set(self._directives):
            return self
        return FlowFilter([one.decode() for one in self._ids], self._format, directives)

    def hits(self, block: bytes) -> list[int]:
        """Give the start of every line of a block that may be of one of the flows, or that is a directive."""
        starts = [start for prefix in self._directives for start in line_starts(block, prefix)]
        if self._ids.isdisjoint(self._words.findall(block)):
            return starts
        line_end = -1
        for word in self._words.finditer(block):
            if word[1] in self._ids and word.start() > line_end:
                starts.append(block.rfind(b"\n", max(line_end, 0), word.start()) + 1)
                line_end = block.find(b"\n", word.end())
                if line_end < 0:
                    break
        return starts


def _by_name(fmt: Format) -> bytes | None:
    """Give the expression of the value behind its key, for formats whose records name their values."""
    if not isinstance(fmt.syntax, Json) or fmt.members:
        return None
    keys = {re.escape(name.rpartition(".")[2]).encode() for name in fmt.flow_columns}
    # Up to 16 characters: quotes may be escaped twice where the record is a text in another one.
    return b"(?:%s)\\W{1,16}(%s+)" % (b"|".join(sorted(keys)), _WORD)


def _by_shape(ids: Collection[bytes]) -> bytes:
    """Give the expression of whatever is as long as one of the ids and begins as one; a common first letter is fast."""
    firsts = b"".join(sorted({one[:1] for one in ids})) or b"0"
    first = firsts if len(firsts) == 1 else b"[%s]" % firsts
    lengths = {len(one) - 1 for one in ids} or {0}
    return b"(%s%s{%d,%d})(?!%s)" % (first, _WORD, min(lengths), max(lengths), _WORD)
