"""Kind and size of an odd value, for a report: never what it says, which may be anybody's secret."""

from __future__ import annotations

from typing import Any


def kind_of(value: Any) -> str:
    """A value in words without its content: «a text of 12 characters»; only what is no content is spelled out."""
    if value is None or isinstance(value, bool):
        return repr(value)
    if isinstance(value, str):
        return f"a text of {len(value)} characters" if value else "an empty text"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        return f"an object of {len(value)} fields"
    return f"a {type(value).__name__}"
