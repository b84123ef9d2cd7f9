"""What an agent process says becomes document and log, each event once, however often and whenever it is delivered.

| said | done |
| --- | --- |
| a session or thread started | the session is ready, or running while a turn runs |
| a turn started | a `Turn` starts, the agent's session is bound to the thread; the turn before is completed |
| text of a message | the turn's text, gathered; told whole, it is written |
| a turn completed, failed, was aborted, … | the turn ends; the session is ready, in error, or interrupted |
| the session exited | turns that ran end, the session is stopped |
| a runtime error | the turn fails, the session is in error; one that is tried again is an activity only |
| a checkpoint was captured | a checkpoint |
| an approval was requested | a request for leave |
| anything else | an activity; a kind that nobody here knows is counted, and warned about once |

An event leaves a receipt in the transaction of all that only the log knows of it; a turn is ended before, and is not
ended again. Streamed text alone has no receipts, for each piece would cost a row. It counts once while its turn runs,
and no turn outlives its opening; afterwards only `message.completed`, which says all of it, adds what is not there.
What a provider really said is kept in an activity, but for text, which is in the message.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from chatdoc.apps.provider.answer import ENDS, Answer
from chatdoc.apps.provider.kinds import SESSION_ENDS, TURN_ENDS, UnknownKinds, is_known
from chatdoc.apps.provider.runtime_event import RuntimeEvent, message_of, require_sound
from chatdoc.apps.provider.session_steps import FAILED, SessionSteps, running_in
from chatdoc.apps.provider.translate import activity_of, approval_of, checkpoint_of, end_of
from chatdoc.document import Document
from chatdoc.model.commands.note_handled import NoteHandled
from chatdoc.model.commands.turn_end import KeepLate, Reason
from chatdoc.model.commands.turn_queue import queue_of
from chatdoc.model.commands.turn_start import StartTurn
from chatdoc.model.commands.turn_states import state_of_turn
from chatdoc.model.commands.turn_stream import BindSession
from chatdoc.model.errors import ChatdocError, CommandRefused
from chatdoc.model.ids import MessageId, ThreadId

_TEXT = ("message.delta", "message.completed")


class Ingestion:
    """Takes what the agents of one document say; one for an opening, usable from any thread. `with` closes it."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._answers: dict[MessageId, Answer] = {}
        """The turns that are written here, and those whose agent goes on although somebody else ended them."""
        self._lock = threading.RLock()
        self._sessions = SessionSteps(document)
        self._unknown = UnknownKinds()
        self._ends = {
            **dict.fromkeys(TURN_ENDS, self._end),
            **dict.fromkeys(SESSION_ENDS, self._end_all),
            "runtime.error": self._end_all,
        }
        """How turns end by what was said; before the transaction, for a turn is locked before its document."""
        self._steps: dict[str, Callable[[RuntimeEvent], object]] = {
            "session.started": self._sessions.started,
            "thread.started": self._sessions.started,
            "turn.started": self._turn_of,
            **dict.fromkeys(TURN_ENDS, self._turn_completed),
            **dict.fromkeys(SESSION_ENDS, self._sessions.ended),
            "runtime.error": self._sessions.failed,
            "checkpoint.captured": self._checkpoint_captured,
            "approval.requested": self._approval_requested,
        }

    def take(self, event: RuntimeEvent) -> bool:
        """Take one event; false when it adds nothing. Raises CommandRefused or NotFound."""
        require_sound(event)
        with self._lock:
            self._document.thread(event.thread_id)
            if event.type in _TEXT:
                return self._take_text(event)
            if event.type.endswith(".delta") or self._is_taken(event):
                return False
            if not is_known(event.type):
                self._unknown.see(event.type, event.provider, event.thread_id)
            end = self._ends.get(event.type)
            if end is not None and not self._sessions.is_replaced(event):
                end(event)
            self._document.group.together(lambda: self._take_once(event))
            return True

    @property
    def unknown_kinds(self) -> dict[str, int]:
        """How often each kind of event came that nobody here knows; such a one is an activity, and ends nothing."""
        return dict(self._unknown.counts)

    def flush(self) -> None:
        """Write what is gathered of all turns, as a timer does while nothing comes."""
        with self._lock:
            self._each(lambda message_id: self._answers[message_id].flush())

    def close(self) -> None:
        """End the turns that nobody goes on with; to be called before the document is closed.

        One that cannot be ended now, for want of space say, keeps no other from it; call this again.
        """
        with self._lock:
            self._each(lambda message_id: self._let_go(message_id, Answer.leave))

    def __enter__(self) -> Ingestion:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _is_taken(self, event: RuntimeEvent) -> bool:
        return self._document.engine.store.receipts.get(event.key("taken")) is not None

    def _take_once(self, event: RuntimeEvent) -> None:
        document, step = self._document, self._steps.get(event.type)
        if step is not None:
            step(event)
        # A request for leave is an activity already, and says what was really said.
        if step in (None, self._sessions.failed) or (
            event.raw is not None and event.type != "approval.requested"
        ):
            document.execute(activity_of(event, document.view), command_id=event.key("activity"))
        document.execute(NoteHandled(thread_id=ThreadId(event.thread_id)), command_id=event.key("taken"))

    # text

    def _take_text(self, event: RuntimeEvent) -> bool:
        whole = event.type == "message.completed"
        text = event.text("text" if whole else "delta")
        answer = self._turn_of(event)
        if answer is None:
            return whole and self._keep(event.thread_id, message_of(event, self._document.view), text)
        if not answer.hear(event.event_id):
            return False
        item_id = event.item_id or event.provider_item_id or ""
        if whole:
            answer.complete(item_id, text)
        else:
            answer.add(item_id, text)
        return True

    def _keep(self, thread_id: str, message_id: MessageId, text: str) -> bool:
        """Keep what was said of a turn that is over; false when the message has it."""
        if not text:
            return False
        before = self._document.message(message_id)
        late = KeepLate(thread_id=ThreadId(thread_id), message_id=message_id, content=text)
        return bool(self._document.execute(late) != before)

    # turns

    def _turn_of(self, event: RuntimeEvent) -> Answer | None:
        """The turn an event belongs to, begun where nobody told of its start; None when it is over."""
        document = self._document
        view = document.view
        message_id = message_of(event, view)
        answer = self._answers.get(message_id)
        if answer is None:
            if not view.has_message(message_id):
                # An agent that begins another turn is done with the one before.
                for other in self._of(event.thread_id):
                    self._let_go(other, lambda one: one.end("completed"))
                document.group.together(lambda: self._start(event, message_id))
            elif message_id not in view.generating:
                return None
            answer = self._answers[message_id] = Answer(document.agents.turn(event.thread_id, message_id))
        return answer

    def _start(self, event: RuntimeEvent, message_id: MessageId) -> None:
        document, thread_id = self._document, ThreadId(event.thread_id)
        answers = event.text("messageId") or next(iter(queue_of(document.view, thread_id)), "")
        automation = event.text("automationId")
        fields = {"acp_thread_id": event.provider_thread_id, "acp_automation_id": automation or None}
        start = StartTurn(
            thread_id=thread_id,
            sender_id=event.provider,
            answers=MessageId(answers) if answers else None,
            message_id=message_id,
            fields={name: value for name, value in fields.items() if value is not None},
        )
        document.execute(start, command_id=event.key("start"))
        session_id = event.provider_thread_id or event.provider_session_id
        if session_id and not automation:
            bind = BindSession(thread_id=thread_id, message_id=message_id, session_id=session_id)
            document.execute(bind, command_id=event.key("bind"))

    def _end(self, event: RuntimeEvent) -> None:
        """End the turn that an event names, as it says."""
        message_id = self._ended(event)
        try:
            status, error, usage = end_of(event)
        except CommandRefused:
            # The event is refused, and the turn is over all the same: its protocol calls this kind terminal.
            if message_id in self._answers:
                self._let_go(message_id, lambda answer: answer.end("failed", error=FAILED))
            raise
        if message_id is None or not self._document.view.has_message(message_id):
            return
        if message_id in self._answers or self._turn_of(event) is not None:
            self._let_go(message_id, lambda answer: answer.end(status, error=error, usage=usage))

    def _ended(self, event: RuntimeEvent) -> MessageId | None:
        """The turn that an event ends: the one it names, else the one that runs in its thread."""
        if event.names_turn:
            return message_of(event, self._document.view)
        running = running_in(self._document.view, event.thread_id)
        return running if running in self._answers else None

    def _end_all(self, event: RuntimeEvent) -> None:
        """End the turns of a thread whose agent failed or is gone."""
        if event.payload.get("willRetry") is True:
            return
        reason: Reason = "backend_error" if event.text("reason") == "error" else "worker_stopped"
        words = event.text("message") or FAILED
        for message_id in self._of(event.thread_id):
            if event.type == "runtime.error":
                self._let_go(message_id, lambda one: one.end("failed", error=words))
            else:
                self._let_go(message_id, lambda one: one.leave(reason))

    def _of(self, thread_id: str) -> list[MessageId]:
        return [one for one, answer in self._answers.items() if answer.turn.thread_id == thread_id]

    def _let_go(self, message_id: MessageId, end: Callable[[Answer], str]) -> None:
        """End a turn; where that fails, it is one that is written here still, with all that was said."""
        answer = self._answers[message_id]
        self._keep(answer.turn.thread_id, message_id, end(answer))
        del self._answers[message_id]

    def _each(self, step: Callable[[MessageId], object]) -> None:
        """Do something with each turn that is written here; then raise what failed first."""
        failed: list[ChatdocError] = []
        for message_id in list(self._answers):
            try:
                step(message_id)
            except ChatdocError as error:
                failed.append(error)
        if failed:
            raise failed[0]

    def _turn_completed(self, event: RuntimeEvent) -> None:
        """Somebody else may have ended the turn otherwise; and another one may run by now."""
        status, error, _ = end_of(event)
        found = state_of_turn(self._document.view, self._ended(event) or MessageId(""))
        if found != ENDS[status] and running_in(self._document.view, event.thread_id) is None:
            failed = status == "failed"
            self._sessions.set(event, "error" if failed else "ready", last_error=error if failed else None)

    # what only the log knows

    def _checkpoint_captured(self, event: RuntimeEvent) -> None:
        self._document.execute(checkpoint_of(event, self._document.view), command_id=event.key("checkpoint"))

    def _approval_requested(self, event: RuntimeEvent) -> None:
        self._document.execute(approval_of(event, self._document.view), command_id=event.key("approval"))
