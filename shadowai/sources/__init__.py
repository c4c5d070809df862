"""Opens inputs of any kind: finds them, undoes compression, and cuts big logs into shards."""

from shadowai.sources.find import Source, find_sources
from shadowai.sources.shards import Shard, cut, line_blocks, line_number
from shadowai.sources.streams import as_local_file, fingerprint, modified, open_stream, read_head, size

__all__ = [
    "Shard",
    "Source",
    "as_local_file",
    "cut",
    "find_sources",
    "fingerprint",
    "line_blocks",
    "line_number",
    "modified",
    "open_stream",
    "read_head",
    "size",
]
