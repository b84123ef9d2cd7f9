"""Discovery: what chat files are called, and which folders below one have stores; what tools keep is left out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

CHAT_SUFFIXES = (".chat", ".sage-chat")
"""How the names of chat files end."""
LEFT_OUT = frozenset({"node_modules", "__pycache__"})
"""Folders besides hidden ones (checkpoints, snapshots, trash, version control) whose files are nobody's documents."""


def folders_below(folder: Path, on_error: Callable[[OSError], None]) -> Iterator[Path]:
    """A folder and those below it that have stores, by name; hidden ones and what no person wrote are left out.

    Links to folders are not followed. A folder that cannot be read is handed to `on_error`, and the walk goes on.
    """
    for place, names, others in os.walk(folder, onerror=unless_gone(folder, on_error)):
        if (
            ".chatdoc" in names or ".chatdoc" in others
        ):  # It may be no folder; who asks for its stores says so.
            yield Path(place)
        names[:] = sorted(one for one in names if not one.startswith(".") and one not in LEFT_OUT)


def unless_gone(folder: Path, on_error: Callable[[OSError], None]) -> Callable[[OSError], None]:
    """The same for a walk below a folder, but for what was removed while it was walked: nothing is below that."""

    def hear(error: OSError) -> None:
        gone = isinstance(error, FileNotFoundError | NotADirectoryError)
        if not gone or error.filename == os.fspath(folder):
            on_error(error)

    return hear


def is_gone(path: Path) -> bool:
    """Whether nothing is there; what may not be looked at is not gone."""
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def not_read(error: OSError) -> str:
    """Which folder could not be read, and why."""
    return f"the folder {os.fsdecode(error.filename)} cannot be read: {error.strerror}"
