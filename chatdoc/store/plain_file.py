"""Opening a plain file for reading never waits: a pipe, a device or a folder under its name is refused at once."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO


def open_plain(path: Path) -> BinaryIO:
    """A file's bytes to read; raises OSError, of EINVAL for what is no plain file: nobody may write to that pipe."""
    file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise OSError(errno.EINVAL, "it is no plain file", str(path))
    except BaseException:
        os.close(file)
        raise
    return open(file, "rb")


def read_plain(path: Path) -> bytes:
    """All bytes of a plain file; raises OSError."""
    with open_plain(path) as file:
        return file.read()
