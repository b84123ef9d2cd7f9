"""Which file the store of a folder's only document is."""

from __future__ import annotations

from pathlib import Path


def store_file(folder: Path) -> Path:
    """The store of the only document of a folder."""
    (found,) = sorted((folder / ".chatdoc").glob("*.sqlite3"))
    return found
