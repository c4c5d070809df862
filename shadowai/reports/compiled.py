"""Compiled templates, kept between runs: to compile the shipped ones takes longer than to write a small report."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import jinja2
from jinja2 import BytecodeCache

from shadowai import __version__, cache

if TYPE_CHECKING:
    from jinja2.bccache import Bucket

_KIND = "template"


class CompiledTemplates(BytecodeCache):
    """Keeps what Jinja makes of templates in the user's cache folder (`shadowai.cache`).

    Jinja itself asks only whether the source is still the same; the versions of all that had a hand in compiling are
    in the key.
    """

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill a bucket, where there is something for it."""
        found = cache.load(_KIND, _key(bucket))
        if found is not None:
            bucket.bytecode_from_string(found)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what a bucket holds."""
        cache.store(_KIND, _key(bucket), bucket.bytecode_to_string())


def _key(bucket: Bucket) -> str:
    versions = f"{__version__} {jinja2.__version__} {sys.implementation.cache_tag} {sys.hexversion}"
    return cache.key_of(versions.encode(), bucket.key.encode(), bucket.checksum.encode())
