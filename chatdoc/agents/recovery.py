"""Each running turn of a document has an owner that lives, or it is ended: its text stays, and no config is touched.

A lease is written in the transaction that starts a turn and goes in the one that ends it, so a crash at any moment
leaves either both or neither, and the next opening finds what was left. A turn without a lease was never run by this
store: a peer runs it, and only the peer, or a person, can say that it is over.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from chatdoc.agents.ownership import Ownership, RunningTurn
from chatdoc.agents.turns import Turning
from chatdoc.model.arguments import require_number
from chatdoc.model.commands.decide import Command
from chatdoc.model.commands.stable_id import stable_id
from chatdoc.model.commands.turn_end import (
    FailTurn,
    FinalizeTurn,
    InterruptTurn,
    KeepLate,
    Reason,
    RecoverTurn,
)
from chatdoc.model.commands.turn_start import StartTurn
from chatdoc.model.commands.turn_stream import AppendPiece
from chatdoc.model.errors import ChatdocError, CommandConflict, CommandRefused, NotFound
from chatdoc.model.ids import MessageId, ThreadId
from chatdoc.model.records.message import Message
from chatdoc.store.sqlite.leases import Lease

Answer = TypeVar("Answer")

_log = logging.getLogger("chatdoc")

_ENDS = (FinalizeTurn, InterruptTurn, RecoverTurn, FailTurn)
STEPS = frozenset({StartTurn, AppendPiece, *_ENDS})
"""The commands that take a turn, go on with it or end it."""


class Tending(Turning):
    """Who runs the turns of a document, and what becomes of those that nobody runs any more."""

    ownership: Ownership
    _lock: threading.RLock

    def turns(self) -> tuple[RunningTurn, ...]:
        """The messages that are being written, the first begun first, with who runs each and how long he was silent."""
        with self._lock:
            before = set(self.view.generating)
            leases = self.ownership.leases()
            # Others write between these looks: what has no lease must have run before and after the leases were read.
            return self.ownership.running(self.view, leases, before)

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
        command = RecoverTurn(
            thread_id=ThreadId(thread_id), message_id=MessageId(message_id), reason=reason, notice=notice
        )
        with self._lock:
            lease = self.ownership.lease(message_id)
            if (
                lease is not None
                and lease.owner != self.ownership.owner
                and self.ownership.standing(lease) == "alive"
            ):
                raise CommandRefused(
                    f"cannot recover the turn of message {message_id} in thread {thread_id}: "
                    f"process {lease.process.pid} runs it",
                    hint="interrupt(thread_id, message_id) ends a turn that somebody runs",
                )
            message: Message = self.execute(command, command_id=command_id)
            return message

    def recover_turns(
        self, *, reason: Reason = "worker_stopped", silent_ms: int | None = None
    ) -> tuple[Message, ...]:
        """End every turn whose owner is gone for sure, as opening the document does; returns their messages.

        With `silent_ms` also those that another machine or container ran from this very store and that were silent
        for so long: where only one at a time has the folder, as after a container was replaced, that is yours to know.
        A turn of an opening of this very process that failed gets the reason `backend_error`, the others `reason`.
        """
        if silent_ms is not None:
            require_number("silent_ms", silent_ms, "milliseconds")
        with self._lock:
            if not self.ownership.dead(silent_ms):
                return ()
            return self._end(lambda: self.ownership.dead(silent_ms), reason)

    def together(self, work: Callable[[], Answer]) -> Answer:
        """Do something whose commands are all stored at once; what was done before one is refused is stored too."""
        with self._lock:
            return self.corridor.write(work)

    def _tend(self, command: Command, carry_out: Callable[[], Any]) -> Any:
        """Carry out a step of a turn, and keep its lease in the same transaction."""
        return self.corridor.write(lambda: self._with_lease(command, carry_out))

    def _with_lease(self, command: Command, carry_out: Callable[[], Any]) -> Any:
        answer = carry_out()
        if isinstance(command, _ENDS):
            self.ownership.release(command.message_id)
            return answer
        step = command if isinstance(command, AppendPiece) else answer
        if (
            step.message_id in self.corridor.view.generating
        ):  # What is repeated may be of a turn that is over.
            self.ownership.hold(step.thread_id, step.message_id)
        return answer

    def _let_go(self) -> None:
        """End the turns that this opening runs, for nobody could go on with them, and let go of all leases."""
        try:
            if self.ownership.holds_any():
                self._end(self.ownership.ours, "worker_stopped")
        except ChatdocError as error:
            _log.warning("turns that ran when a document was closed are left to its next opening: %s", error)
        finally:
            self.ownership.close()

    def _end(self, find: Callable[[], Iterable[Lease]], reason: Reason) -> tuple[Message, ...]:
        """End the turns that these leases are for, all in one transaction, of two processes that try at once by one."""
        ended: tuple[Message, ...] = self.corridor.write(lambda: self._end_each(find(), reason))
        return ended

    def _end_each(self, leases: Iterable[Lease], reason: Reason) -> tuple[Message, ...]:
        ended = []
        for lease in leases:
            thread_id, message_id = ThreadId(lease.thread_id), MessageId(lease.message_id)
            if message_id in self.view.generating:
                said: Reason = "backend_error" if self.ownership.failed(lease) else reason
                command = RecoverTurn(thread_id=thread_id, message_id=message_id, reason=said)
                try:
                    ended.append(self.execute(command, command_id=_id(thread_id, message_id, "recover")))
                except (CommandConflict, CommandRefused, NotFound) as refusal:
                    if message_id in self.view.generating:
                        _log.warning("a turn that nobody runs could not be ended: %s", refusal)
                        continue
            elif stranded := self.view.pieces.get(message_id):
                # A peer ended the turn without these pieces, and the owner was gone before it could keep them.
                text = "".join(stranded[seq] for seq in sorted(stranded))
                late = KeepLate(thread_id=thread_id, message_id=message_id, content=text)
                self.execute(late, command_id=_id(thread_id, message_id, "late"))
            self.ownership.release(message_id)
        self.ownership.settle(self.view)
        return tuple(ended)


def _id(thread_id: str, message_id: str, step: str) -> str:
    """The command id of what is done for an agent that is gone; the same for whichever process does it."""
    return stable_id("server:turn", thread_id, message_id, step)
