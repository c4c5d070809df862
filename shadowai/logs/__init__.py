"""Text logs to observations: format definitions as data, one small engine per syntax, a prefilter over raw bytes."""

from shadowai.logs.blocks import read_batches, read_blocks
from shadowai.logs.bulk import Batch
from shadowai.logs.dnstap import DNSTAP
from shadowai.logs.flows import FlowFilter
from shadowai.logs.lines import line_starts
from shadowai.logs.logformat import compile_logformat
from shadowai.logs.mixed import AnyReader, open_reader, with_day_first
from shadowai.logs.plan import REMEDIES
from shadowai.logs.prefilter import Needle, Prefilter
from shadowai.logs.reader import Reader
from shadowai.logs.recognise import bind, recognise
from shadowai.logs.registry import custom_csv, load_formats
from shadowai.logs.schema import Format

__all__ = [
    "DNSTAP",
    "REMEDIES",
    "AnyReader",
    "Batch",
    "FlowFilter",
    "Format",
    "Needle",
    "Prefilter",
    "Reader",
    "bind",
    "compile_logformat",
    "custom_csv",
    "line_starts",
    "load_formats",
    "open_reader",
    "read_batches",
    "read_blocks",
    "recognise",
    "with_day_first",
]
