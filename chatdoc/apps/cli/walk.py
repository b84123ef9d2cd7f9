"""Chat files below a folder are found wherever they lie, the hidden ones too."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from chatdoc.store.chat_folders import CHAT_SUFFIXES, unless_gone

STORE_FOLDER = ".chatdoc"
LEFT_OUT = frozenset(
    {
        ".snapshots", ".snapshot", ".ipynb_checkpoints", "node_modules", ".git", ".hg", ".svn", ".venv", "__pycache__",
        ".Trash", ".trash", ".Trashes", "Trash", "$RECYCLE.BIN", "lost+found",
    }
)  # fmt: skip
"""Folders that hold copies, what was thrown away, and what programs fetched; nobody writes chats there."""
_TRASH = ".Trash-"
"""What a trash folder of a user on a shared disk begins with; the user's number follows."""


def chat_files(
    path: Path, on_error: Callable[[OSError], None], *, everywhere: bool = False
) -> Iterator[Path]:
    """The file itself, or every chat file below the folder in the order of names.

    Folders of stores and backups are left out, and those of copies and trash unless `everywhere`; one that is named
    itself is walked. Links to folders are not followed. A folder that cannot be read is handed to `on_error`, and the
    walk goes on.
    """
    if not path.is_dir():
        yield path
        return
    for folder, folders, names in os.walk(path, onerror=unless_gone(path, on_error)):
        folders[:] = sorted(name for name in folders if _is_walked(name, everywhere))
        yield from (Path(folder, name) for name in sorted(names) if name.endswith(CHAT_SUFFIXES))


def _is_walked(name: str, everywhere: bool) -> bool:
    if name == STORE_FOLDER:
        return False
    return everywhere or not (name in LEFT_OUT or name.startswith(_TRASH))
