"""What goes wrong with a history."""

from __future__ import annotations

from shadowai.errors import ShadowaiError


class HistoryError(ShadowaiError):
    """The history cannot be read or written: damaged, of a newer version, locked, or out of reach."""
