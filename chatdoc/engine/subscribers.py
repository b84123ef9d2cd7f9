"""Readers hear of every change once it is stored, and none of them can harm it."""

from __future__ import annotations

import logging
from collections.abc import Callable

_log = logging.getLogger("chatdoc")

Listener = Callable[[bytes, str], None]
"""Is called with an update and who caused it."""


class Listeners(list[Listener]):
    """Those who want to hear of changes, in the order they came."""

    def tell(self, update: bytes, origin: str) -> None:
        """Tell all of them; one that fails is logged, and the others still hear of it."""
        for listener in list(self):
            try:
                listener(update, origin)
            except Exception:
                _log.exception("a subscriber failed on an update from %s; the update is stored", origin)
