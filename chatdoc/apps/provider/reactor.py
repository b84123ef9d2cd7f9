"""What people ask of an agent, in whichever process, is passed on once and in order; what cannot be is told.

| asked | passed on as | told when it fails |
| --- | --- | --- |
| a turn, for the message that waits first in a thread that runs none | `start_turn` | `provider.turn.start.failed` |
| an interrupt of a turn that runs, or is about to | `interrupt` | `provider.turn.interrupt.failed` |
| an answer to what the agent asked leave for | `respond_approval` | `provider.approval.respond.failed` |
| the end of a session | `stop_session` | `provider.session.stop.failed` |
| going back to a checkpoint | `revert` | `checkpoint.revert.failed` |

A request has its receipt in the transaction of its outcome, so whoever comes later passes over it. A crash between a
call and its receipt makes the call again, under the same id: asked twice is better than never. A message whose turn
could not be started waits no longer; it stays in the thread, and asking again is a new request.
A new reactor begins where the log ends, and with what waits. One reactor of a name at a time. Where the log was
compacted beyond what a reactor has seen, it goes on behind that, and says so.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial

from chatdoc.apps.provider.adapter import Adapter
from chatdoc.apps.provider.marks import Marks
from chatdoc.document import Document
from chatdoc.model.commands.activities import DETAIL_LENGTH_MAX, AppendActivity
from chatdoc.model.commands.turn_queue import WithdrawQueued, is_queued, queue_of
from chatdoc.model.errors import LogCompacted
from chatdoc.model.events.event import Event
from chatdoc.model.events.types import (
    ApprovalResponded,
    CheckpointRevertRequested,
    SessionSet,
    SessionStopRequested,
    ThreadCreated,
    ThreadRestored,
    TurnInterruptRequested,
    TurnStartRequested,
)
from chatdoc.model.ids import CommandId, MessageId, ThreadId
from chatdoc.store.event_feed import Following

_log = logging.getLogger("chatdoc.provider")

Call = Callable[..., None]


class Reactor:
    """Passes requests of one document's threads on to an agent; `run` it in a thread of its own, or `catch_up`."""

    def __init__(
        self, document: Document, adapter: Adapter, *, name: str = "agent", from_sequence: int | None = None
    ) -> None:
        self._document, self._adapter, self._name = document, adapter, name
        self._marks = Marks(document, name)
        self._lock = threading.Lock()
        self._following: Following | None = None
        self._closed = False
        self.sequence = self._begin(from_sequence)
        """The last event that was looked at."""
        self._handed_over = dict.fromkeys(self._threads_about_to_run(), self.sequence)
        """When a thread's turn was handed over that has not started: the sequence the log had then."""

    def catch_up(self) -> None:
        """Pass on all that is asked by now."""
        with self._lock:
            try:
                for event in self._document.replay(from_sequence_exclusive=self.sequence):
                    self._handle(event)
            except LogCompacted as compacted:
                self._go_on_behind(compacted)
                for event in self._document.replay(from_sequence_exclusive=self.sequence):
                    self._handle(event)
            for thread in self._document.threads():
                self._start_next(thread.thread_id)

    def run(self) -> None:
        """Pass on what is asked, until this or its document is closed.

        Raises StoreError where the store fails, a disk being full or a database away; called again it goes on.
        """
        is_behind = True
        while is_behind:
            self.catch_up()
            is_behind = False
            try:
                with self._document.subscribe_events(self.sequence) as following:
                    self._following = following
                    if self._closed:
                        return
                    for event in following:
                        with self._lock:
                            self._handle(event)
            except LogCompacted:  # Before it was followed, or while an agent took long.
                is_behind = True

    def close(self) -> None:
        """End `run`, once the call that is being made has come back."""
        self._closed = True
        if self._following is not None:
            self._following.close()

    def _go_on_behind(self, compacted: LogCompacted) -> None:
        """Go on where the log begins now: what waits is handed over, what else was asked before is not known."""
        _log.warning(
            "events up to %d were compacted away before reactor %s had seen those beyond %d; "
            "interrupts, answers and ends asked there are not passed on",
            compacted.through_sequence, self._name, self.sequence,
        )  # fmt: skip
        self.sequence = compacted.through_sequence
        self._marks.reach(self.sequence)

    def _begin(self, from_sequence: int | None) -> int:
        if from_sequence is not None:
            return from_sequence
        reached = self._marks.reached()
        if reached is None:
            reached = self._marks.log_end()
            self._marks.reach(reached)
        return reached

    def _handle(self, event: Event) -> None:
        before, self.sequence = self.sequence, event.sequence
        try:
            self._react(event)
        except BaseException:  # It may not have been passed on: whoever calls again begins with it.
            self.sequence = before
            raise

    def _react(self, event: Event) -> None:
        said = event.payload
        match said:
            case TurnStartRequested() | ThreadCreated() | ThreadRestored():
                self._start_next(said.thread_id)
            case SessionSet():
                if said.session.status in ("stopped", "error"):
                    self._give_up(said.thread_id, said.session.last_error or None, event.sequence)
                if said.session.status != "running":
                    self._start_next(said.thread_id)
            case TurnInterruptRequested() if self._may_be_interrupted(said):
                call = partial(self._adapter.interrupt, said.thread_id, said.turn_id)
                self._pass_on(event, said.thread_id, call, "provider.turn.interrupt.failed", said.turn_id)
            case ApprovalResponded():
                call = partial(self._adapter.respond_approval, said.thread_id, said.request_id, said.decision)
                self._pass_on(event, said.thread_id, call, "provider.approval.respond.failed")
            case SessionStopRequested():
                call = partial(self._adapter.stop_session, said.thread_id)
                self._pass_on(event, said.thread_id, call, "provider.session.stop.failed")
            case CheckpointRevertRequested():
                call = partial(self._adapter.revert, said.thread_id, said.turn_count)
                self._pass_on(event, said.thread_id, call, "checkpoint.revert.failed")

    # turns

    def _start_next(self, thread_id: str) -> None:
        """Hand over what waits first, unless a turn runs in the thread or is about to, or nobody sees the thread."""
        document = self._document
        while self._is_seen(thread_id) and not self._runs(thread_id):
            waiting = queue_of(document.view, thread_id)
            if not waiting or self._is_about_to_run(thread_id):
                return
            head = waiting[0]
            key = self._start_key(head)
            error = self._call(partial(self._adapter.start_turn, thread_id, head), key)
            if error is None:
                self._handed_over[thread_id] = self._marks.log_end()
                document.group.together(partial(self._marks.done, key, thread_id, self.sequence))
                return
            document.group.together(partial(self._fail_start, key, thread_id, head, error))

    def _give_up(self, thread_id: str, detail: str | None, sequence: int) -> None:
        """A session ended that had a turn to start: it will not."""
        if self._runs(thread_id) or sequence <= self._handed_over.get(thread_id, sequence):
            return
        del self._handed_over[thread_id]
        for message_id in queue_of(self._document.view, thread_id):
            key = self._start_key(message_id)
            if self._marks.is_done(key):
                said = detail or "the session ended before the turn began"
                self._document.group.together(partial(self._fail_start, key, thread_id, message_id, said))

    def _fail_start(self, key: CommandId, thread_id: str, message_id: MessageId, detail: str) -> None:
        self._tell(key, thread_id, "provider.turn.start.failed", detail, {"messageId": message_id})
        # It may have been withdrawn, and asked again, while the agent was spoken to.
        if is_queued(self._document.view, message_id) and self._start_key(message_id) == key:
            withdraw = WithdrawQueued(thread_id=ThreadId(thread_id), message_id=message_id, by=self._name)
            self._document.execute(withdraw, command_id=self._marks.key(key, "withdraw"))
        self._marks.done(key, thread_id, self.sequence)

    def _start_key(self, message_id: MessageId) -> CommandId:
        """The name of the request to answer a message; one that is queued again is asked for again."""
        mark = self._document.view.mark(message_id, "acp_state")
        return self._marks.key("start", message_id, mark.stamp if mark is not None else "")

    def _is_seen(self, thread_id: str) -> bool:
        """Whether a thread is there and not deleted: what a peer says of one may come before the thread does."""
        document = self._document
        return document.view.has_thread(thread_id) and document.thread(thread_id).deleted_at is None

    def _runs(self, thread_id: str) -> bool:
        view = self._document.view
        return any(view.thread_of(one) == thread_id for one in tuple(view.generating))

    def _may_be_interrupted(self, said: TurnInterruptRequested) -> bool:
        if said.turn_id is not None:
            return said.turn_id in self._document.view.generating
        return self._runs(said.thread_id) or self._is_about_to_run(said.thread_id)

    def _is_about_to_run(self, thread_id: str) -> bool:
        """Whether a turn of a thread was handed over and has not started."""
        waiting = queue_of(self._document.view, thread_id)
        return any(self._marks.is_done(self._start_key(one)) for one in waiting)

    def _threads_about_to_run(self) -> list[str]:
        threads = [thread.thread_id for thread in self._document.threads()]
        return [thread_id for thread_id in threads if self._is_about_to_run(thread_id)]

    # all requests

    def _pass_on(
        self, event: Event, thread_id: str, call: Call, kind: str, turn_id: str | None = None
    ) -> None:
        key = self._marks.key(event.event_id)
        if self._marks.is_done(key) or not self._document.view.has_thread(thread_id):
            return
        error = self._call(call, key)

        def outcome() -> None:
            if error is not None:
                request_id = getattr(event.payload, "request_id", None)
                about = {} if request_id is None else {"requestId": request_id}
                self._tell(key, thread_id, kind, error, about, turn_id)
            self._marks.done(key, thread_id, event.sequence)

        self._document.group.together(outcome)

    def _call(self, call: Call, key: CommandId) -> str | None:
        """Speak to the agent; the reason when it cannot be."""
        try:
            call(request_id=key)
        except Exception as error:
            return _words(error).encode(errors="replace").decode()[:DETAIL_LENGTH_MAX]
        return None

    def _tell(
        self,
        key: CommandId,
        thread_id: str,
        kind: str,
        detail: str,
        about: dict[str, str],
        turn_id: str | None = None,
    ) -> None:
        failure = AppendActivity(
            thread_id=ThreadId(thread_id),
            activity_id=self._marks.key(key, "failed"),
            kind=kind,
            summary=detail,
            tone="error",
            payload={**about, "detail": detail},
            turn_id=None if turn_id is None else MessageId(turn_id),
        )
        self._document.execute(failure, command_id=self._marks.key(key, "failed"))


def _words(error: Exception) -> str:
    """What an error says; its kind, where it says nothing or cannot be spelled."""
    try:
        return str(error) or type(error).__name__
    except Exception:
        return type(error).__name__
