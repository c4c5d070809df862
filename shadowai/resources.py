"""The only module that knows where shipped data lies: packaged in the wheel, or top-level in a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGED = Path(__file__).parent / "_data"
_CHECKOUT = Path(__file__).parent.parent


def signatures() -> Path:
    """Folder of the signature database: one folder a category, one YAML file a service."""
    return _folder("signatures", "signatures")


def templates() -> Path:
    """Folder of the Jinja templates of the reports."""
    return _folder("templates", "reports/templates")


def samples() -> Path:
    """Folder of the sample captures, logs, directory and policy that `shadowai demo` scans."""
    return _folder("samples", "sample_pcaps")


def _folder(packaged: str, checkout: str) -> Path:
    inside = _PACKAGED / packaged
    return inside.resolve() if inside.is_dir() else (_CHECKOUT / checkout).resolve()
