"""One room a document: all that waits is one turn, one transaction and one merged broadcast, then its answers."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, TypeVar

from chatdoc.apps.server import wire
from chatdoc.apps.server.autosave import Autosave
from chatdoc.apps.server.awareness import Awareness
from chatdoc.apps.server.batch import Call, Change, Done, Finished, Job, carry_out, what_ended_it
from chatdoc.apps.server.closing_codes import BAD_MESSAGE, FAILED
from chatdoc.apps.server.document_access import catch_up, store_paths, wal_of, why_read_only
from chatdoc.apps.server.durable_answers import DurableAnswers
from chatdoc.apps.server.elsewhere import Elsewhere
from chatdoc.apps.server.forwarding import Forwarding
from chatdoc.apps.server.full_disk import FullDisk
from chatdoc.apps.server.joining import Joining
from chatdoc.apps.server.limits import Limits
from chatdoc.apps.server.member import Member
from chatdoc.apps.server.metrics import Metrics
from chatdoc.apps.server.principal import Allow, Principal, permit_of
from chatdoc.apps.server.publication import Publication
from chatdoc.apps.server.room_report import RoomReport
from chatdoc.apps.server.store_watch import StoreWatch
from chatdoc.document import Document
from chatdoc.engine.permission import Permit
from chatdoc.model.errors import ChatdocError, DocumentClosed, DocumentFailed, StoreError, UpdateRefused

_log = logging.getLogger("chatdoc.server")
Found = TypeVar("Found")
ANSWERED_LOOPS = 2
"""Rounds of the loop until a caller of this process was told what its call came to, and may have made its next."""


class Room:
    """A document that is open for many; it turns while there is something to do, and costs nothing otherwise."""

    def __init__(
        self,
        doc: Document,
        path: Path,
        watch: StoreWatch,
        *,
        limits: Limits,
        allow: Allow,
        executor: Executor,
        metrics: Metrics,
    ) -> None:
        self.path = path
        self.members: set[Member] = set()
        self.awareness = Awareness(
            clients_max=limits.awareness_clients_max, silent_s=limits.awareness_silent_s
        )
        self._elsewhere = Elsewhere(doc, self.awareness, self._relay, limits.awareness_bytes_max)
        self.commands = Forwarding(doc, self._ask, limits, metrics)
        self.why_read_only = why_read_only(doc)
        self.failure: BaseException | None = None
        self.is_over = False
        """Whether streams of this room should end: it failed, or the server stops."""
        self.users = 0
        """Who keeps the document open besides the members: requests and streams."""
        self.report = RoomReport(doc, self.look_up)
        self.store_paths = store_paths(doc)
        self.watch = watch
        self._doc = doc
        self._limits, self._allow, self._executor, self._metrics = limits, allow, executor, metrics
        self._jobs: deque[Job] = deque()
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        self._changed = asyncio.Event()
        self.autosave = Autosave(limits)
        self.full_disk = FullDisk(
            self.members, lambda: self._ask(lambda doc: doc.state_vector(), changes=False)
        )
        self._joining, self._joined_at = Joining(), 0.0
        self._is_closing = False
        self._answers = DurableAnswers(wal_of(doc), executor, limits, metrics, self.fail)
        self._publication = Publication(self.members, self._answers, limits, metrics, self._wake.set)
        self._unsubscribe = doc.subscribe(self._publication.hear, watch=False)
        self._task = self._loop.create_task(self._run())

    # what members and requests ask

    def join(self, member: Member, state_vector: bytes) -> None:
        """Answer a sync step 1: what the client lacks, then what we lack; from then on it hears of changes."""

        def answered(found: tuple[list[bytes], bytes]) -> None:
            lacking, ours = found
            member.send_whole(lacking)
            if not member.is_live:
                member.is_live = True
                member.send(wire.step_1(ours))
                if self.awareness:
                    member.send(wire.presences(self.awareness.present()))

        self._joined_at = self._loop.time()
        # Like a broadcast it does not wait for the disk; what is broadcast meanwhile would be missed else.
        future = self._ask(
            lambda doc: (self._joining.lacking(doc, state_vector), doc.state_vector()), is_answer=False
        )
        future.add_done_callback(lambda done: self._hand(done, answered, member))

    def permit(self, principal: Principal, *, names_author: bool) -> Permit | None:
        """What is asked for a command of somebody; see `permit_of`."""
        return permit_of(self._allow, principal, names_author=names_author)

    def change(self, member: Member, update: bytes) -> None:
        """Take an update with the others that wait; it is acknowledged once it is stored."""
        self._metrics.updates.inc()
        member.unhandled_bytes += len(update)
        if member.unhandled_bytes > self._limits.unhandled_bytes_max:
            member.room_for_more.clear()
        self._jobs.append(Change(member, update, self.awareness.announced(member)))
        self._wake.set()

    def present(self, member: Member, update: bytes) -> None:
        """Relay presence to all, its sender too: it sees by that that the connection lives."""
        sent = wire.read_presences(update, clients_max=1024, bytes_max=self._limits.awareness_bytes_max)
        self._tell_presence(self.awareness.take(member, sent, self._loop.time()))

    def leave(self, member: Member) -> None:
        """Let a client go, and its presence with it."""
        self.members.discard(member)
        self._publication.leave(member)
        self._tell_presence(self.awareness.leave(member))

    async def call(self, work: Callable[[Document], Found]) -> Found:
        """Let the document do something in its turn, in the room's thread; raises what it raises."""
        found: Found = await self._ask(work)
        return found

    async def look_up(self, work: Callable[[Document], Found]) -> Found:
        """Let the document be read in its turn; nobody who waits for a change is woken by it."""
        found: Found = await self._ask(work, changes=False)
        return found

    async def changed(self) -> None:
        """Wait until something may have changed: a commit of ours, of this process, or of another."""
        await self._changed.wait()

    def look(self) -> None:
        """Take what another process may have written."""
        if not any(isinstance(one, Call) and one.changes for one in self._jobs):
            self._ask(catch_up, is_answer=False).add_done_callback(lambda done: done.exception())

    def expire(self, now: float) -> None:
        """Let go of presence that nobody renewed and of what nobody joins for, and save when that is due."""
        self._tell_presence(self.awareness.expire(now))
        self.full_disk.expire(now)
        if now - self._joined_at > self._limits.join_kept_s:
            self._joining.drop()
        if self.failure is None and self.autosave.is_due(now):
            self.autosave.save(
                lambda: self._loop.run_in_executor(self._executor, self._doc.save), self._loop.time
            )

    @property
    def is_idle(self) -> bool:
        """Whether nobody uses the document."""
        return not self.members and not self.users and not self._jobs and not self.autosave.waits

    async def close(self) -> None:
        """Take what waits, save, and let go of the document."""
        self._is_closing = self.is_over = True
        self._wake.set()
        self._changed.set()
        self.commands.close()
        await self._task  # It takes all that waits first.
        await self._answers.all_told()
        await self.autosave.ended()
        self._unsubscribe()
        try:
            await self._loop.run_in_executor(self._executor, self._doc.close)
        except ChatdocError as error:
            _log.error("a document could not be closed as it should: %s", error)

    # the turn

    def _ask(
        self,
        work: Callable[[Document], Any],
        joins: bool = False,
        command_id: str | None = None,
        *,
        changes: bool = True,
        is_answer: bool = True,
    ) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = self._loop.create_future()
        if self.failure is not None or self._task.done():
            stopped = DocumentClosed("the document is being closed", hint="Come back in a moment")
            future.set_exception(self.failure or stopped)
        else:
            self._jobs.append(Call(work, future, joins, command_id, changes, is_answer))
            self._wake.set()
        return future

    async def _run(self) -> None:
        jobs = self._jobs
        while not self._is_closing:
            await self._wake.wait()
            self._wake.clear()
            while (jobs or self._publication.is_due) and self.failure is None:
                taken = [jobs.popleft() for _ in range(min(len(jobs), self._limits.batch_updates_max))]
                started = self._loop.time()
                self._publication.begin(taken)
                try:
                    done = (
                        await self._loop.run_in_executor(
                            self._executor, self._carry_out, taken, self.full_disk.refuses(started)
                        )
                        if taken
                        else []
                    )
                except Exception as error:
                    if not isinstance(error, StoreError | DocumentFailed | DocumentClosed):
                        _log.exception("a turn of a room failed; the document is opened again from its store")
                    self.fail(error, taken)
                    return
                if taken:
                    self._metrics.turn_seconds.observe(self._loop.time() - started)
                    self._metrics.turn_updates.observe(len(taken))
                self._deliver(done, started)
                if (ended := what_ended_it(done)) is not None:
                    self.fail(ended, [])
                # Else those who wait and those who were just answered would take turns, each half as large.
                for _ in range(ANSWERED_LOOPS):
                    await asyncio.sleep(0)
            if self.failure is not None:
                return

    def _carry_out(self, taken: list[Job], is_full: bool) -> list[Done]:
        done = carry_out(self._doc, taken, self._allow, self._limits, is_full=is_full)
        if (wal := wal_of(self._doc)) is not None:
            wal.look_at_others()
        return done

    def _deliver(self, done: list[Done], began: float) -> None:
        has_changed = self._publication.end(done)
        self.full_disk.turned(done, has_changed, began, self._loop.time())
        if has_changed:
            self.autosave.changed(self._loop.time())
        if has_changed or any(isinstance(one, Finished) and one.call.changes for one in done):
            self._changed.set()
            self._changed = asyncio.Event()

    def _tell_presence(self, news: list[wire.Presence]) -> None:
        self._relay(news)
        self._elsewhere.tell(news)

    def _relay(self, news: list[wire.Presence]) -> None:
        if news:
            message = wire.presences(news)
            for member in self.members:
                member.send(message)

    def _hand(self, done: asyncio.Future[Any], answered: Callable[[Any], None], member: Member) -> None:
        if done.cancelled():
            return
        error = done.exception()
        if error is None:
            answered(done.result())
        else:
            # What is not wrong with its state vector is over when it comes back: the room failed, or was closed.
            member.close(BAD_MESSAGE if isinstance(error, UpdateRefused) else FAILED, "cannot sync")

    def fail(self, error: BaseException, taken: list[Job]) -> None:
        """Memory may be ahead of the disk: nobody hears more from this room, all come back to a new one."""
        _log.error("a room failed (%s); its clients are asked to come back", type(error).__name__)
        self.end(error, taken)

    def end(self, error: BaseException, taken: Iterable[Job] = ()) -> None:
        """Ask everybody to come back to a new room; who waits for an answer is told the error."""
        self.failure, self.is_over = self.failure or error, True
        self._wake.set()
        for job in (*taken, *self._jobs):
            if isinstance(job, Call) and not job.answer.done():
                job.answer.set_exception(error)
        self._jobs.clear()
        for member in self.members:
            member.close(FAILED, "the document is opened again")
        self._changed.set()
