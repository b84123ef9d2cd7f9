"""Turns: agents answer on many threads at once, and each running turn has a live owner, or it is ended.

A lease is written in the transaction that starts a turn and goes in the one that ends it, so a crash at any moment
leaves either both or neither, and the next opening finds what was left. A turn without a lease was never run by this
store: a peer runs it, and only the peer, or a person, can say that it is over.
"""

from __future__ import annotations

import logging
from typing import Any
from weakref import WeakKeyDictionary

from chatdoc.agents.activity import Activities
from chatdoc.agents.flush_policy import Pace
from chatdoc.agents.ownership import Ownership, RunningTurn
from chatdoc.agents.recovery import Recovery
from chatdoc.agents.turn import Turn, step_id
from chatdoc.engine.engine import Engine
from chatdoc.engine.known_command import KnownCommand
from chatdoc.engine.reader import Reader
from chatdoc.engine.transaction import Transaction
from chatdoc.model.arguments import require_name
from chatdoc.model.clock import ms_of
from chatdoc.model.commands.decide import Command
from chatdoc.model.commands.turn_end import (
    FailTurn,
    FinalizeTurn,
    InterruptTurn,
    Reason,
    RecoverTurn,
)
from chatdoc.model.commands.turn_queue import QueueTurn, SendNow, WithdrawQueued, queue_of
from chatdoc.model.commands.turn_start import StartTurn
from chatdoc.model.commands.turn_states import require_turn
from chatdoc.model.commands.turn_stream import AppendPiece, seq_behind
from chatdoc.model.errors import ChatdocError, CommandRefused, TurnOver
from chatdoc.model.ids import MessageId, ThreadId, derive
from chatdoc.model.records.message import Message

_log = logging.getLogger("chatdoc")

_ENDS = (FinalizeTurn, InterruptTurn, RecoverTurn, FailTurn)
_STEPS = frozenset({StartTurn, AppendPiece, *_ENDS})
"""The commands that take a turn, go on with it or end it."""


class Turns:
    """The turns of a document. Every method that changes something is a command, as those of Document are."""

    def __init__(self, engine: Engine, reader: Reader, ownership: Ownership) -> None:
        self.ownership = ownership
        self._engine, self._reader = engine, reader
        self._held: WeakKeyDictionary[Turn, None] = WeakKeyDictionary()
        self._recovery = Recovery(engine, ownership, self.execute)
        # What only the event log knows is told by commands of the same face.
        activities = Activities(self.execute)
        self.append_activity = activities.append_activity
        self.request_approval = activities.request_approval
        self.respond_approval = activities.respond_approval
        self.expire_approval = activities.expire_approval
        self.set_session = activities.set_session
        self.stop_session = activities.stop_session
        self.request_interrupt = activities.request_interrupt
        self.complete_checkpoint = activities.complete_checkpoint
        self.revert = activities.revert
        self.undo_revert = activities.undo_revert
        self.update_project = activities.update_project

    def execute(self, command: Command, *, command_id: str | None = None) -> Any:
        """Carry out a command; a step of a turn keeps its lease in the same transaction. See `Document.execute`."""
        handler = self._engine.handler(command, command_id)
        if type(command) in _STEPS:
            return self._engine.transact(
                KnownCommand(command_id, lambda one: self._with_lease(one, command, handler(one)))
            )
        return self._engine.transact(handler)

    def _with_lease(self, transaction: Transaction, command: Command, answer: Any) -> Any:
        ownership, unit = self.ownership, transaction.unit
        if isinstance(command, _ENDS):
            message_id = command.message_id
            ownership.release(unit, message_id)
            transaction.after.append(lambda: ownership.released(message_id))
            return answer
        step = command if isinstance(command, AppendPiece) else answer
        running = step.message_id in transaction.copy.view.generating
        # What is repeated may be of a turn that is over.
        noted = ownership.hold(unit, step.thread_id, step.message_id) if running else None
        if noted is not None:
            transaction.after.append(noted)
        return answer

    def running(self) -> tuple[RunningTurn, ...]:
        """The messages that are being written, the first begun first, with who runs each and how long he was silent."""
        with self._engine.lock:
            before = set(self._engine.view.generating)
            leases = self.ownership.leases()
            # Others write between these looks: what has no lease must have run before and after the leases were read.
            return self.ownership.running(self._engine.view, leases, before)

    # a turn's life

    def start_turn(
        self,
        thread_id: str,
        *,
        sender_id: str,
        answers: str | None = None,
        message_id: str | None = None,
        pace: Pace | None = None,
        command_id: str | None = None,
        from_queue: bool = False,
        fields: dict[str, Any] | None = None,
    ) -> Turn:
        """Let an agent begin a turn in a thread that runs none; it answers a message, or the thread as such.

        Whoever repeats itself gives a `message_id` or a `command_id`: then it gets the turn it began the first time.
        """
        _require_pace(pace)
        if message_id is None:
            message_id = self._new_id(thread_id, answers, command_id)
        command = StartTurn(
            thread_id=ThreadId(thread_id),
            sender_id=sender_id,
            answers=None if answers is None else MessageId(answers),
            message_id=MessageId(message_id),
            from_queue=from_queue,
            fields={} if fields is None else fields,
        )
        message: Message = self.execute(
            command, command_id=command_id or step_id(thread_id, message_id, "start")
        )
        return self._turn(message, pace)

    def start_next(
        self,
        thread_id: str,
        *,
        sender_id: str,
        pace: Pace | None = None,
        fields: dict[str, Any] | None = None,
    ) -> Turn | None:
        """Begin the turn that answers the first message that waits; None when none does."""
        while (waiting := queue_of(self._engine.view, thread_id))[:1]:
            head = waiting[0]
            try:
                return self.start_turn(
                    thread_id, sender_id=sender_id, answers=head, from_queue=True, pace=pace, fields=fields
                )
            except CommandRefused:
                # Another process may have taken or withdrawn it after we looked.
                if head in queue_of(self._engine.view, thread_id):
                    raise
        self._reader.thread(thread_id)
        return None

    def turn(self, thread_id: str, message_id: str, *, pace: Pace | None = None) -> Turn:
        """Go on with a turn that runs, behind the last piece there is; raises CommandRefused once it is over."""
        _require_pace(pace)
        require_turn(self._engine.view, "append", ThreadId(thread_id), MessageId(message_id))
        return self._turn(self._reader.message(message_id), pace)

    def interrupt(
        self,
        thread_id: str,
        message_id: str,
        *,
        reason: Reason = "interrupt",
        by: str | None = None,
        command_id: str | None = None,
    ) -> Message:
        """End a turn that anybody runs before it is done; what was streamed is its text."""
        command = InterruptTurn(
            thread_id=ThreadId(thread_id), message_id=MessageId(message_id), reason=reason, by=by
        )
        message: Message = self.execute(command, command_id=command_id)
        return message

    def recover(
        self,
        thread_id: str,
        message_id: str,
        *,
        reason: Reason = "worker_stopped",
        notice: str | None = None,
        command_id: str | None = None,
    ) -> Message:
        """End a turn that nobody goes on with; what was flushed stays.

        For a turn whose owner cannot be seen from here, a peer's say: that it is over is yours to know.
        Raises CommandRefused while another owner lives; `interrupt` ends its turn too, and says who did.
        """
        return self._recovery.recover(
            ThreadId(thread_id), MessageId(message_id), reason=reason, notice=notice, command_id=command_id
        )

    def recover_turns(
        self, *, reason: Reason = "worker_stopped", silent_ms: int | None = None
    ) -> tuple[Message, ...]:
        """End every turn whose owner is gone for sure, as opening the document does; returns their messages.

        With `silent_ms` also those that another machine or container ran from this very store and that were silent
        for so long: where only one at a time has the folder, as after a container was replaced, that is yours to know.
        A turn of an opening of this very process that failed gets the reason `backend_error`, the others `reason`.
        """
        return self._recovery.recover_turns(reason=reason, silent_ms=silent_ms)

    # what waits

    def queue(self, thread_id: str) -> list[Message]:
        """The messages that wait for the thread's agent, the next one first; raises NotFound."""
        self._reader.thread(thread_id)
        return [self._reader.message(one) for one in queue_of(self._engine.view, thread_id)]

    def queue_turn(
        self,
        thread_id: str,
        *,
        sender_id: str = "",
        content: str = "",
        message_id: str | None = None,
        reply_to: str | None = None,
        command_id: str | None = None,
        fields: dict[str, Any] | None = None,
    ) -> Message:
        """Send a message that waits for the thread's agent, or let one wait that is there."""
        command = QueueTurn(
            thread_id=ThreadId(thread_id),
            message_id=None if message_id is None else MessageId(message_id),
            sender_id=sender_id,
            content=content,
            reply_to=None if reply_to is None else MessageId(reply_to),
            fields={} if fields is None else fields,
        )
        message: Message = self.execute(command, command_id=command_id)
        return message

    def withdraw(
        self, thread_id: str, message_id: str, *, by: str = "", command_id: str | None = None
    ) -> Message:
        """Let a queued message wait no longer; it stays in the thread."""
        command = WithdrawQueued(thread_id=ThreadId(thread_id), message_id=MessageId(message_id), by=by)
        message: Message = self.execute(command, command_id=command_id)
        return message

    def send_now(
        self, thread_id: str, message_id: str, *, by: str = "", command_id: str | None = None
    ) -> Message:
        """Let a queued message go before all that wait."""
        command = SendNow(thread_id=ThreadId(thread_id), message_id=MessageId(message_id), by=by)
        message: Message = self.execute(command, command_id=command_id)
        return message

    # closing

    def flush(self) -> None:
        """Write what is gathered in every turn that somebody still holds; what cannot be written is told."""
        # Their references are a list, made at once: other threads begin turns meanwhile.
        for turn in [turn for held in self._held.keyrefs() if (turn := held()) is not None]:
            try:
                turn.flush()
            except TurnOver:
                pass  # Somebody ended it; what was gathered is kept in the history.
            except ChatdocError as error:
                _log.warning("%d characters of a turn could not be written: %s", turn.waiting, error)

    def close(self, *, end: bool = True) -> None:
        """Let go of all leases; with `end`, end the turns that this opening runs, for nobody could go on with them."""
        try:
            if end and self.ownership.holds_any():
                self._recovery.end(self.ownership.ours, "worker_stopped")
        except ChatdocError as error:
            _log.warning("turns that ran when a document was closed are left to its next opening: %s", error)
        finally:
            self.ownership.close()

    def _turn(self, message: Message, pace: Pace | None) -> Turn:
        seq = seq_behind(self._engine.view.pieces.get(message.message_id, ()))
        turn = Turn(self._reader, self.execute, message, clock=self._engine.clock, pace=pace, seq=seq)
        self._held[turn] = None
        return turn

    def _new_id(self, thread_id: str, answers: str | None, command_id: str | None) -> str:
        if command_id is None:
            return self._engine.ids.mint()
        require_name("command_id", command_id)
        # The same command gives the same id, whenever it is repeated.
        reader = self._reader
        asked = reader.message(answers).date if answers is not None else reader.thread(thread_id).created_at
        try:
            ms = ms_of(asked)
        except ValueError:
            ms = 0
        return derive("turn", ms, thread_id, command_id)


def _require_pace(pace: object) -> None:
    if pace is not None and not isinstance(pace, Pace):
        raise CommandRefused(f"pace: expected a Pace or None, got {type(pace).__name__}")
