"""Lists and dicts that go in or come out are copies: whoever changes theirs changes nothing of the document."""

from __future__ import annotations

from typing import TypeVar

Value = TypeVar("Value")


def own(value: Value) -> Value:
    """The same JSON value, with lists and dicts of its own at every depth; texts and numbers need no copy."""
    if isinstance(value, dict):
        return {name: own(inner) for name, inner in value.items()}  # type: ignore[return-value]
    if isinstance(value, list):
        return [own(inner) for inner in value]  # type: ignore[return-value]
    return value
