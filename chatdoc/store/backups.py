"""A backup is the source byte for byte, or it is not there.

Anything else than a plain file in its place is refused at once: nobody waits for the other end of a pipe.
"""

from __future__ import annotations

import os
import stat
from hashlib import sha256
from pathlib import Path

from chatdoc.model.errors import BackupDamaged, ReadOnlyTarget, StoreError, WriteFailed
from chatdoc.model.system_errors import advice, says_nothing_of
from chatdoc.store.atomic_file import sync_folder, write_atomically
from chatdoc.store.file_mode import set_mode

FILE_MODE = 0o600
FOLDER_MODE = 0o700
NAME_BYTES_MAX = 180
"""So much of a file's name goes into that of its backup; file systems allow 255 bytes in all."""


def backup_name(path: Path, source_digest: str) -> str:
    """The file name of a backup: the file's own, and the beginning of the digest of what it held."""
    own = os.fsencode(path.name)[:NAME_BYTES_MAX].decode("utf-8", "ignore")  # No character is cut.
    return f"{os.fsdecode(own.encode())}.{source_digest[:16]}"


def save(source: bytes, folder: Path, name: str, digest: str) -> Path:
    """Write `source` durably as `folder/name`, readable by its owner only, read it back, and return its path.

    `digest` is the hexadecimal SHA-256 of `source`. Saving the same bytes again changes nothing.
    Raises BackupDamaged when other bytes stand there already or come back, ReadOnlyTarget and WriteFailed when the
    disk does not take it, and ValueError when `digest` is not that of `source` or `name` is not a plain file name.
    """
    if sha256(source).hexdigest() != digest:
        raise ValueError(f"expected the SHA-256 of the source, {sha256(source).hexdigest()}, got {digest}")
    if os.path.basename(name) != name or name in ("", ".", ".."):
        raise ValueError(f"expected a plain file name for a backup, got {name!r}")
    path = folder / name
    try:
        _make_folder(folder)
        if path.is_symlink():
            raise BackupDamaged(
                f"{path} is a symbolic link, expected no file or an earlier backup", hint=_ASIDE
            )
        if os.path.lexists(path):
            if _plain_bytes(path) != source:
                raise BackupDamaged(
                    f"{path} holds other bytes than the source with SHA-256 {digest}", hint=_ASIDE
                )
            _make_durable(path)
            return path
    except PermissionError as error:
        raise ReadOnlyTarget(
            f"the backup {path} cannot be written: {error.strerror}", hint=f"Allow writing to {folder}"
        ) from error
    except OSError as error:
        raise WriteFailed(
            f"the backup {path} cannot be written: {error.strerror}",
            hint=advice(error, "Check the disk and open again"),
        ) from error
    write_atomically(path, source, mode=FILE_MODE)
    if load(path, digest) != source:
        raise BackupDamaged(f"{path} reads back as other bytes than were written", hint="Check the disk")
    return path


def load(path: Path, digest: str) -> bytes:
    """The bytes of a backup whose hexadecimal SHA-256 is `digest`; raises BackupDamaged when they are not there."""
    try:
        data = _plain_bytes(path)
    except OSError as error:
        said = f"the backup {path} cannot be read: {error.strerror}"
        if says_nothing_of(error):
            raise StoreError(said, hint=advice(error, "Check the disk and try again")) from error
        raise BackupDamaged(said, hint="Put the file back from a copy of yours") from error
    found = sha256(data).hexdigest()
    if found != digest:
        raise BackupDamaged(
            f"the backup {path} has SHA-256 {found}, expected {digest}",
            hint="It was changed or damaged; put the file back from a copy of yours",
        )
    return data


_ASIDE = "Move it to another folder and open again"


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it durably, each for its owner alone; raises OSError.

    `parents=True` would give those above it what the umask leaves, and a store in what others may write is refused.
    """
    missing = [one for one in (folder, *folder.parents) if not one.is_dir()]
    for one in reversed(missing):
        one.mkdir(mode=FOLDER_MODE, exist_ok=True)
        sync_folder(one.parent)


def _plain_bytes(path: Path) -> bytes:
    """The bytes of a plain file; raises OSError, and BackupDamaged for a pipe, a device or a folder."""
    file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(file, "rb") as opened:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise BackupDamaged(f"{path} is no plain file, expected a backup", hint=_ASIDE)
        return opened.read()


def _make_durable(path: Path) -> None:
    """Finish what a process killed between the rename and the folder's fsync left undone; narrow the permissions."""
    file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        set_mode(file, FILE_MODE)
        os.fsync(file)
    finally:
        os.close(file)
    sync_folder(path.parent)
