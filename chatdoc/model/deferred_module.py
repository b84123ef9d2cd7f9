"""Deferred import: a module that takes long to load is loaded when something of it is first asked for.

It is named at the head of the file like any other, and one that is not installed fails there and then.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any


class DeferredModule:
    """What stands for a module until it is needed: `asyncio = DeferredModule("asyncio")`."""

    def __init__(self, name: str) -> None:
        if find_spec(name) is None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        self._name = name

    def __reduce__(self) -> tuple[type[DeferredModule], tuple[str]]:
        return DeferredModule, (self._name,)  # A copy that is not made yet has no name to ask a module of.

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self._name), name)
