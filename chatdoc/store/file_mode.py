"""Permission bits and owner of an open file are set where its file system keeps any, and are the mount's elsewhere."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable

_REFUSALS = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL)


def set_mode(file: int, mode: int) -> None:
    """Give an open file its bits; raises OSError. One that was made with narrower ones stays narrow where none are."""
    _unless_refused(os.fchmod, file, mode)


def set_owner(file: int, user: int, group: int) -> None:
    """Give an open file to its owner, which only root may; raises OSError."""
    _unless_refused(os.fchown, file, user, group)


def _unless_refused(call: Callable[..., None], *values: int) -> None:
    try:
        call(*values)
    except OSError as error:
        if error.errno not in _REFUSALS:
            raise
