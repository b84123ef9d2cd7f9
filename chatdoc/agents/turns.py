"""Turns of a document: an agent's answers on many threads at once, and what waits for them."""

from __future__ import annotations

import logging
from typing import Any
from weakref import WeakSet

from chatdoc.agents.flush_policy import Pace
from chatdoc.agents.turn import Turn, step_id
from chatdoc.engine.execute import Corridor
from chatdoc.engine.reader import Reader
from chatdoc.model.arguments import require_name
from chatdoc.model.clock import ms_of
from chatdoc.model.commands.decide import Command
from chatdoc.model.commands.turn_end import InterruptTurn, Reason
from chatdoc.model.commands.turn_queue import QueueTurn, SendNow, WithdrawQueued, queue_of
from chatdoc.model.commands.turn_start import StartTurn
from chatdoc.model.commands.turn_states import require_turn
from chatdoc.model.errors import ChatdocError, CommandRefused, TurnOver
from chatdoc.model.ids import MessageId, ThreadId, derive
from chatdoc.model.records.message import Message

_log = logging.getLogger("chatdoc")


class Turning(Reader):
    """The turns of a document. Every method that changes something is a command, as those of Document are."""

    corridor: Corridor
    _held_turns: WeakSet[Turn]

    def execute(self, command: Command, *, command_id: str | None = None) -> Any:
        """Carry out a command; see Document."""
        raise NotImplementedError

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
        **fields: Any,
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
            fields=fields,
        )
        message: Message = self.execute(
            command, command_id=command_id or step_id(thread_id, message_id, "start")
        )
        return self._turn(message, pace)

    def start_next(
        self, thread_id: str, *, sender_id: str, pace: Pace | None = None, **fields: Any
    ) -> Turn | None:
        """Begin the turn that answers the first message that waits; None when none does."""
        while (waiting := queue_of(self.view, thread_id))[:1]:
            head = waiting[0]
            try:
                return self.start_turn(
                    thread_id, sender_id=sender_id, answers=head, from_queue=True, pace=pace, **fields
                )
            except CommandRefused:
                # Another process may have taken or withdrawn it after we looked.
                if head in queue_of(self.view, thread_id):
                    raise
        self.thread(thread_id)
        return None

    def turn(self, thread_id: str, message_id: str, *, pace: Pace | None = None) -> Turn:
        """Go on with a turn that runs, behind the last piece there is; raises CommandRefused once it is over."""
        _require_pace(pace)
        view = self.view
        require_turn(view, "append", ThreadId(thread_id), MessageId(message_id))
        return self._turn(self.message(message_id), pace)

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

    # what waits

    def queue(self, thread_id: str) -> list[Message]:
        """The messages that wait for the thread's agent, the next one first; raises NotFound."""
        self.thread(thread_id)
        return [self.message(one) for one in queue_of(self.view, thread_id)]

    def queue_turn(
        self,
        thread_id: str,
        *,
        sender_id: str = "",
        content: str = "",
        message_id: str | None = None,
        reply_to: str | None = None,
        command_id: str | None = None,
        **fields: Any,
    ) -> Message:
        """Send a message that waits for the thread's agent, or let one wait that is there."""
        command = QueueTurn(
            thread_id=ThreadId(thread_id),
            message_id=None if message_id is None else MessageId(message_id),
            sender_id=sender_id,
            content=content,
            reply_to=None if reply_to is None else MessageId(reply_to),
            fields=fields,
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

    def _turn(self, message: Message, pace: Pace | None) -> Turn:
        pieces = self.view.pieces.get(message.message_id)
        seq = max(pieces) + 1 if pieces else 0
        turn = Turn(self, message, clock=lambda: self.corridor.now().ms, pace=pace, seq=seq)
        self._held_turns.add(turn)
        return turn

    def _flush_turns(self) -> None:
        """Write what is gathered in every turn that somebody still holds; what cannot be written is told."""
        for turn in list(self._held_turns):
            try:
                turn.flush()
            except TurnOver:
                pass  # Somebody ended it; what was gathered is kept in the history.
            except ChatdocError as error:
                _log.warning("%d characters of a turn could not be written: %s", turn.waiting, error)

    def _new_id(self, thread_id: str, answers: str | None, command_id: str | None) -> str:
        if command_id is None:
            return self.corridor.ids.mint()
        require_name("command_id", command_id)
        # The same command gives the same id, whenever it is repeated.
        asked = self.message(answers).date if answers is not None else self.thread(thread_id).created_at
        try:
            ms = ms_of(asked)
        except ValueError:
            ms = 0
        return derive("turn", ms, thread_id, command_id)


def _require_pace(pace: object) -> None:
    if pace is not None and not isinstance(pace, Pace):
        raise CommandRefused(f"pace: expected a Pace or None, got {type(pace).__name__}")
