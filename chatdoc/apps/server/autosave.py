"""When a changed document's text is written: in the first pause, rarely while there is none, again where it failed.

Its store has every change already, and making a whole text holds up whoever writes the document meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from chatdoc.apps.server.limits import Limits
from chatdoc.model.errors import FileReplaced, UnreadableFile

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
        self._running: asyncio.Future[bool] | None = None
        self.failure: Exception | None = None
        """Why the text could not be written last; None where it was."""

    def changed(self, now: float) -> None:
        """Something was changed."""
        self._changed_at = now
        if self._due_at is None:
            self._due_at = now + self._limits.autosave_s

    def is_due(self, now: float) -> bool:
        """Whether the text should be written now; who is told so does it."""
        due = self._due_at
        if due is None or now < due or self._is_running():
            return False
        patience = max(self._limits.autosave_busy_s, SHARE * self._took_s)
        if now - self._changed_at < QUIET_S and now < due + patience:
            return False
        self._due_at = None
        return True

    def saved(self, took_s: float) -> None:
        """It was written, and took so long."""
        self._took_s = took_s
        self.failure = None

    def save(self, run: Callable[[], asyncio.Future[bool]], time: Callable[[], float]) -> None:
        """Let the document be saved beside its turns, which do not wait for the disk with it; nor does this."""
        started = time()

        def note(done: asyncio.Future[bool]) -> None:
            error = None if done.cancelled() else done.exception()
            if isinstance(error, Exception):
                self.failed(time(), error)
            elif not done.cancelled():
                self.saved(time() - started)

        self._running = run()
        self._running.add_done_callback(note)

    async def ended(self) -> None:
        """Wait until no save runs."""
        if self._running is not None:
            await asyncio.wait({self._running})

    @property
    def waits(self) -> bool:
        """Whether the text is being written, or is to be as soon as that is possible: nobody else would write it.

        Where the file holds something else now, the next opening is what finds it.
        """
        if self._is_running():
            return True
        return self.failure is not None and not isinstance(self.failure, FileReplaced | UnreadableFile)

    def failed(self, now: float, error: Exception) -> None:
        """It could not be written: try again, though nobody writes any more. The store has everything."""
        if str(error) != str(self.failure):
            _log.error("a document could not be saved: %s", error)
        self.failure = error
        self._due_at = now + self._limits.autosave_busy_s

    def _is_running(self) -> bool:
        return self._running is not None and not self._running.done()
