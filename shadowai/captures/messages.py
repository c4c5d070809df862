"""DNS messages of a block looked at together: which of them ask the same, and what plain answers say.

Whatever is unusual about a message is left to those who read it by itself (`dns`, `answers`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from shadowai.captures.answers import ADDRESS_BYTES, IN, MAX_TTL, TO_QUESTION
from shadowai.captures.dns import HEADER, TYPE_AND_CLASS
from shadowai.captures.flowkeys import group
from shadowai.captures.headers import big16, big32

if TYPE_CHECKING:
    from shadowai.captures.container import Bytes, Capture, Ints
    from shadowai.captures.headers import Mask

LOOKED_AT = 64  # bytes of each message: few questions are longer
RECORD = 12  # bytes of a resource record whose owner is a pointer, without its data
MAX_PLAIN = 16  # records of an answer that are read together with others'
_FLAGS_AT, _QUESTIONS_AT, _ANSWERS_AT = 2, 4, 6
ADDRESS_SIZES = np.zeros(1 << 16, np.int64)
"""Bytes of an address by the type of its record; 0 for all other types."""

ADDRESS_SIZES[list(ADDRESS_BYTES)] = list(ADDRESS_BYTES.values())


@dataclass(frozen=True, slots=True)
class Messages:
    """DNS messages: where they lie, how they begin, and where their one question ends.

    `at` and `stop` are offsets in the capture; `head` their first bytes, shape (n, LOOKED_AT); `end` is counted from
    the message's beginning, and 0 where the question is not one, too long, or not all there.
    """

    at: Ints
    stop: Ints
    head: Bytes
    end: Ints

    def __len__(self) -> int:
        return len(self.at)

    @property
    def flags(self) -> Ints:
        """Give the flags of each."""
        return big16(self.head, _FLAGS_AT)

    @property
    def questions(self) -> Ints:
        """Give how many questions each says it has."""
        return big16(self.head, _QUESTIONS_AT)

    @property
    def answers(self) -> Ints:
        """Give how many answers each says it has."""
        return big16(self.head, _ANSWERS_AT)


class Addresses(NamedTuple):
    """Addresses of plain answers: the message's row, the address's offset and size; `ttl` is each message's least."""

    row: Ints
    at: Ints
    size: Ints
    ttl: Ints
    is_plain: Mask


def look_at(capture: Capture, at: Ints, stop: Ints) -> Messages:
    """Look at the beginnings of messages.

    The first zero ends the name, or stands in a label; whoever reads one of those alike finds out.
    """
    head = capture.rows(at, LOOKED_AT)
    zeros = head[:, HEADER:] == 0
    end = zeros.argmax(axis=1) + HEADER + 1 + TYPE_AND_CLASS
    fits = zeros.any(axis=1) & (end <= np.minimum(stop - at, LOOKED_AT)) & (big16(head, _QUESTIONS_AT) == 1)
    return Messages(at, stop, head, np.where(fits, end, 0))


def alike(messages: Messages, rows: Ints, begin: int) -> tuple[Ints, Ints]:
    """Tell apart the messages of some rows by their bytes from `begin` up to the question's end.

    Gives the row of one message of each kind, and which kind that of each row is of.
    """
    places = np.arange(LOOKED_AT)
    is_told = (places >= begin) & (places < messages.end[rows, None])
    first, which, _ = group(np.where(is_told, messages.head[rows], np.uint8(0)))
    return rows[first], which


def plain_answers(capture: Capture, messages: Messages, rows: Ints) -> Addresses:
    """Read the answers of some rows that are addresses of the question's name and nothing else.

    The questions' names must be known to end where their first zero stands.
    """
    at, left = messages.at[rows] + messages.end[rows], messages.answers[rows]
    is_plain = (left > 0) & (left <= MAX_PLAIN)
    ttl = np.full(len(rows), MAX_TTL, np.int64)
    found: list[tuple[Ints, Ints, Ints]] = []
    going = np.flatnonzero(is_plain)
    while len(going):
        record = capture.rows(at[going], RECORD)
        size = ADDRESS_SIZES[big16(record, 2)]
        fits = (big16(record) == TO_QUESTION) & (big16(record, 4) == IN) & (size > 0) & (big16(record, 10) == size)
        fits &= at[going] + RECORD + size <= messages.stop[rows[going]]
        is_plain[going[~fits]] = False
        going, size, lasts = going[fits], size[fits], big32(record, 6)[fits]
        ttl[going] = np.minimum(ttl[going], np.where(lasts <= MAX_TTL, lasts, 0))
        found.append((going, at[going] + RECORD, size))
        at[going] += RECORD + size
        left[going] -= 1
        going = going[left[going] > 0]
    columns = (np.concatenate(column) for column in zip(*found, strict=True)) if found else np.zeros((3, 0), np.int64)
    row, where, size = columns
    kept = is_plain[row]
    return Addresses(row[kept], where[kept], size[kept], ttl, is_plain)
