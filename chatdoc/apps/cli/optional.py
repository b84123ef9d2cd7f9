"""Modules that need an extra are loaded when a command needs them; without the extra the error says which."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from chatdoc.model.errors import CommandRefused


def load_optional(module: str, extra: str) -> Any:
    """The module; raises CommandRefused where a library of the extra is missing."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] in ("chatdoc", "migrate", "invariants"):
            raise
        raise CommandRefused(
            f"this needs the library {error.name}, which is not installed",
            hint=f"pip install 'chatdoc[{extra}]'",
        ) from error
