"""Path index: one small file says which store serves a path; of two who claim a path at once, exactly one gets it.

It is only an index: the path that a store records is the truth. An entry is made by link(2), which fails where one is,
and a stale one is removed under its own lock by whoever still finds it under its name, so nobody removes a new one.
"""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote_from_bytes

from chatdoc.store.atomic_file import sync_folder
from chatdoc.store.file_lock import lock_file
from chatdoc.store.sqlite.draft import draft_file, put_in_place

NAME_BYTES_MAX = 180
_OLD = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_ENTRY_BYTES_MAX = 1024


def encoded(name: bytes) -> str:
    """Any name as one of a file, different for different ones; long ones end with their digest."""
    quoted = quote_from_bytes(name, safe="") or "%"
    if len(quoted) <= NAME_BYTES_MAX:
        return quoted
    return f"{quoted[:100]}~{sha256(name).hexdigest()[:40]}"


class PathIndex:
    """Which store serves which path of a folder, as names; raises OSError."""

    def __init__(self, home: Path) -> None:
        self.folder = home / "paths"

    def file(self, path: str) -> Path:
        """Where the entry of a path is, or would be."""
        return self.folder / encoded(os.fsencode(path))

    def get(self, path: str) -> str | None:
        """The name of the store that an entry names, or None without one."""
        return _read(self.file(path))

    def entry_of(self, store: str) -> Path | None:
        """The entry that names a store, or None; each entry is read, since it is found without a path."""
        try:
            entries = sorted(self.folder.iterdir())
        except FileNotFoundError:
            return None
        return next((entry for entry in entries if _read(entry) == store), None)

    def claim(self, path: str, store: str) -> bool:
        """Say that a store serves a path; false where an entry is there already, whatever it says."""
        with draft_file(self.folder) as draft:
            draft.write_bytes(os.fsencode(store))
            return put_in_place(draft, self.file(path))

    def release(self, entry: Path, store: str) -> None:
        """Remove an entry if it still names this store; raises WriteFailed where another holds it for too long."""
        try:
            file = os.open(entry, _OLD)
        except FileNotFoundError:
            return
        try:
            lock_file(file, entry)
            try:
                is_there = os.path.samestat(os.fstat(file), os.lstat(entry))
            except FileNotFoundError:
                return
            if is_there and os.fsdecode(os.read(file, _ENTRY_BYTES_MAX)) == store:
                os.unlink(entry)
                sync_folder(self.folder)
        finally:
            os.close(file)


def _read(entry: Path) -> str | None:
    try:
        file = os.open(entry, _OLD)
    except FileNotFoundError:
        return None
    try:
        return os.fsdecode(os.read(file, _ENTRY_BYTES_MAX))
    finally:
        os.close(file)
