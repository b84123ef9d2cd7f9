"""Ownership check: a store's folders and files are used only where they are real, ours, and writable by us alone."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

from chatdoc.model.errors import ReadOnlyTarget, StoreError, WriteFailed
from chatdoc.model.system_errors import advice
from chatdoc.store.atomic_file import sync_folder
from chatdoc.store.file_system import keeps_no_modes

FOLDER_MODE = 0o700
_OTHERS_MAY_WRITE = 0o022
JOURNALS = ("-journal", "-wal", "-shm")


def make_folder(folder: Path) -> None:
    """Make a folder, mode 0700, durably, or take the one there that is ours; raises as `require_own_folder`."""
    try:
        try:
            os.mkdir(folder, FOLDER_MODE)
        except FileExistsError:
            require_own_folder(folder)
            return
        sync_folder(folder.parent)
    except PermissionError as error:
        raise ReadOnlyTarget(
            f"the folder {folder} cannot be made: {error.strerror}", hint=f"Allow writing to {folder.parent}"
        ) from error
    except OSError as error:
        raise WriteFailed(
            f"the folder {folder} cannot be made: {error.strerror}",
            hint=advice(error, "Name a folder that is there, and check the disk"),
        ) from error


def require_own_folder(folder: Path) -> bool:
    """Whether a folder is there; raises StoreError where it is a link, another user's or writable by others."""
    return _require_own(folder, stat.S_ISDIR, "a folder")


def require_own_file(file: Path) -> bool:
    """Whether a file is there; raises StoreError where it is no plain file, another user's or writable by others."""
    return _require_own(file, stat.S_ISREG, "a plain file")


def require_own_store(file: Path) -> bool:
    """The same for a database and the journals beside it: SQLite follows links, and waits for the writer of a pipe."""
    for end in JOURNALS:
        require_own_file(file.with_name(f"{file.name}{end}"))
    return require_own_file(file)


def _require_own(path: Path, is_right: Callable[[int], bool], expected: str) -> bool:
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return False
    except PermissionError as error:
        raise ReadOnlyTarget(f"{path} may not be looked at: {error.strerror}", hint="Allow it") from error
    except OSError as error:
        raise StoreError(
            f"{path} cannot be looked at: {error.strerror}", hint=advice(error, "Check the disk")
        ) from error
    if not is_right(found.st_mode):
        raise StoreError(
            f"{path} is {_kind(found.st_mode)}, expected {expected}",
            hint="Move it away and open the file again",
        )
    if (found.st_uid != os.geteuid() or found.st_mode & _OTHERS_MAY_WRITE) and keeps_no_modes(path):
        return True  # What is shown is the mount's, and nobody could set it right.
    if found.st_uid != os.geteuid():
        raise StoreError(
            f"{path} belongs to user {found.st_uid}, expected user {os.geteuid()}, who opens it",
            hint="Copy the .chat file to a folder of yours and open it there",
        )
    if found.st_mode & _OTHERS_MAY_WRITE:
        raise StoreError(
            f"{path} may be written by others ({stat.filemode(found.st_mode)})",
            hint=f"If you trust what is in it: chmod go-w {path}",
        )
    return True


def _kind(mode: int) -> str:
    for is_kind, name in (
        (stat.S_ISLNK, "a symbolic link"),
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISREG, "a plain file"),
        (stat.S_ISFIFO, "a FIFO"),
        (stat.S_ISSOCK, "a socket"),
    ):
        if is_kind(mode):
            return name
    return "a device"
