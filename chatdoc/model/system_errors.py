"""Errors of system calls: what they say about a file, and what to do; who may open no more files is told so."""

from __future__ import annotations

import errno
from pathlib import Path

from chatdoc.model.errors import ReadOnlyTarget, StoreError, UnreadableFile, WriteFailed

OPEN_FILES = "Let this process open more files (`ulimit -n`), or close some documents"
_ADVICE = {
    errno.EMFILE: OPEN_FILES,
    errno.ENFILE: "No program of this machine may open another file: end some, or raise `fs.file-max`",
}
_REFUSALS = (errno.EACCES, errno.EPERM, errno.EROFS)
_NOT_OF_A_FILE = frozenset(
    {
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOMEM,
        errno.EIO,
        errno.ESTALE,
        errno.ETIMEDOUT,
        errno.EREMOTEIO,
        errno.ENOTCONN,
        errno.EHOSTDOWN,
        errno.EHOSTUNREACH,
    }
)
"""What a process without files or memory, a disk that fails and one that another machine took away come out as."""


def advice(error: OSError, otherwise: str) -> str:
    """What to do about an error, `otherwise` where its number alone does not say that."""
    return _ADVICE.get(error.errno or 0, otherwise)


def says_nothing_of(error: OSError) -> bool:
    """Whether an error says nothing about the file that was named: it may be whole, and may be asked for again."""
    return error.errno in _NOT_OF_A_FILE


def read_failure(error: OSError, path: Path, hint: str) -> StoreError | UnreadableFile:
    """The error for a file that could not be read; `hint` is what to do where it is the file's own fault."""
    said = f"{path} cannot be read: {error.strerror or error}"
    if says_nothing_of(error):
        return StoreError(said, hint=advice(error, "Check the disk and try again"))
    return UnreadableFile(said, hint=hint)


def write_failure(error: OSError, path: Path, state: str) -> ReadOnlyTarget | WriteFailed:
    """The error for a file that could not be written; `state` says what became of it."""
    reason = error.strerror or str(error)
    if error.errno in _REFUSALS:
        return ReadOnlyTarget(
            f"{path} may not be written: {reason}; {state}",
            hint="Allow writing, or copy it to a folder of yours",
        )
    what = "Free space" if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) else "Check the disk"
    return WriteFailed(
        f"{path} could not be written: {reason}; {state}", hint=advice(error, f"{what} and save again")
    )
