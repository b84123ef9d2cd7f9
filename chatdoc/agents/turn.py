"""A turn in the hands of who runs it: text is gathered and written in few pieces, and whatever happens nothing is lost.

Each step has a command id made of its thread, message, name and number, so a step that is repeated adds nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Protocol

from chatdoc.agents.flush_policy import PIECE_CHARS_MAX, Pace
from chatdoc.engine.reader import Reader
from chatdoc.model.arguments import require_text
from chatdoc.model.commands.decide import Command
from chatdoc.model.commands.stable_id import stable_id
from chatdoc.model.commands.turn_end import (
    FailTurn,
    FinalizeTurn,
    InterruptTurn,
    KeepLate,
    Reason,
    require_end,
)
from chatdoc.model.commands.turn_states import state_of_turn
from chatdoc.model.commands.turn_stream import AppendPiece, BindSession, seq_behind
from chatdoc.model.errors import ChatdocError, CommandConflict, CommandRefused, FinalizeMismatch, TurnOver
from chatdoc.model.ids import MessageId, ThreadId
from chatdoc.model.records.message import Message
from chatdoc.model.records.thread_config import ThreadConfig
from chatdoc.model.records.thread_state import State

_End = FinalizeTurn | InterruptTurn | FailTurn


class Execute(Protocol):
    """Carries out a command of a turn, with its lease."""

    def __call__(self, command: Command, *, command_id: str | None = None) -> Any:
        """The record that answers it."""


def step_id(thread_id: str, message_id: str, step: str) -> str:
    """The command id of one step of one turn, taken by its agent; the same for whoever repeats it."""
    return stable_id("provider:turn", thread_id, message_id, step)


class Turn:
    """A running turn, usable from any thread; `with` ends it: an error in the body fails it, leaving it interrupts it.

    Where somebody else ended it in the meantime, each step raises TurnOver; what was given to it is kept all the same.
    """

    def __init__(
        self,
        reader: Reader,
        execute: Execute,
        message: Message,
        *,
        clock: Callable[[], int],
        pace: Pace | None = None,
        seq: int = 0,
    ) -> None:
        self.thread_id: ThreadId = message.thread_id
        self.message_id: MessageId = message.message_id
        self.pace = pace or Pace()
        self._reader, self._execute, self._clock = reader, execute, clock
        self._before = message.content
        """What the message showed when this hold on its turn began."""
        self._written: list[str] = []
        self._pending: str | None = None
        """A piece that is being written; while it is not known to be in the document, it is written again."""
        self._waiting: list[str] = []
        self._size = 0
        self._since_ms = 0
        self._first = self._seq = seq
        self._ended: State | None = None
        self._lock = threading.RLock()

    @property
    def message(self) -> Message:
        """The agent's message as it is now; what is gathered and not yet written is not in it."""
        return self._reader.message(self.message_id)

    @property
    def state(self) -> State:
        """How the turn stands: running, complete, interrupted or error."""
        return state_of_turn(self._reader.view, self.message_id)

    @property
    def answers(self) -> MessageId | None:
        """The message this turn answers, if it answers one."""
        asked = self.message.extra.get("parent_message_id")
        return MessageId(asked) if isinstance(asked, str) else None

    @property
    def waiting(self) -> int:
        """How many characters are gathered and not yet written."""
        return self._size + len(self._pending or "")

    @property
    def patience_ms(self) -> int:
        """How long what is gathered may wait, as of now; for who writes it by a timer."""
        return self.pace.patience_ms(self._seq - self._first)

    def append(self, text: str) -> None:
        """Take text, and write what was gathered once it is much or has waited."""
        if self.gather(text):
            self.flush()

    def gather(self, text: str) -> bool:
        """Take text without writing anything; whether it is time to flush."""
        text = "".join((text,)) if isinstance(text, str) else text
        require_text("text", text)
        with self._lock:
            if text and not self._size:
                self._since_ms = self._clock()
            self._waiting.append(text)
            self._size += len(text)
            if self._ended is not None:
                raise self._kept_late()
            waited_ms = self._clock() - self._since_ms
            if self._pending is not None:  # The store did not take it: not each text tries again.
                return abs(waited_ms) >= self.patience_ms
            return self.pace.is_due(self._seq - self._first, waiting=self._size, waited_ms=waited_ms)

    def gather_at_once(self, text: str) -> bool | None:
        """As `gather`; None, with nothing taken, where that would wait: another thread writes, or the turn is over."""
        if not self._lock.acquire(blocking=False):
            return None
        try:
            return self.gather(text) if self._ended is None else None
        finally:
            self._lock.release()

    def flush(self) -> None:
        """Write what was gathered, in one transaction for each piece; what could not be written stays gathered.

        A piece that is refused, since no message may be so long, is let go of, and the error says so.
        """
        with self._lock:
            while self._pending is not None or self._size:
                if self._pending is None:
                    text = "".join(self._waiting)
                    self._pending = text[:PIECE_CHARS_MAX]
                    self._keep_waiting(text[PIECE_CHARS_MAX:])
                self._since_ms = self._clock()
                self._write_pending()

    def bind_session(self, session_id: str) -> ThreadConfig:
        """Note the agent's session in the thread's config, to be resumed later; refused for runs of an automation."""
        command = BindSession(thread_id=self.thread_id, message_id=self.message_id, session_id=session_id)
        with self._lock:
            config: ThreadConfig = self._step(command, None)
        return config

    def finalize(self, content: str | None = None, *, usage: dict[str, Any] | None = None) -> Message:
        """End the turn well; its text is `content`, else all that was appended. What is there then is read again.

        Raises FinalizeMismatch when the document does not show what was written.
        """
        with self._lock:
            tail = self._tail()
            command = FinalizeTurn(
                thread_id=self.thread_id,
                message_id=self.message_id,
                content=content,
                tail=tail,
                usage=usage,
            )
            answer = self._end(command, "finalize", "complete", tail, content)
            expected = [content] if content is not None else self._written
            return self._verified(answer, expected, usage)

    def interrupt(self, reason: Reason = "interrupt", *, by: str | None = None) -> Message:
        """End the turn before it is done; all that was appended is its text."""
        with self._lock:
            tail = self._tail()
            command = InterruptTurn(
                thread_id=self.thread_id, message_id=self.message_id, reason=reason, by=by, tail=tail
            )
            return self._end(command, "interrupt", "interrupted", tail)

    def fail(self, error: str | BaseException) -> Message:
        """End the turn with an error, which is shown behind all that was appended."""
        words = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
        words = words.encode(errors="replace").decode()
        with self._lock:
            tail = self._tail()
            command = FailTurn(thread_id=self.thread_id, message_id=self.message_id, error=words, tail=tail)
            return self._end(command, "fail", "error", tail)

    def __enter__(self) -> Turn:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self.leave(error)

    def leave(self, error: BaseException | None = None) -> None:
        """End the turn unless it has ended: an error fails it, being stopped or just leaving interrupts it."""
        if self._ended is not None:
            return
        try:
            if isinstance(error, Exception):
                self.fail(error)
            else:
                self.interrupt("worker_stopped")
        except TurnOver:
            return
        except ChatdocError as second:
            if error is None:
                raise
            error.add_note(f"Besides, the turn of message {self.message_id} could not be ended: {second}")

    def _tail(self) -> str:
        """What was gathered and is not written, once no piece is half written."""
        if self._ended is not None:
            raise self._kept_late()
        if self._pending is not None:
            self._write_pending()
        return "".join(self._waiting)

    def _write_pending(self) -> None:
        assert self._pending is not None, "there is a piece to write"
        while True:
            piece = AppendPiece(
                thread_id=self.thread_id, message_id=self.message_id, seq=self._seq, text=self._pending
            )
            try:
                self._step(piece, f"piece/{self._seq}")
                break
            except CommandRefused:
                if not self._is_taken(piece):
                    self._pending = None  # It would be refused again: the turn goes on, and ends, without it.
                    raise
                # A peer that forges has put a piece of its own there: go on behind all there are.
                self._seq = seq_behind(self._reader.view.pieces[self.message_id])
        self._written.append(self._pending)
        self._pending = None
        self._seq += 1

    def _is_taken(self, piece: AppendPiece) -> bool:
        """Whether something else lies under the number of a piece; another hold of this turn is a CommandConflict."""
        texts = self._reader.view.texts_of_piece(piece.message_id, piece.seq)
        return bool(texts) and piece.text not in texts

    def _keep_waiting(self, text: str) -> None:
        self._waiting, self._size, self._since_ms = [text], len(text), self._clock()

    def _end(self, command: _End, step: str, after: State, tail: str, content: str | None = None) -> Message:
        require_end(command)
        answer: Message = self._step(command, step, content)
        self._written.append(tail)
        self._keep_waiting("")
        self._ended = after
        # Of two pieces of one number one is shown, which may be a peer's: then what was said is in no text yet.
        said = "".join(self._written) if content is None else ""
        if said and not any(said in one.content for one in answer.history):
            late = KeepLate(thread_id=self.thread_id, message_id=self.message_id, content=self._before + said)
            self._execute(late)
        return answer

    def _step(self, command: Command, step: str | None, content: str | None = None) -> Any:
        try:
            command_id = None if step is None else step_id(self.thread_id, self.message_id, step)
            return self._execute(command, command_id=command_id)
        except (CommandRefused, CommandConflict) as refused:
            if self._reader.message(self.message_id).generating:
                raise
            raise self._kept_late(content) from refused

    def _kept_late(self, content: str | None = None) -> TurnOver:
        """Keep all that was said in a turn that somebody else has ended; the error that says so."""
        self._ended = self.state
        said = "".join([self._before, *self._written, self._pending or "", *self._waiting])
        for text in (said, content):
            if text:
                late = KeepLate(thread_id=self.thread_id, message_id=self.message_id, content=text)
                self._execute(late)
        return TurnOver(
            f"the turn of message {self.message_id} in thread {self.thread_id} is over: it is {self._ended}",
            hint="All that was appended is kept in the message's history; start another turn to go on",
        )

    def _verified(self, answer: Message, expected: list[str], usage: dict[str, Any] | None) -> Message:
        found = self._reader.message(self.message_id)
        texts = [one.content for one in found.history]
        problems = []
        if found.generating:
            problems.append("it is still generating")
        if answer.content not in texts or not all(text in answer.content for text in expected):
            problems.append(f"its texts of {[len(text) for text in texts]} characters lack what was appended")
        if usage is not None and found.acp_usage != usage:
            problems.append(f"its acp_usage is {found.acp_usage}, expected {usage}")
        if problems:
            raise FinalizeMismatch(
                f"message {self.message_id} of thread {self.thread_id} was finalized, but {', '.join(problems)}",
                hint="check() says what else is broken; message(message_id).history has every text",
            )
        return found
