"""The face of one open document: every change is a command or a guarded update, and every rule is checked after it.

Behind it stand the engine (`doc.engine`), the event log as it is read (`doc.log`), agents' turns (`doc.agents`) and
group commit (`doc.group`).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from types import TracebackType
from typing import Any

from msgspec import UNSET, UnsetType

from chatdoc.agents.flush_policy import Pace
from chatdoc.agents.ownership import Ownership, Waiter
from chatdoc.agents.transcripts import Transcripts
from chatdoc.agents.turn import Turn
from chatdoc.agents.turns import Turns
from chatdoc.crdt import read_update
from chatdoc.engine import other_processes
from chatdoc.engine.begin_event_log import begin_log
from chatdoc.engine.chat_file import ChatFile, FileState
from chatdoc.engine.compact_logs import compact, compact_when_due
from chatdoc.engine.document_html import document_html
from chatdoc.engine.engine import Engine
from chatdoc.engine.group_commit import GroupCommit
from chatdoc.engine.load import keep_rows
from chatdoc.engine.reader import Reader
from chatdoc.engine.receive_result import Received
from chatdoc.engine.repair import Repaired, repair, repair_all
from chatdoc.engine.report_subscribers import ReportSubscriber
from chatdoc.engine.subscribers import LogSubscriber, Subscriber
from chatdoc.event_view import DocumentSnapshot, EventView, document_snapshot
from chatdoc.model.arguments import require_name, require_number, require_object
from chatdoc.model.commands.configure_thread import ConfigureThread
from chatdoc.model.commands.create_thread import CreateThread
from chatdoc.model.commands.decide import Command
from chatdoc.model.commands.delete import DeleteMessage, DeleteThread, RestoreMessage, RestoreThread
from chatdoc.model.commands.edit_message import EditMessage
from chatdoc.model.commands.fork_thread import ForkThread
from chatdoc.model.commands.repairs import BY as REPAIRER
from chatdoc.model.commands.send_message import SendMessage
from chatdoc.model.errors import ChatdocError, CommandRefused, DocumentClosed, StoreError
from chatdoc.model.events.event import Event
from chatdoc.model.ids import DocumentId, MessageId, ThreadId
from chatdoc.model.records.attic import AtticRow
from chatdoc.model.records.message import Message
from chatdoc.model.records.thread import Thread
from chatdoc.model.records.thread_config import ConfigChange, ThreadConfig
from chatdoc.model.records.thread_state import ThreadState
from chatdoc.model.view.view import View
from chatdoc.store.event_feed import Following
from chatdoc.store.ports import Sealed
from chatdoc.store.real_path import real_path
from invariants.report import IntegrityReport
from invariants.rule import Violation
from migrate.report import MigrationReport
from migrate.v2.write import render

DIFF_BYTES = 4 * 1024 * 1024
"""How large an update of `diffs` becomes; one record may be larger."""


class Document:
    """A document to read and to change, from any thread; `with` closes it.

    Every method that changes something is a command: it raises CommandRefused or NotFound (`chatdoc.model.errors`)
    with nothing written, and with a `command_id` that was used before it returns the first answer and writes nothing.

    `agents` lets turns wait, run and end, and asks leave; `group` stores many commands in one transaction; `log` tells
    what happened; `report` says what the opening migrated, None where that was nothing. Once it is closed, what it held
    can still be read.
    """

    def __init__(
        self,
        engine: Engine,
        report: MigrationReport | None = None,
        *,
        file: ChatFile | None = None,
        path: Path | None = None,
        waiter: Waiter | None = threading.Event.wait,
    ) -> None:
        self.engine = engine
        self.report = report
        self._path, self._file = path, file
        self._reader = Reader(lambda: engine.view, report)
        store = engine.store
        ownership = Ownership(store, clock=engine.clock, waiter=waiter, lives=lambda: engine.is_open)
        self.agents = Turns(engine, self._reader, ownership)
        self.group = GroupCommit(engine, self.agents.execute)
        self._log = EventView(store, self.path and self.path.parent) if store.events is not None else None
        self._transcripts: Transcripts | None = None

    # where it is

    @property
    def path(self) -> Path | None:
        """The file that the text is written to, or None for a document without one."""
        return self._file.path if self._file is not None else self._path

    @property
    def store_path(self) -> Path | None:
        """The file of the document's store, or None for a document in memory."""
        return self.engine.store.location

    @property
    def file_state(self) -> FileState | None:
        """How the file stands to the document: `present`, `unpublished`, `moved`, `deleted` or `replaced`."""
        return self._file.state if self._file is not None else None

    @property
    def document_id(self) -> DocumentId | None:
        """The id the document carries through copies and moves."""
        return self._reader.document_id

    # reading

    @property
    def view(self) -> View:
        """The lookups behind this document, with what other processes have written until now; read only."""
        return self.engine.view

    def threads(
        self, *, deleted: bool = False, limit: int | None = None, before: str | None = None
    ) -> list[Thread]:
        """Threads by creation date, deleted ones only on demand; `limit` and `before` as for `messages`."""
        return self._reader.threads(deleted=deleted, limit=limit, before=before)

    def thread(self, thread_id: str) -> Thread:
        """One thread, also a deleted one; raises NotFound."""
        return self._reader.thread(thread_id)

    def messages(
        self, thread_id: str, *, limit: int | None = None, before: str | None = None, deleted: bool = False
    ) -> list[Message]:
        """A thread's messages: the root, then by date and id; deleted ones only on demand; raises NotFound.

        With a `limit`, the last so many; `before` a message of the thread, those that come before it: a page costs
        what it shows.
        """
        with self.engine.lock:
            return self._reader.messages(thread_id, limit=limit, before=before, deleted=deleted)

    def message(self, message_id: str) -> Message:
        """One message with its history, also a deleted one; raises NotFound."""
        with self.engine.lock:  # Another thread may be ending its turn, which takes pieces away.
            return self._reader.message(message_id)

    def config(self, thread_id: str) -> ThreadConfig:
        """A thread's config, the defaults where nothing was set; raises NotFound."""
        return self._reader.config(thread_id)

    def config_history(self, thread_id: str) -> list[ConfigChange]:
        """Who set which field when, newest first; a value that lost against a concurrent one is here too."""
        return self._reader.config_history(thread_id)

    def state(self, thread_id: str) -> ThreadState | None:
        """What the thread's agent is doing; None when no turn ever ran; raises NotFound."""
        return self._reader.state(thread_id)

    def attic(self) -> list[AtticRow]:
        """Rows and lines that were kept verbatim and not interpreted."""
        return self._reader.attic()

    # commands

    def create_thread(
        self,
        *,
        sender_id: str,
        content: str,
        name: str | None = None,
        acp_config: dict[str, Any] | None = None,
        thread_color: str | None = None,
        thread_icon: str | None = None,
        pin: bool | None = None,
        message_id: str | None = None,
        fields: dict[str, Any] | None = None,
        command_id: str | None = None,
    ) -> Thread:
        """Start a thread with its root message; further `fields` go to its config.

        With a `message_id`, that of the root, a bridge that repeats itself, on another replica too, makes one thread.
        """
        config = {
            **_own(fields),
            "name": name,
            "acp_config": acp_config,
            "thread_color": thread_color,
            "thread_icon": thread_icon,
            "pin": pin,
        }
        given = {field: value for field, value in config.items() if value is not None}
        thread: Thread = self.execute(
            CreateThread(
                sender_id=sender_id,
                content=content,
                config=given,
                message_id=None if message_id is None else MessageId(message_id),
            ),
            command_id=command_id,
        )
        return thread

    def send(
        self,
        thread_id: str,
        *,
        sender_id: str,
        content: str,
        reply_to: str | None = None,
        message_id: str | None = None,
        fields: dict[str, Any] | None = None,
        command_id: str | None = None,
    ) -> Message:
        """Add a message to a thread; it replies to the root unless `reply_to` says otherwise.

        `fields` are further fields of the message's row. With a `message_id`, whoever repeats himself, on another
        replica too, makes one message.
        """
        command = SendMessage(
            thread_id=ThreadId(thread_id),
            sender_id=sender_id,
            content=content,
            reply_to=None if reply_to is None else MessageId(reply_to),
            message_id=None if message_id is None else MessageId(message_id),
            fields={} if fields is None else fields,
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
        self,
        thread_id: str,
        *,
        updated_by: str,
        name: str | UnsetType | None = UNSET,
        acp_config: dict[str, Any] | UnsetType | None = UNSET,
        thread_color: str | UnsetType | None = UNSET,
        thread_icon: str | UnsetType | None = UNSET,
        pin: bool | UnsetType | None = UNSET,
        fields: dict[str, Any] | None = None,
        command_id: str | None = None,
    ) -> ThreadConfig:
        """Set the given fields of a thread's config and no other; None clears one, `acp_config` merges by field."""
        named = {
            "name": name,
            "acp_config": acp_config,
            "thread_color": thread_color,
            "thread_icon": thread_icon,
            "pin": pin,
        }
        config = {**_own(fields), **{key: value for key, value in named.items() if value is not UNSET}}
        command = ConfigureThread(thread_id=ThreadId(thread_id), updated_by=updated_by, config=config)
        answer: ThreadConfig = self.execute(command, command_id=command_id)
        return answer

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

    def start_turn(
        self,
        thread_id: str,
        *,
        sender_id: str,
        answers: str | None = None,
        message_id: str | None = None,
        pace: Pace | None = None,
        fields: dict[str, Any] | None = None,
        command_id: str | None = None,
    ) -> Turn:
        """Let an agent begin a turn in a thread that runs none; it answers a message, or the thread as such.

        Whoever repeats itself gives a `message_id` or a `command_id`: then it gets the turn it began the first time.
        """
        return self.agents.start_turn(
            thread_id,
            sender_id=sender_id,
            answers=answers,
            message_id=message_id,
            pace=pace,
            fields=fields,
            command_id=command_id,
        )

    def execute(self, command: Command, *, command_id: str | None = None) -> Any:
        """Carry out a command and return the record it made or changed, as the methods above do.

        A known `command_id` returns the first answer, or raises the first refusal, and writes nothing; the same id
        with a different command raises CommandConflict.
        """
        return self.agents.execute(command, command_id=command_id)

    # replicas

    def state_vector(self) -> bytes:
        """What this document has seen, per client, as Yjs encodes it; equal ones do not prove equal content."""
        with self.engine.lock:
            self.engine.make_ready(to_read=True)
            return read_update.state_vector(self.engine.known)

    def diff(self, state_vector: bytes | None = None) -> bytes:
        """A Yjs update with what a peer of this state vector lacks; without one, the whole document."""
        return self.engine.diff(state_vector)

    def diffs(self, state_vector: bytes | None = None, *, bytes_max: int = DIFF_BYTES) -> Iterator[bytes]:
        """The same as `diff` in updates of bounded size, to be received in this order: no peer need refuse one."""
        require_number("bytes_max", bytes_max, "bytes")
        with self.engine.lock:
            self.engine.make_ready(to_read=True)
            return iter(self.engine.copy.session.diffs(state_vector, bytes_max))

    def receive(self, update: bytes, *, origin: str = "peer") -> Received:
        """Take a Yjs update from a peer; raises UpdateRefused, and then nothing changed.

        One whose predecessors are missing is held back, and the answer's `wanted` is what to ask the peer for.
        """
        require_name("origin", origin)
        return self.engine.receive(update, origin=origin)

    def subscribe(self, on_update: Subscriber, *, watch: bool = True) -> Callable[[], None]:
        """Call `on_update(update, origin)` after every change, once it is stored; returns what ends it.

        The origin is a command id, who sent or caused it, `local` for other commands of this opening and
        `process 1234` for those of others. What another process wrote is heard of within 50 ms, from a thread of the
        document's; without `watch`, at the next call of this document.
        """
        self._require_not_closed()
        return self._subscribed(self.engine.subscribers.add(on_update), watch)

    def subscribe_log(self, on_events: LogSubscriber) -> Callable[[], None]:
        """Call `on_events(last_sequence)` after every growth of the event log, with an update or without.

        It is called in the thread that wrote, once all is stored, and from `catch_up` for what other processes wrote;
        returns what ends it. `subscribe_events` hands over the events themselves.
        """
        self._require_not_closed()
        return self.engine.log_subscribers.add(on_events)

    # the event log

    @property
    def log(self) -> EventView:
        """The event log as it is read, begun with first use; raises CommandRefused for a document in memory."""
        if self._log is None:
            raise CommandRefused("a document in memory has no event log", hint="Open a file")
        begin_log(self.engine)
        return self._log

    def snapshot(self) -> DocumentSnapshot:
        """All that is shown, as of one event; `replay(from_sequence_exclusive=snapshot_sequence)` goes on from it."""
        log = self.log
        with self.engine.lock:
            self.engine.make_ready()
            return document_snapshot(log, self.engine)

    def replay(self, *, from_sequence_exclusive: int = 0) -> Iterator[Event]:
        """Every event beyond a sequence, in order; see `log.events`."""
        return self.log.events(from_sequence_exclusive=from_sequence_exclusive)

    def subscribe_events(self, from_sequence: int = 0) -> Following:
        """Every event beyond a sequence, those that are there and those that come; for `for` and `async for`."""
        return self.log.follow(from_sequence)

    def transcripts(self, folder: str | os.PathLike[str], *, keep: bool = False) -> Transcripts:
        """Keep thread transcripts below a folder as the event log says; `with` ends it.

        With `keep` closing the document ends it too, and it comes in place of those that were kept before.
        """
        if keep:
            self._close_transcripts()
        transcripts = Transcripts(
            self.log,
            folder,
            thread_ids=lambda: [one.thread_id for one in self.threads()],
            subscribe=self.subscribe_log,
        )
        if keep:
            self._transcripts = transcripts
        return transcripts

    @property
    def kept_transcripts(self) -> Transcripts | None:
        """The transcripts that are kept until the document is closed: which are behind, and what failed."""
        return self._transcripts

    # integrity and the file

    def check(self, *, full: bool = True) -> IntegrityReport:
        """What the rules say: `full` looks at everything anew, otherwise the ledger kept after every change."""
        with self.engine.lock:
            self.engine.catch_up()
            report = self.engine.copy.checker.report(full=full)
        self.engine.report_subscribers.deliver()
        return report

    def subscribe_report(self, on_report: ReportSubscriber, *, watch: bool = True) -> Callable[[], None]:
        """Call `on_report(report)` each time what the rules say has changed, once it is stored; returns what ends it.

        It is called as `subscribe` calls: in order, outside all locks, in whichever thread stored or noticed the
        change, and with `watch` within 50 ms of what another process wrote.
        """
        self._require_not_closed()
        self.engine.catch_up()
        return self._subscribed(self.engine.report_subscribers.add(on_report), watch)

    def repair(self, violation: Violation, *, by: str) -> IntegrityReport:
        """Carry out the repair that a present violation suggests; the report then. `by` is named in the log.

        Raises NotFound when the violation is gone, CommandRefused when no repair of it is known or another one is
        suggested by now, InvariantRefused when it would break something else; nothing is written then.
        """
        return repair(self.engine, violation, by=by)

    def repair_all(self, *, safe_only: bool = True, by: str = REPAIRER) -> Repaired:
        """Carry out what the violations suggest, in one transaction; those that converge whoever does them, or all."""
        return repair_all(self.engine, by=by, safe_only=safe_only)

    def text(self) -> bytes:
        """The document as `.chat` text, version 2: sorted, and the same bytes for the same content."""
        with self.engine.lock:
            return render(self.view)

    def compact(self, *, dry_run: bool = False) -> Sealed:
        """Seal old updates into compressed runs and give back the space; a dry run only says what that would save.

        What the document, its history, its log and its receipts say stays the same.
        """
        self.engine.require_alone("compact")
        return compact(self.engine, dry_run=dry_run)

    def save(self, *, to: str | os.PathLike[str] | None = None) -> bool:
        """Write the `.chat` text if it changed; true when it was written. The store has everything already.

        A file that was moved or deleted while the document was open is not brought back (`file_state` says so); with
        `to`, the text is written there, and the document lives there from now on. Raises FileReplaced where the file
        holds another document now.
        """
        self.engine.require_alone("save")
        self.engine.make_ready()
        if self._file is None:
            return False
        written = self._file.save() if to is None else self._file.save_to(real_path(to))
        compact_when_due(self.engine, os.environ)
        return written

    def close(self) -> None:
        """Write what turns have gathered, save and let go of the file; one that failed is only let go of.

        Raises what saving raises, StoreGone say: then the `.chat` text may lack what was written last, and `text()`
        has it.
        """
        if self.engine.is_left_behind:  # A child process after fork: what is open belongs to its parent.
            return
        self.engine.require_alone("close")
        self.agents.flush()  # Not under the lock, which a turn that is being written takes after its own.
        try:
            with self.engine.lock:
                try:
                    self.engine.make_ready()
                except ChatdocError as error:
                    self.agents.close(end=False)
                    if isinstance(
                        error, StoreError
                    ):  # Nobody has heard of it, maybe, and the text is not written.
                        raise
                    return
                self.agents.close()
            self._close_transcripts()  # Nor is this: whoever writes one may be waiting for the lock.
            with self._file.lock if self._file is not None else nullcontext(), self.engine.lock:
                if self.engine.is_open:
                    self.engine.put_back()
                    if self._file is not None:
                        self._file.save()
                        self._file.close()
                        keep_rows(self.engine.store, self.engine.copy, recorded_at_ms=self.engine.clock())
                    compact_when_due(self.engine, os.environ, is_closing=True)
        finally:
            with self.engine.lock:
                self._let_go()

    def _close_transcripts(self) -> None:
        kept, self._transcripts = self._transcripts, None
        if kept is not None:
            kept.close()

    def _require_not_closed(self) -> None:
        """Raise DocumentClosed once it is, for who would wait for what never comes; who may only read still may."""
        if isinstance(self.engine.ended, DocumentClosed):
            raise self.engine.ended

    def _subscribed(self, end: Callable[[], None], watched: bool) -> Callable[[], None]:
        if not watched or self._log is None:  # A document in memory is of this process alone.
            return end
        return other_processes.watch(self.engine, self._log.watcher, end)

    def _let_go(self) -> None:
        if self._transcripts is not None:
            self._transcripts.leave()
        if self._log is not None:
            self._log.close()
        self.engine.close()

    def _repr_html_(self) -> str:
        """What a notebook shows: the threads, and whether a rule is broken."""
        return document_html(self._reader, self.path, self.check(full=False))

    def __enter__(self) -> Document:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.close()
        except ChatdocError as second:
            if error is None:
                raise
            error.add_note(f"Besides, the document was not closed well: {second}")


def _own(fields: dict[str, Any] | None) -> dict[str, Any]:
    """The caller's own fields; raises CommandRefused for what is none."""
    if fields is None:
        return {}
    require_object("fields", fields)
    return fields
