"""Examples of a property: `make test` draws a third of them, others each time, and `make test-long` draws all."""

from __future__ import annotations

import os

IS_LONG = os.environ.get("CHATDOC_LONG") == "1"
"""Whether every place is tried where `make test` tries each third of them."""


def examples(count: int, *, least: int = 20) -> int:
    """How many of so many examples this run draws; those that are written down are tried in any case."""
    return count if IS_LONG else min(count, max(least, count // 3))
