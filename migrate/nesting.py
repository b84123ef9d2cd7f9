"""A value nested deeper than every peer can write again is kept as text, not as a value."""

from __future__ import annotations

from typing import Any

DEPTH_MAX = 200


def is_deep(value: Any) -> bool:
    """Whether a JSON value has more than 200 levels; looks at it level by level, so no depth is too deep for this."""
    level = [value]
    for _ in range(DEPTH_MAX):
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return False
    return True
