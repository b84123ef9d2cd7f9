"""Out of descriptors while accepting: one line a minute says what to do, where asyncio writes thousands a second.

It tries again each second, for each place in the backlog, and what it wrote of that filled disks.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import resource
from typing import Any

_log = logging.getLogger("chatdoc.server")
EVERY_S = 60.0
_KINDS = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class AcceptErrors:
    """An exception handler of a loop; whatever else it is told goes to the loop's own."""

    def __init__(self) -> None:
        self._tell_at = 0.0

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Called by the loop."""
        error = context.get("exception")
        if not (isinstance(error, OSError) and error.errno in _KINDS and "socket" in context):
            loop.default_exception_handler(context)
        elif loop.time() >= self._tell_at:
            self._tell_at = loop.time() + EVERY_S
            files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
            more = f"; this process may open {files} files, `ulimit -n` lets it open more"
            of_process = error.errno == errno.EMFILE
            _log.error("no more connections can be taken: %s%s", error.strerror, more if of_process else "")
