"""A value nested deeper than every peer can write again is kept as text, not as a value."""

from __future__ import annotations

from typing import Any

from chatdoc.model.limits import ROW_DEPTH_MAX, is_deeper

DEPTH_MAX = ROW_DEPTH_MAX


def is_deep(value: Any, depth_max: int = ROW_DEPTH_MAX) -> bool:
    """Whether a JSON value has more levels than that."""
    return is_deeper(value, depth_max)
