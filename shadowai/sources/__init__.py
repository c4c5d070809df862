"""Opens inputs of any kind: finds and fetches them, unpacks archives, undoes compression, cuts big logs into shards."""

from shadowai.sources.archives import unpack_archives
from shadowai.sources.copies import Copy, copies
from shadowai.sources.find import Source, find_sources
from shadowai.sources.fingerprints import Fingerprints
from shadowai.sources.foreign import foreign
from shadowai.sources.hands import Likeness, at_hand, forget, is_of, likenesses, unreachable
from shadowai.sources.overlaps import begins_inside
from shadowai.sources.places import last_line_end, read_at, read_first, readable_pieces
from shadowai.sources.rings import File, rings, stem
from shadowai.sources.shards import Shard, cut, cut_further, header_at, line_blocks, line_number, pieces
from shadowai.sources.streams import as_local_file, fingerprint, is_compressed, modified, open_stream, read_head, size

__all__ = [
    "Copy",
    "File",
    "Fingerprints",
    "Likeness",
    "Shard",
    "Source",
    "as_local_file",
    "at_hand",
    "begins_inside",
    "copies",
    "cut",
    "cut_further",
    "find_sources",
    "fingerprint",
    "foreign",
    "forget",
    "header_at",
    "is_compressed",
    "is_of",
    "last_line_end",
    "likenesses",
    "line_blocks",
    "line_number",
    "modified",
    "open_stream",
    "pieces",
    "read_at",
    "read_first",
    "read_head",
    "readable_pieces",
    "rings",
    "size",
    "stem",
    "unpack_archives",
    "unreachable",
]
