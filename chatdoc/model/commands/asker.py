"""Metadata of who asked: a request that only the log knows may name its asker, and is the same request without it.

The name stands beside what happened, so whoever reads the events of the contract reads them as before.
"""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, UnsetType

from chatdoc.model.arguments import require_name

Asker = str | UnsetType
"""A name, or UNSET where nobody is named."""


def named(by: Asker) -> dict[str, Any]:
    """The metadata that name who asked; raises CommandRefused."""
    if by is UNSET:
        return {}
    require_name("by", by)
    return {"by": by}
