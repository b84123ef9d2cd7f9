"""When a changed document's text is written: in the first pause after a change, and rarely while there is none.

Its store has every change already, and writing a whole text holds up whoever writes the document meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from chatdoc.apps.server.limits import Limits

QUIET_S = 0.4
"""A pause is so long without a change."""
SHARE = 100
"""While changes go on, at most a hundredth of the time goes into saving."""
_log = logging.getLogger("chatdoc.server")


class Autosave:
    """Asked now and then whether it is time; every moment is one of the same clock, in seconds."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._took_s = 0.0
        self._changed_at = 0.0
        self._due_at: float | None = None

    def changed(self, now: float) -> None:
        """Something was changed."""
        self._changed_at = now
        if self._due_at is None:
            self._due_at = now + self._limits.autosave_s

    def is_due(self, now: float) -> bool:
        """Whether the text should be written now; who is told so does it."""
        due = self._due_at
        if due is None or now < due:
            return False
        patience = max(self._limits.autosave_busy_s, SHARE * self._took_s)
        if now - self._changed_at < QUIET_S and now < due + patience:
            return False
        self._due_at = None
        return True

    def saved(self, took_s: float) -> None:
        """It was written, and took so long."""
        self._took_s = took_s


def log_failure(done: asyncio.Future[Any]) -> None:
    """Say that a save has failed; the store has everything."""
    if not done.cancelled() and (error := done.exception()) is not None:
        _log.error("a document could not be saved: %s", error)
