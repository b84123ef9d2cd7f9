"""A disk that tells no `a` from `A`, as those of macOS are: another spelling is taken for the one that is there."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

_CALLS = {"stat": 1, "lstat": 1, "open": 1, "access": 1, "unlink": 1, "link": 2, "rename": 2, "replace": 2}
"""How many of the first arguments of each are names."""


def make_disks_case_blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no call of this process tell `a` from `A` in the last part of a name; SQLite's own are not reached."""
    stat, listdir = os.lstat, os.listdir

    def there(name: Any) -> Any:
        if not isinstance(name, str):
            return name
        try:
            stat(name)
            return name
        except OSError:
            folder, last = os.path.split(name)
        try:
            found = (one for one in listdir(folder or ".") if one.casefold() == last.casefold())
        except OSError:
            return name
        return os.path.join(folder, next(found, last))

    def blind(call: Callable[..., Any], names: int) -> Callable[..., Any]:
        def called(*given: Any, **more: Any) -> Any:
            found = [
                there(os.fspath(name) if isinstance(name, os.PathLike) else name) for name in given[:names]
            ]
            if names == 2 and found[0] == found[1]:
                found[1] = given[1]  # A file is spelled anew.
            return call(*found, *given[names:], **more)

        return called

    for call, names in _CALLS.items():
        monkeypatch.setattr(os, call, blind(getattr(os, call), names))
