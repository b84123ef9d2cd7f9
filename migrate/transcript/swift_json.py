"""JSON as Swift's JSONEncoder prints it, pretty and with sorted keys, so that digests of files agree byte for byte."""

from __future__ import annotations

import json
from json.encoder import encode_basestring
from typing import Any


def encode(value: Any, indent: int = 0) -> str:
    """Two spaces a level, `"key" : value`, `/` escaped, an empty list or object with a blank line in it, no last LF."""
    inner, outer = "  " * (indent + 1), "  " * indent
    if isinstance(value, dict):
        if not value:
            return f"{{\n\n{outer}}}"
        rows = [f"{inner}{_text(key)} : {encode(value[key], indent + 1)}" for key in sorted(value)]
        return "{\n" + ",\n".join(rows) + f"\n{outer}}}"
    if isinstance(value, list | tuple):
        if not value:
            return f"[\n\n{outer}]"
        rows = [inner + encode(item, indent + 1) for item in value]
        return "[\n" + ",\n".join(rows) + f"\n{outer}]"
    if isinstance(value, str):
        return _text(value)
    return json.dumps(value, allow_nan=False)


def _text(text: str) -> str:
    return encode_basestring(text).replace("/", "\\/")
