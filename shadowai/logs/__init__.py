"""Text logs to observations: format definitions as data, one small engine per syntax, a prefilter over raw bytes."""

from shadowai.logs.blocks import read_blocks
from shadowai.logs.prefilter import Needle, Prefilter
from shadowai.logs.reader import Reader
from shadowai.logs.recognise import recognise
from shadowai.logs.registry import custom_csv, load_formats
from shadowai.logs.schema import Format

__all__ = ["Format", "Needle", "Prefilter", "Reader", "custom_csv", "load_formats", "read_blocks", "recognise"]
