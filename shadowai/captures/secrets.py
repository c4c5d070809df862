"""Whether a capture brings TLS secrets with it (decryption-secrets blocks of pcapng), and whether tshark is there.

Apart from `deep`, which brings pyshark with it. Block type 10 of draft-ietf-opsawg-pcapng section 4.7, secrets type
"TLS Key Log". Such a block may stand anywhere in the file, so the file is searched for the type's four letters: no
walk, flat memory.
"""

from __future__ import annotations

import shutil
import struct
from typing import TYPE_CHECKING

from shadowai.captures.container import PCAPNG_MAGIC

if TYPE_CHECKING:
    from pathlib import Path

TSHARK_MISSING = (
    "tshark, which reads inside TLS, is not installed: `apt install tshark` (Debian, Ubuntu), `brew install wireshark`"
    " (macOS), or Wireshark's installer with TShark chosen (Windows)"
)
BLOCK = 10  # decryption-secrets block
PIECE = 4 << 20  # bytes read at once
_BEFORE = 8  # bytes of a block in front of the secrets type: block type and length
_MARKS = {b"KSLT": "<", b"TLSK": ">"}  # "TLS Key Log", 0x544c534b, in either byte order -> that order


def has_tshark() -> bool:
    """Say whether tshark is on PATH."""
    return shutil.which("tshark") is not None


def has_secrets(path: Path) -> bool:
    """Say whether a pcapng file holds a block with a TLS key log; False for any other file, OSError if unreadable.

    Bytes of a packet that look like such a block are taken for one: then tshark is asked in vain, and no harm is done.
    """
    with path.open("rb") as file:
        piece = file.read(PIECE)
        if not piece.startswith(PCAPNG_MAGIC):
            return False
        while len(piece) > _BEFORE:
            if any(_has_block(piece, mark, order) for mark, order in _MARKS.items()):
                return True
            kept = piece[-(_BEFORE + 3) :]  # a block head that the edge cuts
            more = file.read(PIECE)
            piece = kept + more if more else b""
    return False


def _has_block(piece: bytes, mark: bytes, order: str) -> bool:
    at = piece.find(mark, _BEFORE)
    while at >= 0:
        kind, length = struct.unpack_from(f"{order}II", piece, at - _BEFORE)
        if kind == BLOCK and length >= _BEFORE and length % 4 == 0:
            return True
        at = piece.find(mark, at + 1)
    return False
