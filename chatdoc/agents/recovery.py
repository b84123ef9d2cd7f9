"""Recovery: a turn whose owner is gone is ended, once, whoever finds it first: its text stays, no config is touched."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Protocol

from chatdoc.agents.ownership import Ownership
from chatdoc.engine.engine import Engine
from chatdoc.engine.transaction import Transaction
from chatdoc.model.arguments import require_number
from chatdoc.model.commands.decide import Command
from chatdoc.model.commands.stable_id import stable_id
from chatdoc.model.commands.turn_end import KeepLate, Reason, RecoverTurn
from chatdoc.model.errors import CommandConflict, CommandRefused, NotFound
from chatdoc.model.ids import MessageId, ThreadId
from chatdoc.model.records.message import Message
from chatdoc.store.ports import Lease

_log = logging.getLogger("chatdoc")


class Execute(Protocol):
    """Carries out a command of a turn, with its lease."""

    def __call__(self, command: Command, *, command_id: str | None = None) -> Message:
        """The message that the command changed."""


class Recovery:
    """Ends the turns of one document that nobody runs any more."""

    def __init__(self, engine: Engine, ownership: Ownership, execute: Execute) -> None:
        self._engine, self._ownership, self._execute = engine, ownership, execute

    def recover(
        self,
        thread_id: ThreadId,
        message_id: MessageId,
        *,
        reason: Reason,
        notice: str | None,
        command_id: str | None,
    ) -> Message:
        """End one turn; raises CommandRefused while another owner lives."""
        command = RecoverTurn(thread_id=thread_id, message_id=message_id, reason=reason, notice=notice)
        ownership = self._ownership
        with self._engine.lock:
            lease = ownership.lease(message_id)
            if lease is not None and lease.owner != ownership.owner and ownership.standing(lease) == "alive":
                raise CommandRefused(
                    f"cannot recover the turn of message {message_id} in thread {thread_id}: "
                    f"process {lease.process.pid} runs it",
                    hint="interrupt(thread_id, message_id) ends a turn that somebody runs",
                )
            return self._execute(command, command_id=command_id)

    def recover_turns(self, *, reason: Reason, silent_ms: int | None) -> tuple[Message, ...]:
        """End every turn whose owner is gone for sure; with `silent_ms` also of unknown owners silent for so long."""
        if silent_ms is not None:
            require_number("silent_ms", silent_ms, "milliseconds")
        with self._engine.lock:
            if not self._ownership.dead(silent_ms):
                return ()
            return self.end(lambda: self._ownership.dead(silent_ms), reason)

    def end(self, find: Callable[[], Iterable[Lease]], reason: Reason) -> tuple[Message, ...]:
        """End the turns that these leases are for, all in one transaction, of two processes that try at once by one."""
        return self._engine.transact(lambda one: self._end_each(one, find(), reason))

    def _end_each(
        self, transaction: Transaction, leases: Iterable[Lease], reason: Reason
    ) -> tuple[Message, ...]:
        view, ownership, ended = transaction.copy.view, self._ownership, []
        for lease in leases:
            thread_id, message_id = ThreadId(lease.thread_id), MessageId(lease.message_id)
            if message_id in view.generating:
                said: Reason = "backend_error" if ownership.failed(lease) else reason
                command = RecoverTurn(thread_id=thread_id, message_id=message_id, reason=said)
                try:
                    ended.append(self._execute(command, command_id=_id(thread_id, message_id, "recover")))
                except (CommandConflict, CommandRefused, NotFound) as refusal:
                    if message_id in view.generating:
                        _log.warning("a turn that nobody runs could not be ended: %s", refusal)
                        continue
            elif stranded := view.pieces.get(message_id):
                # A peer ended the turn without these pieces, and the owner was gone before it could keep them.
                text = "".join(stranded[seq] for seq in sorted(stranded))
                late = KeepLate(thread_id=thread_id, message_id=message_id, content=text)
                self._execute(late, command_id=_id(thread_id, message_id, "late"))
            ownership.release(transaction.unit, message_id)
            transaction.after.append(lambda released=message_id: ownership.released(released))  # type: ignore[misc]
        ownership.settle(transaction.unit, view)
        return tuple(ended)


def _id(thread_id: str, message_id: str, step: str) -> str:
    """The command id of what is done for an agent that is gone; the same for whichever process does it."""
    return stable_id("server:turn", thread_id, message_id, step)
