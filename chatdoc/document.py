"""One open `.chat` document: every change is a command or a guarded update, and every rule is checked after it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any
from weakref import WeakSet

from chatdoc.agents.activity import Telling
from chatdoc.agents.ownership import Ownership
from chatdoc.agents.recovery import STEPS, Tending
from chatdoc.crdt import read_update
from chatdoc.engine import idempotency
from chatdoc.engine.compact_updates import Compacted, compact
from chatdoc.engine.execute import Corridor, Done
from chatdoc.engine.receive_result import Received
from chatdoc.engine.subscribers import Listener
from chatdoc.event_view import Logbook
from chatdoc.model.arguments import require_name
from chatdoc.model.commands.configure_thread import ConfigureThread
from chatdoc.model.commands.create_thread import CreateThread
from chatdoc.model.commands.decide import Command
from chatdoc.model.commands.delete import DeleteMessage, DeleteThread, RestoreMessage, RestoreThread
from chatdoc.model.commands.edit_message import EditMessage
from chatdoc.model.commands.fork_thread import ForkThread
from chatdoc.model.commands.send_message import SendMessage
from chatdoc.model.errors import ChatdocError, CommandRefused, NotFound
from chatdoc.model.ids import MessageId, ThreadId
from chatdoc.model.records.message import Message
from chatdoc.model.records.thread import Thread
from chatdoc.model.records.thread_config import ThreadConfig
from chatdoc.model.view.view import View
from chatdoc.store.ports import Receipt
from chatdoc.store.sqlite.leases import MemoryLeases
from invariants.report import IntegrityReport
from migrate.report import MigrationReport
from migrate.v2 import write


class Document(Tending, Telling, Logbook):
    """A document to read and to change, from any thread; `with` closes it.

    Every method that changes something is a command: it raises CommandRefused or NotFound with nothing written,
    and with a `command_id` that was used before it returns the first answer and writes nothing.
    """

    def __init__(
        self,
        corridor: Corridor,
        report: MigrationReport | None = None,
        *,
        path: Path | None = None,
        ownership: Ownership | None = None,
        publish: Callable[[Document], bool] | None = None,
        leave: Callable[[Document], None] | None = None,
        read_only: bool = False,
    ) -> None:
        super().__init__(corridor.view, report)
        self.path = path
        self.corridor = corridor
        self.ownership = ownership or Ownership(MemoryLeases(), clock=lambda: corridor.now().ms, waiter=None)
        self._publish = publish
        self._leave = leave
        self._read_only = read_only
        self._lock = threading.RLock()
        self._held_turns = WeakSet()

    @property
    def view(self) -> View:
        """The lookups behind this document, with what other processes have written until now; read only."""
        with self._lock:
            self.corridor.catch_up()
            return self.corridor.view

    def message(self, message_id: str) -> Message:
        """One message with its history, also a deleted one; raises NotFound."""
        with self._lock:  # Another thread may be ending its turn, which takes pieces away.
            return super().message(message_id)

    # commands

    def create_thread(
        self,
        *,
        sender_id: str,
        content: str,
        name: str | None = None,
        acp_config: dict[str, Any] | None = None,
        command_id: str | None = None,
        **fields: Any,
    ) -> Thread:
        """Start a thread with its root message; further fields go to its config."""
        config = {**fields, "name": name, "acp_config": acp_config}
        given = {field: value for field, value in config.items() if value is not None}
        thread: Thread = self.execute(
            CreateThread(sender_id=sender_id, content=content, config=given), command_id=command_id
        )
        return thread

    def send(
        self,
        thread_id: str,
        *,
        sender_id: str,
        content: str,
        reply_to: str | None = None,
        command_id: str | None = None,
        **fields: Any,
    ) -> Message:
        """Add a message to a thread; it replies to the root unless `reply_to` says otherwise."""
        command = SendMessage(
            thread_id=ThreadId(thread_id),
            sender_id=sender_id,
            content=content,
            reply_to=None if reply_to is None else MessageId(reply_to),
            fields=fields,
        )
        message: Message = self.execute(command, command_id=command_id)
        return message

    def edit(
        self, message_id: str, *, author_id: str, content: str, command_id: str | None = None
    ) -> Message:
        """Give a message a new text; the old ones stay in its history."""
        command = EditMessage(message_id=MessageId(message_id), author_id=author_id, content=content)
        message: Message = self.execute(command, command_id=command_id)
        return message

    def delete_message(self, message_id: str, *, deleted_by: str, command_id: str | None = None) -> Message:
        """Mark a message deleted; its history stays."""
        command = DeleteMessage(message_id=MessageId(message_id), deleted_by=deleted_by)
        message: Message = self.execute(command, command_id=command_id)
        return message

    def restore_message(self, message_id: str, *, restored_by: str, command_id: str | None = None) -> Message:
        """Take a message's deletion back."""
        command = RestoreMessage(message_id=MessageId(message_id), restored_by=restored_by)
        message: Message = self.execute(command, command_id=command_id)
        return message

    def delete_thread(self, thread_id: str, *, deleted_by: str, command_id: str | None = None) -> Thread:
        """Mark a thread deleted; its messages and config stay."""
        command = DeleteThread(thread_id=ThreadId(thread_id), deleted_by=deleted_by)
        thread: Thread = self.execute(command, command_id=command_id)
        return thread

    def restore_thread(self, thread_id: str, *, restored_by: str, command_id: str | None = None) -> Thread:
        """Take a thread's deletion back."""
        command = RestoreThread(thread_id=ThreadId(thread_id), restored_by=restored_by)
        thread: Thread = self.execute(command, command_id=command_id)
        return thread

    def configure(
        self, thread_id: str, *, updated_by: str, command_id: str | None = None, **fields: Any
    ) -> ThreadConfig:
        """Set the given fields of a thread's config and no other; None clears one, `acp_config` merges by field."""
        command = ConfigureThread(thread_id=ThreadId(thread_id), updated_by=updated_by, config=fields)
        config: ThreadConfig = self.execute(command, command_id=command_id)
        return config

    def fork(
        self,
        thread_id: str,
        *,
        at: str,
        sender_id: str,
        name: str | None = None,
        command_id: str | None = None,
    ) -> Thread:
        """Start a thread that goes on from one message of another, with its config but not its agent session."""
        command = ForkThread(thread_id=ThreadId(thread_id), at=MessageId(at), sender_id=sender_id, name=name)
        thread: Thread = self.execute(command, command_id=command_id)
        return thread

    def execute(self, command: Command, *, command_id: str | None = None) -> Any:
        """Carry out a command and return the record it made or changed, as the methods above do.

        A known `command_id` returns the first answer, or raises the first refusal, and writes nothing; the same id
        with a different command raises CommandConflict.
        """
        with self._lock:
            if type(command) in STEPS:
                return self._tend(command, lambda: self._carry_out(command, command_id))
            return self._carry_out(command, command_id)

    def _carry_out(self, command: Command, command_id: str | None) -> Any:
        corridor = self.corridor
        if command_id is None:
            done = corridor.execute(command, origin="local")
            return idempotency.read(corridor.view, done.plan, done.last_event)
        corridor.require_open()
        require_name("command_id", command_id)
        digest = idempotency.digest(command)
        return corridor.write(lambda: self._once(command, command_id, digest))

    def _once(self, command: Command, command_id: str, digest: str) -> Any:
        corridor = self.corridor
        first = corridor.log.receipt(command_id)
        if first is not None:
            return idempotency.repeat(first, command_id, digest)
        record: Any = None

        def receipt(done: Done) -> Receipt:
            nonlocal record
            record = idempotency.read(corridor.view, done.plan, done.last_event)
            return idempotency.acceptance(corridor.view, command_id, digest, done.plan, record)

        try:
            corridor.execute(command, origin=command_id, receipt=receipt)
        except (CommandRefused, NotFound) as refusal:
            corridor.refuse(idempotency.refusal(corridor.view, command_id, digest, command, refusal))
            raise
        return record

    # replicas

    def state_vector(self) -> bytes:
        """What this document has seen, per client, as Yjs encodes it; equal ones do not prove equal content."""
        with self._lock:
            self.corridor.make_ready()
            return read_update.state_vector(self.corridor.known)

    def diff(self, state_vector: bytes | None = None) -> bytes:
        """A Yjs update with what a peer of this state vector lacks; without one, the whole document."""
        with self._lock:
            return self.corridor.diff(state_vector)

    def receive(self, update: bytes, *, origin: str = "peer") -> Received:
        """Take a Yjs update from a peer; raises UpdateRefused, and then nothing changed.

        One whose predecessors are missing is held back, and the answer's `wanted` is what to ask the peer for.
        """
        require_name("origin", origin)
        with self._lock:
            return self.corridor.receive(update, origin=origin)

    def subscribe(self, on_update: Listener) -> Callable[[], None]:
        """Call `on_update(update, origin)` after every change, once it is stored; returns what ends it."""
        self.corridor.listeners.append(on_update)

        def unsubscribe() -> None:
            if on_update in self.corridor.listeners:
                self.corridor.listeners.remove(on_update)

        return unsubscribe

    # integrity and the file

    def check(self, *, full: bool = True) -> IntegrityReport:
        """What the rules say: `full` looks at everything anew, otherwise the ledger kept after every change."""
        if self._read_only:
            return super().check()
        with self._lock:
            self.corridor.make_ready()
            return self.corridor.checker.report(full=full)

    def text(self) -> bytes:
        """The document as `.chat` text, version 2: sorted, and the same bytes for the same content."""
        with self._lock:
            return write.render(self.view)

    def compact(self) -> Compacted:
        """Store the whole Y document as one update, reloaded and compared first, so that loading it is one step."""
        with self._lock:
            return compact(self.corridor, recorded_at_ms=self.corridor.now().ms)

    def save(self) -> bool:
        """Write the `.chat` text if it changed; true when it was written. The store has everything already."""
        with self._lock:
            self.corridor.make_ready()
            return self._publish(self) if self._publish is not None else False

    def close(self) -> None:
        """Write what turns have gathered, save and let go of the file; one that failed is only let go of."""
        self._flush_turns()  # Not under the lock, which a turn that is being written takes after its own.
        with self._lock:
            try:
                self.corridor.make_ready()
            except ChatdocError:
                self.ownership.close()
                self.corridor.close()
                return
            try:
                self._let_go()
                self.save()
                if self._leave is not None:
                    self._leave(self)
            finally:
                self.corridor.close()

    def __enter__(self) -> Document:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
