"""Reading a file as a whole, and telling from how it looks whether somebody wrote to it since.

Inode, size and both times are compared, as a version control index does; a rename changes the inode, a write the times.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

from chatdoc.model.errors import UnreadableFile
from chatdoc.model.system_errors import read_failure
from chatdoc.store.ports import Registration

_PIECE_BYTES = 1_048_576
_WHOLE_SECOND = "0" * 9
"""The end of a time in nanoseconds that has no part of a second: by chance one in a thousand million has it."""


def looks_published(registration: Registration, path: Path) -> bool:
    """Whether the file looks just as it did when its text was published, so that nobody wrote to it since.

    A file system that counts whole seconds, or two, shows no second write within one: what is dated so is read.
    """
    looks = stat_of(path)
    return looks is not None and looks == registration.text_stat and not looks.endswith(_WHOLE_SECOND)


def stat_of(path: Path) -> str | None:
    """How a file looks without reading it; None when it is not there."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return f"{file_stat(found)}{found.st_ctime_ns}"


def file_stat(found: os.stat_result) -> str:
    """What of a file's looks stays when it gets another name: inode, size, and when it was written last."""
    return f"{found.st_ino}:{found.st_size}:{found.st_mtime_ns}:"


def read_bytes(path: Path, hand_over: Callable[[bytes], object] | None = None) -> bytes:
    """A file's bytes, none for one that is not there; raises UnreadableFile for what is no file one may read.

    Raises StoreError where that says nothing about the file: the disk fails, or the process may open no more files.
    A pipe or a device is refused at once: reading it might wait for ever, or never end.
    `hand_over` gets the bytes in pieces while the rest is read.
    """
    try:
        with open(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if not stat.S_ISREG(mode):
                raise UnreadableFile(
                    f"{path} is not a regular file ({stat.filemode(mode)})", hint="Name a file"
                )
            if hand_over is None:
                return file.read()
            whole = BytesIO()
            while piece := file.read(_PIECE_BYTES):
                whole.write(piece)
                hand_over(piece)
            return whole.getvalue()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise read_failure(error, path, "Name a file you may read") from error


def same_file(folder: Path, inode: str) -> list[Path]:
    """The files of a folder that have this number; none where the folder is gone."""
    try:
        with os.scandir(folder) as found:
            return [
                folder / one.name
                for one in found
                if str(one.inode()) == inode and one.is_file(follow_symlinks=False)
            ]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise read_failure(error, folder, "Allow reading the folder") from error


def holds(descriptor: int, text: bytes) -> bool:
    """Whether an open file holds just this text now; it is compared in pieces, and not read into memory as a whole."""
    at = 0
    while piece := os.pread(descriptor, _PIECE_BYTES, at):
        if not text.startswith(piece, at):
            return False
        at += len(piece)
    return at == len(text)


def read_descriptor(descriptor: int) -> bytes:
    """All that an open file holds now, whatever its name."""
    with open(os.dup(descriptor), "rb") as file:
        file.seek(0)
        return file.read()
