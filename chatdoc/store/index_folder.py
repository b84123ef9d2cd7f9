"""Indexes of a folder lie in `.chatdoc/indexes/`: derived files apart from the stores of documents."""

from __future__ import annotations

from pathlib import Path

_MODE = 0o700


def index_folder(folder: Path) -> Path:
    """Where the indexes of a folder are, or would be."""
    return folder / ".chatdoc" / "indexes"


def make_index_folder(folder: Path) -> None:
    """Make it, and what it lies in; raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    for made in (folder / ".chatdoc", index_folder(folder)):
        made.mkdir(mode=_MODE, exist_ok=True)
