"""The signature database: schema, loading, matching, linting, statistics. The data itself is top-level signatures/."""

from shadowai.signatures.lint import Finding, lint
from shadowai.signatures.load import Database, Service, load_database
from shadowai.signatures.lookup import Answer, look_up
from shadowai.signatures.matcher import Match, Matcher
from shadowai.signatures.needles import Literal, needles
from shadowai.signatures.schema import ServiceFile
from shadowai.signatures.statistics import statistics

__all__ = [
    "Answer",
    "Database",
    "Finding",
    "Literal",
    "Match",
    "Matcher",
    "Service",
    "ServiceFile",
    "lint",
    "load_database",
    "look_up",
    "needles",
    "statistics",
]
