"""The signature database: schema, loading, matching, linting, statistics. The data itself is top-level signatures/.

Matching needs little; linting and the like, which bring a validator and a YAML reader, lie in their own modules:
`shadowai.signatures.lint`, `shadowai.signatures.statistics`, `shadowai.signatures.schema`.
"""

from shadowai.signatures.database import BlindSpot, Database, Match
from shadowai.signatures.files import Problem, Service, SignatureFiles
from shadowai.signatures.load import is_database, load_database, read_files, read_leniently, read_service, service_path
from shadowai.signatures.lookup import Answer, look_up
from shadowai.signatures.matcher import Matcher
from shadowai.signatures.needles import Literal, needles

__all__ = [
    "Answer",
    "BlindSpot",
    "Database",
    "Literal",
    "Match",
    "Matcher",
    "Problem",
    "Service",
    "SignatureFiles",
    "is_database",
    "load_database",
    "look_up",
    "needles",
    "read_files",
    "read_leniently",
    "read_service",
    "service_path",
]
