"""Opens inputs of any kind: finds them, undoes compression, and cuts big logs into shards."""

from shadowai.sources.find import Source, find_sources
from shadowai.sources.fingerprints import Fingerprints
from shadowai.sources.rings import File, rings, stem
from shadowai.sources.shards import Shard, cut, line_blocks, line_number, pieces
from shadowai.sources.streams import as_local_file, fingerprint, is_compressed, modified, open_stream, read_head, size

__all__ = [
    "File",
    "Fingerprints",
    "Shard",
    "Source",
    "as_local_file",
    "cut",
    "find_sources",
    "fingerprint",
    "is_compressed",
    "line_blocks",
    "line_number",
    "modified",
    "open_stream",
    "pieces",
    "read_head",
    "rings",
    "size",
    "stem",
]
