"""Discovery: what chat files are called, and which folders below one have stores; what tools keep is left out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

CHAT_SUFFIXES = (".chat", ".sage-chat")
"""How the names of chat files end."""
LEFT_OUT = frozenset({"node_modules", "__pycache__"})
"""Folders besides hidden ones (checkpoints, snapshots, trash, version control) whose files are nobody's documents."""


def folders_below(folder: Path) -> Iterator[Path]:
    """A folder and those below it that have stores, by name; hidden ones and what no person wrote are left out."""
    for place, names, _ in os.walk(folder):
        if ".chatdoc" in names:
            yield Path(place)
        names[:] = sorted(one for one in names if not one.startswith(".") and one not in LEFT_OUT)
