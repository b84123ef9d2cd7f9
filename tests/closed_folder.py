"""A folder that nobody can read, root neither: its path is longer than the system takes."""

from __future__ import annotations

import os
from pathlib import Path

PATH_BYTES_MAX = 4095
_NAME = "d" * 200


def close_below(folder: Path) -> Path:
    """Make folders below one until the path of the last is too long; returns that path."""
    path, here = folder, os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        while len(os.fsencode(path)) <= PATH_BYTES_MAX:
            os.mkdir(_NAME, dir_fd=here)
            below = os.open(_NAME, os.O_RDONLY | os.O_DIRECTORY, dir_fd=here)
            os.close(here)
            here, path = below, path / _NAME
    finally:
        os.close(here)
    return path
