"""Tolerant decoding: a struct from JSON whose fields may be of other types than expected; such fields are left out."""

from __future__ import annotations

from typing import Any

import msgspec

Nested = dict[tuple[type[Any], str], type[Any]]
"""Which fields of which structs are structs themselves, to be read as loosely."""


def fitting(value: Any, kind: type[Any], nested: Nested) -> Any:
    """The struct with every field that fits; a kind of value to come costs a field and not a line."""
    fields: dict[str, Any] = {}
    if not isinstance(value, dict):
        return kind()
    for field in msgspec.structs.fields(kind):
        if field.encode_name not in value:
            continue
        given = value[field.encode_name]
        inner = nested.get((kind, field.name))
        if inner is not None and isinstance(given, dict):
            fields[field.name] = fitting(given, inner, nested)
            continue
        try:
            fields[field.name] = msgspec.convert(given, field.type)
        except (msgspec.ValidationError, RecursionError):
            continue
    return kind(**fields)
