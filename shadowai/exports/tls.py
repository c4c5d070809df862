"""TLS as this house speaks it to the outside: certificates and host names are always checked, 1.2 is the least."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from shadowai.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


def client_context(
    ca_file: Path | None = None, certificate: Path | None = None, key: Path | None = None
) -> ssl.SSLContext:
    """Give a context that trusts the system's authorities, or those of a file alone. UsageError for unusable files."""
    try:
        context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if certificate:
            context.load_cert_chain(certificate, key, password=_no_password)
    except OSError as error:  # ssl.SSLError is one
        where = certificate if ca_file is None else ca_file
        raise UsageError(f"cannot be used for TLS: {error.strerror or error}", where=where) from error
    return context


def _no_password() -> str:
    message = "the key asks for a password; give one without"
    raise OSError(message)
