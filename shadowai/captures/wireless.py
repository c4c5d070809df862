"""802.11 frames and the headers that adapters put in front of them, a block of packets at once.

Unencrypted data frames (IEEE 802.11-2020 section 9.3.2) are read, with QoS, four addresses and aggregated subframes;
protected ones are told apart. In front may lie radiotap (radiotap.org), Prism or AVS headers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shadowai.captures.headers import (
    Header,
    Mask,
    Next,
    Path,
    Step,
    big16,
    big32,
    choose,
    little16,
    little32,
)

if TYPE_CHECKING:
    from shadowai.captures.container import Bytes, Capture, Ints

DATA = 0x08  # version, type and the plain bit of the frame control's first byte
VERSION_AND_TYPE, NO_DATA, QOS = 0x0F, 0x40, 0x80
FOUR_ADDRESSES, PROTECTED, ORDER = 0x03, 0x40, 0x80  # in the second byte
FRAGMENT_NUMBER, AGGREGATED = 0x0F, 0x80
SHORTEST, FOURTH = 24, 6  # bytes of the header with three addresses, and of a fourth
MAX_EXTENDED = 2  # addresses in a mesh control field
SUBFRAME = 14  # bytes in front of a subframe: two addresses and a length
MAX_SUBFRAMES = 64  # of one frame
MAX_WORDS = 16  # presence words of a radiotap header
HAS_TIME, HAS_FLAGS, MORE_WORDS = 0x01, 0x02, 0x80000000
PADDED, BAD_SUM = 0x20, 0x40  # radiotap flags
AVS_MAGIC = 0x80211000
SNAP = (0xAA, 0xAA, 0x03)


def _frame(capture: Capture, at: Ints, stop: Ints) -> Next:
    return _frames(capture, capture.rows(at, 34), at, stop)


def _padded_frame(capture: Capture, at: Ints, stop: Ints) -> Next:
    kind, after = _frame(capture, at, stop)
    return kind, at + (after - at + 3) // 4 * 4


def _swapped_frame(capture: Capture, at: Ints, stop: Ints) -> Next:
    head = capture.rows(at, 34)
    head[:, :2] = head[:, 1::-1].copy()
    return _frames(capture, head, at, stop)


def _frames(capture: Capture, head: Bytes, at: Ints, stop: Ints) -> Next:
    """Read 802.11 headers."""
    is_data = ((head[:, 0] & VERSION_AND_TYPE) == DATA) & ((head[:, 0] & NO_DATA) == 0)
    four = (head[:, 1] & FOUR_ADDRESSES) == FOUR_ADDRESSES
    qos = (head[:, 0] & QOS) != 0
    size = SHORTEST + FOURTH * four + 2 * qos + 4 * (qos & ((head[:, 1] & ORDER) != 0))
    control = np.where(four, head[:, 30], head[:, 24])
    size += _mesh_control(capture, at + size, stop)
    later = (head[:, 22] & FRAGMENT_NUMBER) != 0
    cases = [
        (~is_data, Header.NOT_IP),
        (at + size > stop, Header.SHORT),
        ((head[:, 1] & PROTECTED) != 0, Header.ENCRYPTED),
        (later & ~_begins_snap(capture, at + size, stop), Header.PIECE),
        (qos & ((control & AGGREGATED) != 0), Header.AGGREGATE),
    ]
    return choose([(holds, int(kind)) for holds, kind in cases], Header.LLC, len(at)), at + size


def _mesh_control(capture: Capture, at: Ints, stop: Ints) -> Ints:
    """Give the bytes of the mesh control field (IEEE 802.11-2020 section 9.2.4.8.3), where SNAP follows one."""
    extended = capture.rows(at, 1)[:, 0].astype(np.int64)  # its flags: how many addresses it has
    size = 6 + 6 * extended
    size[(extended > MAX_EXTENDED) | ~_begins_snap(capture, at + size, stop)] = 0
    return size


def _begins_snap(capture: Capture, at: Ints, stop: Ints) -> Mask:
    # Access points that tunnel frames write whole ones with any number, and with the bytes of it swapped.
    answer: Mask = (at + len(SNAP) <= stop) & (capture.rows(at, len(SNAP)) == SNAP).all(axis=1)
    return answer


def _radiotap(capture: Capture, at: Ints, stop: Ints) -> Next:
    """Step over a radiotap header, of which only the flags are read: they tell of padding and of a bad check sum."""
    head = capture.rows(at, 8)
    present = little32(head, 4)
    flags = _radiotap_flags(capture, at, present)
    after = at + little16(head, 2)
    cases = [
        (after > stop, Header.SHORT),
        ((flags & BAD_SUM) != 0, Header.DAMAGED),
        ((flags & PADDED) != 0, Header.DOT11_PADDED),
    ]
    return choose([(holds, int(kind)) for holds, kind in cases], Header.DOT11, len(at)), after


def _radiotap_flags(capture: Capture, at: Ints, present: Ints) -> Ints:
    """Give the flags, 0 where there are none: they lie behind the presence words and, if there is one, the time."""
    fields = np.full(len(at), 8, np.int64)
    more = np.flatnonzero(present & MORE_WORDS)
    for _ in range(MAX_WORDS):
        if not len(more):
            break
        word = little32(capture.rows(at[more] + fields[more], 4))
        fields[more] += 4
        more = more[(word & MORE_WORDS) != 0]
    fields = np.where(present & HAS_TIME, (fields + 7) // 8 * 8 + 8, fields)
    flags: Ints = np.where(present & HAS_FLAGS, capture.rows(at + fields, 1)[:, 0], 0)
    return flags


def _prism(capture: Capture, at: Ints, stop: Ints) -> Next:
    """Step over a Prism header, or an AVS header, which some systems announce as one; both give their length."""
    head = capture.rows(at, 8)
    avs = (big32(head) & 0xFFFFF000) == AVS_MAGIC
    little = little32(head, 4)
    size = np.where(avs | (little > big32(head, 4)), big32(head, 4), little)
    after = at + size
    return choose([(after > stop, Header.SHORT)], Header.DOT11, len(at)), np.minimum(after, stop)


STEPS: dict[int, Step] = {
    Header.DOT11: Step(10, _frame),
    Header.DOT11_PADDED: Step(10, _padded_frame),
    Header.DOT11_SWAPPED: Step(10, _swapped_frame),
    Header.RADIOTAP: Step(8, _radiotap),
    Header.PRISM: Step(8, _prism),
}
"""Kind -> how it is stepped over."""


def split_aggregates(capture: Capture, path: Path) -> Path:
    """Give the subframes of aggregated frames (IEEE 802.11-2020 section 9.3.2.2), each at its LLC header."""
    parts = [Path(*(np.zeros(0, np.int64) for _ in range(4)))]
    item, at, stop = path.item, path.at, path.stop
    for _ in range(MAX_SUBFRAMES):
        length = big16(capture.rows(at + SUBFRAME - 2, 2))
        going = (at + SUBFRAME <= stop) & (length > 0)
        item, at, stop, length = item[going], at[going], stop[going], length[going]
        if not len(at):
            break
        end = at + SUBFRAME + length
        kind = np.full(len(at), int(Header.LLC), np.int64)
        parts.append(Path(item, kind, at + SUBFRAME, np.minimum(end, stop)))
        at = at + (SUBFRAME + length + 3) // 4 * 4
    return join(parts)


def join(parts: list[Path]) -> Path:
    """Lay paths one behind the other, sorted by item."""
    columns = [np.concatenate([getattr(part, name) for part in parts]) for name in Path.__slots__]
    order = np.argsort(columns[0], kind="stable")
    return Path(*(column[order] for column in columns))


def begins_data(first: Bytes) -> Mask:
    """Say whether the first byte of an 802.11 header tells of a data frame of version 0."""
    answer: Mask = (first & VERSION_AND_TYPE) == DATA
    return answer
