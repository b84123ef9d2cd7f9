"""The engine of one open document: every change, by whichever door, is one transaction of its store.

The store's lock is taken before anything is decided, and what others wrote is taken first: no writer decides on a view
that lacks what stands before his place in the log. Memory is a cache of the log: a transaction that fails, or that an
interrupt cuts off at any line, leaves its working copy behind, and the next call drops that and loads another.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from chatdoc.crdt import read_update
from chatdoc.engine import execute, permission, receive
from chatdoc.engine.event_recorder import EventRecorder
from chatdoc.engine.joined_commands import Done, Work, write_with
from chatdoc.engine.known_command import KnownCommand, expecting
from chatdoc.engine.load import load
from chatdoc.engine.receive_result import Received
from chatdoc.engine.report_subscribers import ReportSubscribers
from chatdoc.engine.subscribers import Subscribers
from chatdoc.engine.thread_turns import ThreadTurns
from chatdoc.engine.transaction import AllUndone, Transaction
from chatdoc.engine.update_subscribers import UpdateSubscribers
from chatdoc.engine.working_copy import WorkingCopy
from chatdoc.model.arguments import require_name
from chatdoc.model.clock import Clock
from chatdoc.model.commands.decide import Command
from chatdoc.model.commands.plan import Now
from chatdoc.model.delta import Delta
from chatdoc.model.errors import ChatdocError, CommandRefused, DocumentClosed, DocumentFailed, StoreError
from chatdoc.model.facts import Fact
from chatdoc.model.ids import Mint, RandomSource
from chatdoc.model.view.view import View
from chatdoc.store.ports import DocumentStore, UnitOfWork

_log = logging.getLogger("chatdoc")
Answer = TypeVar("Answer")
Step = Callable[[UnitOfWork], Done]


class Engine:
    """Usable from any thread, one transaction at a time; a call within a transaction is a part of it."""

    def __init__(
        self, store: DocumentStore, *, clock: Clock, random: RandomSource, copy: WorkingCopy | None = None
    ) -> None:
        self.store = store
        self.clock = clock
        self.ids = Mint(clock, random)
        self.subscribers = UpdateSubscribers()
        self.log_subscribers: Subscribers[int] = Subscribers()
        self.recorder: EventRecorder | None = None
        """Tells the event log; a store that keeps none has none."""
        self._random = random
        self._copy = copy
        self._dropped: WorkingCopy | None = None
        """The copy that was dropped last; what it counted goes on in the next one."""
        self._open: Transaction | None = None
        """The transaction that is open; or one that did not end well, and then the copy is not to be trusted."""
        self.ended: ChatdocError | None = None  # It was closed, has failed, or is open to be read only.
        # Both are let go of by `with` alone, which no interrupt can get between. Whether the second one is taken tells
        # a call within a transaction from the first call after one that was cut off.
        self._in_transaction = threading.Lock()
        self._turns = ThreadTurns(self._in_transaction)
        self.report_subscribers = ReportSubscribers(
            self._turns.lock, lambda: None if self._open else self._copy
        )
        self._process = os.getpid()
        self._expect = expecting(store.receipts)
        self.subscribers.told = self.copy.session.sequence

    @property
    def lock(self) -> AbstractContextManager[Any]:
        """The document's lock; raises StoreError where another thread has been in a transaction for too long."""
        self._turns.wait()
        return self._turns.lock

    def hold(self, timeout_s: float) -> bool:
        """Take the lock for the moment of a fork; false where another thread has it for longer."""
        return self._turns.lock.acquire(timeout=timeout_s)

    def let_go(self) -> None:
        """Let go of the lock after a fork."""
        self._turns.lock.release()

    # memory

    @property
    def copy(self) -> WorkingCopy:
        """What memory holds, loaded anew where a transaction left it in doubt; under the lock."""
        if self._copy is None:
            self._copy = load(self.store, random=self._random, before=self._dropped)
            if self._dropped is not None:  # What was stored and not told, because the telling was cut off.
                self.subscribers.tell(self.store.updates.entries(after=self.subscribers.told))
        return self._copy

    @property
    def view(self) -> View:
        """The lookups behind the document, with what other processes have written until now; read only."""
        with self.lock:
            self.catch_up()
            return self.copy.view

    @property
    def known(self) -> dict[int, int]:
        """The clock after the last item of each client."""
        with self.lock:
            return self.copy.known

    @property
    def sequence(self) -> int:
        """The last entry of the update log that the view has."""
        with self.lock:
            return self.copy.session.sequence

    def now(self) -> Now:
        """The moment commands are decided in."""
        log_state = self.recorder.log_state if self.recorder is not None else None
        return Now(ms=self.clock(), ids=self.ids, log_state=log_state)

    def catch_up(self) -> None:
        """Take what other processes have written to the same log; nothing once the document is closed or failed."""
        with self.lock:
            if self.ended is not None or self._in_transaction.locked():
                return
            with self._in_transaction:
                self._turns.begin()
                self._drop_if_cut_off()
                if not self.copy.torn:
                    self._take_others()
                due = self.copy.is_restoring_due(self.clock)
        self._turns.end()
        if due and self.ended is None:
            try:
                self.transact(lambda _: None)
            except StoreError:  # It can be read here meanwhile; the next call tries again.
                _log.warning("what was destroyed could not be put back yet", exc_info=True)
        self._deliver()

    def _drop_if_cut_off(self) -> None:
        if self._open is not None:
            self._dropped, self._copy = self._copy, None
            self._open = None

    def _take_others(self) -> None:
        copy = self.copy
        # Put aside before the feed is asked, for it says a thing once: cut off behind that, memory is loaded anew.
        self._dropped, self._copy, changed = copy, None, False
        try:
            changed = self.store.feed.changed()
            heard = copy.follow_log(self.store) if changed else []
        except Exception as error:
            self._copy = None if changed else copy  # Then what memory holds can still be read.
            if not isinstance(error, DocumentFailed):
                raise
            self.ended = error
            return
        if changed:
            self.subscribers.tell(heard)
            if len(self.log_subscribers) and self.store.events is not None:
                self.log_subscribers.put(self.store.events.last_sequence())
            copy.leave_to_others(self.clock())
        self._copy = copy

    # transactions

    def transact(self, work: Callable[[Transaction], Answer], *, begins_log: bool = True) -> Answer:
        """Do something as one transaction, once all that others wrote is taken; then tell the subscribers.

        What was done before `work` raised stays, since its answers were given. A failure of the store, an interrupt, or
        one that leaves memory ahead of what is stored undoes all. Work that leaves the log alone need not begin it.
        """
        command = work if isinstance(work, KnownCommand) and work.command_id is not None else None
        done = self._turns.wait(command, ends=True)
        if done is not None:
            self._deliver()
        answer, error = done or self._transact([work], command is not None, begins_log)[0]
        if error is not None:
            raise error
        return answer  # type: ignore[no-any-return]

    def transact_each(self, works: Sequence[Callable[[Transaction], Answer]]) -> list[Answer | Exception]:
        """Group commit: do many things as one transaction, each with an answer or an error of its own.

        One that is refused does not undo the others. A failure at which memory had what the store has not, or a store
        that fails, undoes all of them, and is raised.
        """
        self._turns.wait(ends=True)
        return [answer if error is None else error for answer, error in self._transact(works)]

    def _transact(self, works: Sequence[Work], shares: bool = False, begins_log: bool = True) -> list[Done]:
        try:
            with self._turns.lock:
                if self._in_transaction.locked():
                    assert self._open is not None, "whoever holds the lock within a transaction has opened it"
                    return [self._open.attempt(work) for work in works]
                with self._in_transaction:
                    self._turns.begin()
                    joined = self._turns.offered() if shares else ()
                    if begins_log and self.recorder is not None and not self.recorder.has_begun:
                        self.require_open()
                        self.recorder.begin()
                    answers = write_with(self._written, works, joined) if joined else self._written(works)
        finally:
            self._turns.end()
        self._deliver()
        return answers

    def _written(self, works: Sequence[Work]) -> list[Done]:
        self._drop_if_cut_off()
        self.require_open()
        self._expect(works)
        store, steps = self.store, [*map(self._step, works)]
        try:
            answers: list[Any] = [store.write(*steps)] if len(steps) == 1 else store.write_each(steps)
        except AllUndone as undone:
            raise undone.error from undone.error.__cause__
        self._close_transaction()
        return answers

    def _step(self, work: Callable[[Transaction], Any]) -> Step:
        def step(unit: UnitOfWork) -> tuple[Any, Exception | None]:
            try:
                return self._begin(unit).attempt(work)
            except ChatdocError as error:
                # The store would undo this step alone, and the next one would go on from what memory has of it.
                raise AllUndone(error) from error

        return step

    def _begin(self, unit: UnitOfWork) -> Transaction:
        if self._open is None:
            copy = self.copy
            self._open = Transaction(copy, unit, self.recorder, self._process)
            self._take_others()
            if self.ended is not None:
                raise self.ended
            if copy.is_restoring_due(self.clock):
                receive.finish_restoring(self._open, self.now())
        else:
            self._open.unit = unit  # The store gives each thing of a group a unit of its own.
        return self._open

    def _close_transaction(self) -> None:
        transaction = self._open
        assert transaction is not None
        for note in transaction.after:
            note()
        self.subscribers.tell(transaction.heard)
        if transaction.events_to:
            self.log_subscribers.put(transaction.events_to)
        self._open = None

    def _deliver(self) -> None:
        for subscribers in (self.subscribers, self.log_subscribers, self.report_subscribers):
            subscribers.deliver()

    # the doors

    def execute(self, command: Command, *, command_id: str | None = None, origin: str = "local") -> Any:
        """Carry out a command; see `Document.execute`."""
        return self.transact(self.handler(command, command_id, origin))

    def handler(self, command: Command, command_id: str | None = None, origin: str = "local") -> Work:
        """What carries a command out in a transaction; raises CommandRefused for an id that is none."""
        permit = permission.PERMIT.get()  # Of who asks now: another thread may carry it out.
        if command_id is None:
            return lambda one: execute.execute(one, command, self.now(), origin=origin, permit=permit)
        require_name("command_id", command_id)
        given = self.store.receipts, command_id, permit
        return KnownCommand(command_id, lambda one: execute.execute_once(one, command, self.now(), *given))

    def enter(self, facts: Iterable[Fact], *, origin: str) -> Delta:
        """Write facts that no command asked for, those of a file; nothing is refused, what they break is shown."""
        return self.transact(lambda one: execute.enter(one, facts, self.now(), origin=origin))

    def receive(self, update: bytes, *, origin: str) -> Received:
        """Take an update from a peer, or hold it back until what it builds on is here; raises UpdateRefused."""
        return self.transact(self.receiver(update, origin))

    def receiver(self, update: bytes, origin: str) -> Callable[[Transaction], Received]:
        """What takes an update in a transaction; raises UpdateRefused where the guard refuses its bytes."""
        reading = read_update.read(update)
        return lambda one: receive.receive(one, update, reading, self.now, origin=origin)

    def diff(self, state_vector: bytes | None) -> bytes:
        """An update with what a peer of this state vector lacks; from the log when that reaches back far enough."""
        with self.lock:
            self.make_ready(to_read=True)
            return self.copy.session.diff(state_vector)

    def put_back(self) -> None:
        """Put back all that was destroyed and waits, whether or not it is due."""
        if self.copy.view.hidden:
            self.transact(lambda one: receive.finish_restoring(one, self.now(), at_once=True))

    # its end

    @property
    def is_left_behind(self) -> bool:
        """Whether this is a child process that has the document from before a fork: it is its parent's alone."""
        return os.getpid() != self._process

    @property
    def is_open(self) -> bool:
        """Whether this document can be changed."""
        return self.ended is None

    def require_open(self) -> None:
        """Raise DocumentClosed, DocumentFailed or what else ended this document's use."""
        if os.getpid() != self._process:
            raise DocumentFailed(
                f"this document was opened by process {self._process}, and this is its child {os.getpid()}",
                hint="Open it again in the child",
            )
        if self.ended is not None:
            raise self.ended

    def make_ready(self, *, to_read: bool = False) -> None:
        """Catch up, and raise what ended this document's use; what is open to be read only is ready `to_read`."""
        self.catch_up()
        if not to_read or self.is_left_behind or isinstance(self.ended, DocumentClosed | DocumentFailed):
            self.require_open()

    def require_alone(self, call: str) -> None:
        """Raise CommandRefused within a transaction, whose changes are not stored yet and may never be."""
        with self.lock:
            if self._in_transaction.locked():
                raise CommandRefused(
                    f"{call} was called within a group of changes, which is not stored yet",
                    hint="Call it when the group is over",
                )

    def freeze(self, reason: ChatdocError) -> None:
        """Allow reading only: every later change raises the reason."""
        self.ended = reason

    def close(self) -> None:
        """Let go of the store; later changes raise DocumentClosed."""
        if self.ended is None:
            self.ended = DocumentClosed("this document is closed", hint="Open it again")
        self.store.close()
