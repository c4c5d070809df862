"""The written reason without which nothing is done with one person's data on purpose."""

from __future__ import annotations

from shadowai.errors import UsageError

LEAST_REASON = 8  # characters


def written_reason(reason: str) -> str:
    """Give a reason as it is written down. Raises UsageError for one that says nothing."""
    stripped = reason.strip()
    if len(stripped) < LEAST_REASON:
        raise UsageError(f"give the reason in {LEAST_REASON} characters or more: it is written down")
    return stripped
