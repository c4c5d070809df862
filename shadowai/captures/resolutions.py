"""Names of addresses that a capture brings with it: pcapng's name-resolution blocks.

Block type 4 of draft-ietf-opsawg-pcapng section 4.5. The names are what the capturing system looked up, often by the
address (PTR records) and at another time: a hint for flows that nothing else names, no evidence by itself.
"""

from __future__ import annotations

import struct

from shadowai.hosts import MAX_NAME, is_address, normalise_host

MAX_ADDRESSES = 65_536  # addresses remembered of one file
MAX_NAMES = 8  # names remembered of one address
END, IPV4, IPV6 = 0, 1, 2  # record types
_WIDTHS = {IPV4: 4, IPV6: 16}  # bytes of the address in front of the names


class Resolutions:
    """The table from address to names; sections of a file share it. `dropped` counts names beyond its bounds."""

    def __init__(self) -> None:
        self._names: dict[bytes, tuple[str, ...]] = {}
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._names)

    def of(self, address: bytes) -> tuple[str, ...]:
        """Give the names of an address (packed, 4 or 16 bytes) as hosts, in the order of the file; often none."""
        return self._names.get(address, ())

    def learn(self, records: bytes, order: str) -> None:
        """Take the records of one block, `order` being its byte order ("<" or ">"); what cannot be is passed over."""
        at = 0
        while at + 4 <= len(records):
            kind, length = struct.unpack_from(order + "HH", records, at)
            value = records[at + 4 : at + 4 + length]
            if kind == END or len(value) < length:
                return
            width = _WIDTHS.get(kind)
            if width is not None and length > width:
                self._add(value[:width], value[width:])
            at += 4 + (length + 3) // 4 * 4

    def _add(self, address: bytes, names: bytes) -> None:
        for raw in names.split(b"\0", MAX_NAMES)[:MAX_NAMES]:
            host = normalise_host(raw.decode("latin-1")) if 0 < len(raw) <= MAX_NAME + 1 and raw.isascii() else None
            known = self._names.get(address, ())
            if host is None or is_address(host) or host in known:
                continue
            if len(known) >= MAX_NAMES or (not known and len(self._names) >= MAX_ADDRESSES):
                self.dropped += 1
                continue
            self._names[address] = (*known, host)
