"""Reading is the same for every file, open or not, legacy or new: threads, messages, config and state by id."""

from __future__ import annotations

from collections.abc import Callable

from chatdoc.model.arguments import require_limit, shortly
from chatdoc.model.errors import NotFound
from chatdoc.model.ids import DocumentId
from chatdoc.model.records.attic import AtticRow
from chatdoc.model.records.message import Message
from chatdoc.model.records.thread import Thread
from chatdoc.model.records.thread_config import ConfigChange, ThreadConfig
from chatdoc.model.records.thread_state import ThreadState
from chatdoc.model.view.view import View
from invariants.full import check_all
from invariants.report import IntegrityReport, report_of
from migrate.report import MigrationReport


class Reader:
    """A document to read; `report` says what a migration did, and is None when nothing was migrated."""

    def __init__(self, look: Callable[[], View], report: MigrationReport | None = None) -> None:
        self._look = look
        self.report = report

    @property
    def view(self) -> View:
        """The lookups behind this document, for exports, rules and tools; read only."""
        return self._look()

    @property
    def document_id(self) -> DocumentId | None:
        """The id the document carries through copies and moves."""
        return self.view.document_id()

    def threads(
        self, *, limit: int | None = None, before: str | None = None, deleted: bool = False
    ) -> list[Thread]:
        """All threads by creation date, those that were deleted only on demand.

        With a `limit`, the last so many; `before` a thread, those that come before it. Raises NotFound.
        """
        require_limit(limit, "threads")
        view = self.view
        thread_ids = view.thread_ids()
        if before is not None:
            del thread_ids[thread_ids.index(_thread_in(view, before).thread_id) :]
        found: list[Thread] = []
        for thread_id in reversed(thread_ids):
            if limit is not None and len(found) >= limit:
                break
            thread = _thread_in(view, thread_id)
            if deleted or thread.deleted_at is None:
                found.append(thread)
        return found[::-1]

    def thread(self, thread_id: str) -> Thread:
        """One thread, also a deleted one; raises NotFound."""
        return _thread_in(self.view, thread_id)

    def messages(
        self, thread_id: str, *, limit: int | None = None, before: str | None = None, deleted: bool = False
    ) -> list[Message]:
        """A thread's messages: the root, then by date and id; deleted ones only on demand.

        With a `limit`, the last so many; `before` a message of the thread, those that come before it. Raises NotFound.
        """
        require_limit(limit, "messages")
        view = self.view  # One look for all of them: each asks the store what others wrote.
        _thread_in(view, thread_id)
        if before is not None and view.thread_of(_message_in(view, before).message_id) != thread_id:
            raise NotFound(
                f"message {before!r} is not in thread {thread_id!r}", hint="Name a message of an earlier page"
            )
        found: list[Message] = []
        for message_id in view.ordered_before(thread_id, before):
            if limit is not None and len(found) >= limit:
                break
            message = _message_in(view, message_id)
            if deleted or message.deleted_at is None:
                found.append(message)
        return found[::-1]

    def message(self, message_id: str) -> Message:
        """One message with its history, also a deleted one; raises NotFound."""
        return _message_in(self.view, message_id)

    def config(self, thread_id: str) -> ThreadConfig:
        """A thread's config, the defaults where nothing was set; raises NotFound."""
        view = self.view
        _thread_in(view, thread_id)
        return view.config(thread_id)

    def config_history(self, thread_id: str) -> list[ConfigChange]:
        """Who set which field when, newest first; a value that lost against a concurrent one is here too."""
        view = self.view
        _thread_in(view, thread_id)
        return view.config_history(thread_id)

    def state(self, thread_id: str) -> ThreadState | None:
        """What the thread's agent is doing; None when no turn ever ran; raises NotFound."""
        view = self.view
        _thread_in(view, thread_id)
        return view.state(thread_id)

    def attic(self) -> list[AtticRow]:
        """Rows and lines that were kept verbatim and not interpreted."""
        return list(self.view.attic())

    def check(self, *, full: bool = True) -> IntegrityReport:
        """Every rule over the whole document."""
        return report_of(check_all(self.view))


def _thread_in(view: View, thread_id: str) -> Thread:
    thread = view.thread(thread_id) if isinstance(thread_id, str) else None
    if thread is None:
        raise NotFound(
            f"there is no thread {shortly(thread_id)} in this document", hint="threads() lists them"
        )
    return thread


def _message_in(view: View, message_id: str) -> Message:
    message = view.message(message_id) if isinstance(message_id, str) else None
    if message is None:
        raise NotFound(
            f"there is no message {shortly(message_id)} in this document",
            hint="messages(thread_id) lists them",
        )
    return message
