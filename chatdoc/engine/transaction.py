"""Every change is one transaction of the log: begun alone, with all that others wrote, and told once it is stored.

The log's lock is taken before anything is decided, and what others wrote is taken first. So no writer decides on a
view that has not everything before his place in the log.
When the disk fails after memory has changed, memory is ahead of it: the document closes for good.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from chatdoc.engine.event_recorder import Chronicle
from chatdoc.engine.subscribers import Listeners
from chatdoc.model.errors import ChatdocError, DocumentClosed, DocumentFailed
from chatdoc.store.ports import UpdateLog

Answer = TypeVar("Answer")


class Transactions:
    """The transactions of one log, and who hears of what was stored."""

    def __init__(self, log: UpdateLog, chronicle: Chronicle | None) -> None:
        self.log = log
        self.chronicle = chronicle
        """Tells the event log; a document in memory has none."""
        self.listeners = Listeners()
        self._closed: ChatdocError | None = None
        self._inside = False
        """Whether a transaction of the log is open."""
        self._ahead = False
        """Whether memory has what the log has not yet."""
        self._half = False
        """Whether a part of something is written that must be whole."""
        self._wrote = False
        """Whether the open transaction has an update of ours."""
        self._untold: list[tuple[bytes, str]] = []

    def write(self, work: Callable[[], Answer]) -> Answer:
        """Do something in one transaction of the log, once all that others wrote is taken; then tell the readers.

        What was appended before something was refused stays. What memory has and the log has not, because the disk
        failed, ends the document's use.
        """
        if self._inside:
            return work()
        self.require_open()
        self.log.begin()
        self._inside = True
        try:
            self._take_others()
            self.require_open()
            answer = work()
        except BaseException:
            self._end(keep=self.log.is_begun() and not (self._ahead or self._half))
            raise
        self._end(keep=True)
        return answer

    def write_whole(self, work: Callable[[], Answer]) -> Answer:
        """Do something in one transaction of the log of which nothing stays when it raises."""

        def whole() -> Answer:
            self._half = True
            answer = work()
            self._half = False
            return answer

        return self.write(whole)

    def _end(self, *, keep: bool) -> None:
        wrote, self._inside, self._half, self._wrote = self._wrote, False, False, False
        untold, self._untold = self._untold, []
        if keep:
            try:
                self.log.commit()
            except BaseException:
                self._fail()
                raise
        else:
            if self.chronicle is not None:
                self.chronicle.forget()
            if self._ahead or wrote:
                self._fail()
                untold = []
            self.log.rollback()
        for update, origin in untold:  # Without a write of ours these are of others, and stored by them.
            self.listeners.tell(update, origin)
        if self.chronicle is not None:
            self.chronicle.publish()

    def _fail(self) -> None:
        self._closed = DocumentFailed(
            "a write to the store failed, so memory may be ahead of the disk", hint="Open the document again"
        )

    @property
    def is_open(self) -> bool:
        """Whether this document can be changed."""
        return self._closed is None

    def require_open(self) -> None:
        """Raise DocumentClosed, DocumentFailed or what else ended this document's use."""
        if self._closed is not None:
            raise self._closed

    def freeze(self, reason: ChatdocError) -> None:
        """Allow reading only: every later change raises the reason."""
        self._closed = reason

    def close(self) -> None:
        """Let go of the log; later calls raise DocumentClosed."""
        if self._closed is None:
            self._closed = DocumentClosed("this document is closed", hint="Open it again")
        if self.chronicle is not None:
            self.chronicle.close()
        self.log.close()

    def _hear(self, update: bytes, origin: str) -> None:
        """Tell readers of a change: once the open transaction is stored, at once where there is none."""
        if self._inside:
            self._untold.append((update, origin))
        else:
            self.listeners.tell(update, origin)

    def _take_others(self) -> None:
        raise NotImplementedError("who knows the document takes what others wrote to it")
