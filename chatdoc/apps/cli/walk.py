"""Chat files below a folder are found wherever they lie, the hidden ones too."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

SUFFIXES = (".chat", ".sage-chat")
STORE_FOLDER = ".chatdoc"


def chat_files(path: Path, on_error: Callable[[OSError], None]) -> Iterator[Path]:
    """The file itself, or every chat file below the folder in the order of names.

    Folders of stores and backups are left out, and links to folders are not followed. A folder that cannot be read
    is handed to `on_error`, and the walk goes on.
    """
    if not path.is_dir():
        yield path
        return
    for folder, folders, names in os.walk(path, onerror=on_error):
        folders[:] = sorted(name for name in folders if name != STORE_FOLDER)
        yield from (Path(folder, name) for name in sorted(names) if name.endswith(SUFFIXES))
