"""Real path: a file has one path, its links followed and its name spelled as its folder lists it.

Disks of macOS and Windows, and sticks, find `Team.chat` under `team.chat` too, and some find one character under two
that look the same. A path leads to the store of a document, so two spellings of a name must not be two documents.
"""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

from chatdoc.model.system_errors import says_nothing_of


def real_path(path: str | os.PathLike[str]) -> Path:
    """Where a path leads. One that leads to nothing keeps its spelling. Raises OSError and ValueError as `realpath`."""
    real = Path(os.path.realpath(os.fsdecode(path)))
    return real.with_name(_listed(real)) if os.path.lexists(real) else real


def is_listed(path: Path) -> bool:
    """Whether something is there under this very name, and not only under another spelling of it."""
    return os.path.lexists(path) and _listed(path) == path.name


def _listed(path: Path) -> str:
    """The name under which its folder lists what is there."""
    # Where no other spelling leads anywhere, the folder need not be listed: so it is on most disks. That both lead to
    # one file is not asked, for some file systems in programs give it a number for each.
    if not any(os.path.lexists(path.with_name(name)) for name in _spellings(path.name)):
        return path.name
    try:
        names = os.listdir(path.parent)
    except OSError as error:
        if says_nothing_of(error):
            raise
        return path.name  # It may be entered and not listed.
    wanted = _folded(path.name)
    # What was deleted since is not its neighbour, where both are files of their own.
    if path.name in names or not os.path.lexists(path):
        return path.name
    return min((one for one in names if _folded(one) == wanted), default=path.name)


def _spellings(name: str) -> set[str]:
    """Names that a disk which does not tell spellings apart takes for this one."""
    return {name.swapcase(), unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name)} - {name}


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
