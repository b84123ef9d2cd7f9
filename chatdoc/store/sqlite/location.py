"""Each file has one store: that of the nearest folder above it that has one, else its own folder's."""

from __future__ import annotations

import os
from pathlib import Path

from chatdoc.model.errors import ReadOnlyTarget, WriteFailed
from chatdoc.store.atomic_file import sync_folder

NAME = ".chatdoc"
STORE = "store.sqlite3"
BACKUPS = "backups"
FOLDER_MODE = 0o700


def store_folder(path: Path) -> Path:
    """The folder whose `.chatdoc` serves the file at `path`; of a symbolic link, the real file counts."""
    return serving_folder(Path(os.path.realpath(path)).parent)


def serving_folder(folder: Path) -> Path:
    """The folder whose `.chatdoc` serves another one: the nearest upwards that has one, else that folder itself."""
    own = Path(os.path.realpath(folder))
    return next((one for one in (own, *own.parents) if (one / NAME).is_dir()), own)


def store_file(folder: Path) -> Path:
    """Where the database of a folder is, or would be."""
    return folder / NAME / STORE


def backups_folder(folder: Path) -> Path:
    """Where the backups of a folder are, or would be."""
    return folder / NAME / BACKUPS


def make_folders(folder: Path) -> None:
    """Make `.chatdoc/` and its `backups/`, mode 0700, durably; raises ReadOnlyTarget and WriteFailed."""
    home = folder / NAME
    try:
        for made in (home, home / BACKUPS):
            try:
                os.mkdir(made, FOLDER_MODE)
            except FileExistsError:
                continue
            sync_folder(made.parent)
    except PermissionError as error:
        raise ReadOnlyTarget(
            f"the folder {home} cannot be made: {error.strerror}", hint=f"Allow writing to {folder}"
        ) from error
    except OSError as error:
        raise WriteFailed(
            f"the folder {home} cannot be made: {error.strerror}",
            hint="Name a folder that is there, and check the disk",
        ) from error
