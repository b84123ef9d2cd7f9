"""Real path: links are followed, and a name is spelled as its folder spells it, where that takes others for it too.

On a disk that tells no `a` from `A`, `Team.chat` and `team.chat` are one file; taken for two, it would get two stores.
"""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path


def real_path(path: str | os.PathLike[str]) -> Path:
    """Where a path leads; raises ValueError for what is no path."""
    return _spelled(Path(os.path.realpath(path)))


def stands(path: Path) -> bool:
    """Whether something stands under this very name, not under another spelling of it."""
    return os.path.lexists(path) and _spelled(path).name == path.name


def _spelled(path: Path) -> Path:
    """The same place with its name as the folder has it; as it is where nothing is, or where that cannot be told."""
    try:
        found = os.lstat(path)
        # Most disks have nothing under the other spelling, so that no folder is read there.
        if not os.path.samestat(found, os.lstat(path.with_name(path.name.swapcase()))):
            return path
        names = os.listdir(path.parent)
    except (OSError, ValueError):
        return path
    if path.name in names:
        return path
    alike = [path.with_name(name) for name in names if _folded(name) == _folded(path.name)]
    return alike[0] if len(alike) == 1 else path


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())
