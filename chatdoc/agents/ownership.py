"""Leases and heartbeats: an opening says which turns it runs while it runs them, and finds those whose owner is gone.

| who has the turn | what is said of it |
| --- | --- |
| an opening of this process that is in use, or a process of this machine that runs | `alive`: it is left alone |
| an opening of this process that failed or was let go, or a process that ended | `dead`: it is recovered |
| another machine's process, or nobody that this store knows, as with a peer's turn | `unknown`: left alone |
| a server of a database that is not heard of for long | `dead`: it is shut out first, wherever it runs |

A turn of which nothing was heard for STALE_MS is shown as stale; silence alone proves nothing.
"""

from __future__ import annotations

import itertools
import logging
import threading
import weakref
from collections.abc import Callable, Collection, Iterable
from functools import cached_property
from hashlib import sha256

import msgspec

from chatdoc.agents.begun_at import begun_at_ms
from chatdoc.model.clock import Clock
from chatdoc.model.errors import ChatdocError
from chatdoc.model.ids import MessageId, ThreadId
from chatdoc.model.view.view import View
from chatdoc.store.fencing import standing_in
from chatdoc.store.ports import DocumentStore, Lease, UnitOfWork
from chatdoc.store.process_identity import Machine, Process, Standing

_log = logging.getLogger("chatdoc")

BEAT_S = 2.0
"""So often an opening that runs turns says that it lives."""
STALE_MS = 15_000
"""A turn that was silent for so long is stale: seven heartbeats are missing."""

Waiter = Callable[[threading.Event, float], bool]
"""Waits for an event so many seconds at most, and says whether it came; `threading.Event.wait` does."""

_count = itertools.count()
_openings: weakref.WeakValueDictionary[str, Ownership] = weakref.WeakValueDictionary()
"""The openings of this process by owner; one that was dropped without a word is not here any more."""


class RunningTurn(msgspec.Struct, frozen=True, kw_only=True):
    """A message that is being written, and by whom as far as this store knows.

    `owner` is None where the store has no lease: a peer runs the turn, or it came with the file. `silent_ms` is the
    time since a heartbeat, or without a lease since the message was last seen to grow.
    """

    thread_id: ThreadId
    message_id: MessageId
    owner: str | None
    pid: int | None
    standing: Standing
    ours: bool
    silent_ms: int
    stale: bool


class Ownership:
    """The turns of one opening. `lives` says whether the opening can still write; a dead one's turns are anybody's."""

    def __init__(
        self,
        store: DocumentStore,
        *,
        clock: Clock,
        lives: Callable[[], bool] = lambda: True,
        machine: Machine | None = None,
        waiter: Waiter | None = threading.Event.wait,
    ) -> None:
        self._store, self._clock, self._lives = store, clock, lives
        self._machine = machine or Machine()
        self._waiter = waiter
        self._held: set[str] = set()
        """The turns whose leases are stored."""
        self._heard_at_ms = 0
        self._grown: dict[str, tuple[int, int]] = {}
        """How many pieces a turn without a lease had when it was last seen to grow, and when that was."""
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._thread: threading.Thread | None = None

    @cached_property
    def owner(self) -> str:
        """The id of this opening: no two openings anywhere have the same, for it says process and count."""
        said = f"{next(_count)} {msgspec.json.encode(self._process).decode()}"
        owner = sha256(said.encode()).hexdigest()[:32]
        _openings[owner] = self
        return owner

    @cached_property
    def _process(self) -> Process:
        return self._machine.own()

    def hold(self, unit: UnitOfWork, thread_id: str, message_id: str) -> Callable[[], None] | None:
        """Take a turn in an open unit of work, or go on with it; None while another opening that may live has it.

        What is returned must be called once the unit is committed.
        """
        now = self._clock()
        if message_id in self._held:
            if not self._is_due(now):
                return _nothing
            unit.renew_leases(self.owner, heartbeat_at_ms=now)
            return lambda: self._heard(now)
        lease = Lease(
            message_id=message_id,
            thread_id=thread_id,
            owner=self.owner,
            process=self._process,
            taken_at_ms=now,
            heartbeat_at_ms=now,
        )
        if not unit.take_lease(lease):
            theirs = self.lease(message_id)
            if theirs is not None and self.standing(theirs) != "dead":
                return None
            if not unit.take_lease(lease, instead_of=theirs.owner if theirs is not None else ""):
                return None
        return lambda: self._took(message_id)

    def _took(self, message_id: str) -> None:
        with self._lock:
            self._held.add(message_id)
        self._keep_beating()

    def _heard(self, at_ms: int) -> None:
        self._heard_at_ms = at_ms

    def release(self, unit: UnitOfWork, message_id: str) -> None:
        """Forget a turn that has ended, whoever had it, in an open unit of work."""
        for lease in self._store.leases.all():
            if lease.message_id == message_id:
                unit.release_lease(message_id, lease.owner)

    def released(self, message_id: str) -> None:
        """The end of a turn is stored."""
        with self._lock:
            self._held.discard(message_id)

    def beat(self) -> None:
        """Say that this opening lives, unless it was said just now; for the thread that watches."""
        now = self._clock()
        if self._held and self._is_due(now):
            self._store.write(lambda unit: unit.renew_leases(self.owner, heartbeat_at_ms=now))
            self._heard_at_ms = now

    def _is_due(self, now: int) -> bool:
        return not 0 <= now - self._heard_at_ms < BEAT_S * 500

    def standing(self, lease: Lease) -> Standing:
        """Whether the owner of a lease lives, as far as it can be told from here."""
        if lease.process == self._process:
            opening = _openings.get(lease.owner)
            return "alive" if opening is not None and opening.is_in_use() else "dead"
        seen = standing_in(self._store, lease.process)
        if seen == "dead":  # It is shut out, so even one that was stopped and goes on writes nothing more.
            return seen
        found = self._machine.standing(lease.process, seen_at_ms=lease.heartbeat_at_ms)
        return seen if found == "unknown" else found

    def is_in_use(self) -> bool:
        """Whether this opening can still go on with its turns."""
        return not self._done.is_set() and self._lives()

    def dead(self, silent_ms: int | None = None) -> tuple[Lease, ...]:
        """The leases whose owner is gone for sure, and with `silent_ms` those of unknown owners silent for so long."""
        now, found = self._clock(), []
        for lease in self._store.leases.all():
            standing = self.standing(lease)
            silent = silent_ms is not None and now - lease.heartbeat_at_ms >= silent_ms
            if standing == "dead" or (standing == "unknown" and silent):
                found.append(lease)
        return tuple(found)

    def leases(self) -> tuple[Lease, ...]:
        """Every lease of the document, the oldest first."""
        return self._store.leases.all()

    def ours(self) -> tuple[Lease, ...]:
        """The leases of this opening."""
        return tuple(lease for lease in self._store.leases.all() if lease.owner == self.owner)

    def holds_any(self) -> bool:
        """Whether this opening runs a turn, as far as it knows without asking the store."""
        return bool(self._held)

    def failed(self, lease: Lease) -> bool:
        """Whether a turn's owner was another opening of this very process, which is not in use any more."""
        return lease.process == self._process and lease.owner != self.owner

    def lease(self, message_id: str) -> Lease | None:
        """Who has a turn, if this store knows."""
        return next((one for one in self._store.leases.all() if one.message_id == message_id), None)

    def running(
        self, view: View, leases: Iterable[Lease], before: Collection[str]
    ) -> tuple[RunningTurn, ...]:
        """Every message that is being written, the first begun first.

        One that began after these leases were read, and was not generating `before`, is left for the next look.
        """
        now = self._clock()
        with self._lock:
            self._held &= view.generating  # Others may have ended what is ours.
        by_message = {lease.message_id: lease for lease in leases}
        begun = sorted(
            (view.headers[one].date, one)
            for one in view.generating
            if one in view.headers and (one in before or one in by_message)
        )
        self._grown = {one: seen for one, seen in self._grown.items() if one in view.generating}
        return tuple(self._turn(view, message_id, by_message.get(message_id), now) for _, message_id in begun)

    def settle(self, unit: UnitOfWork, view: View) -> None:
        """Forget leases of turns that have ended, where their owner did not: it is this opening, or gone."""
        for lease in self._store.leases.all():
            if lease.message_id not in view.generating and (
                lease.owner == self.owner or self.standing(lease) == "dead"
            ):
                unit.release_lease(lease.message_id, lease.owner)
                self.released(lease.message_id)

    def close(self) -> None:
        """Let go: from now on the turns of this opening are nobody's."""
        self._done.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(STALE_MS / 1000)  # It may be waiting for a store that hangs.

    def _turn(self, view: View, message_id: MessageId, lease: Lease | None, now: int) -> RunningTurn:
        heard_at_ms = (
            lease.heartbeat_at_ms if lease is not None else self._seen_to_grow(view, message_id, now)
        )
        silent_ms = max(0, now - heard_at_ms)
        return RunningTurn(
            thread_id=view.headers[message_id].thread_id,
            message_id=message_id,
            owner=lease.owner if lease is not None else None,
            pid=lease.process.pid if lease is not None else None,
            standing=self.standing(lease) if lease is not None else "unknown",
            ours=lease is not None and lease.owner == self.owner,
            silent_ms=silent_ms,
            stale=silent_ms >= STALE_MS,
        )

    def _seen_to_grow(self, view: View, message_id: MessageId, now: int) -> int:
        pieces = len(view.pieces.get(message_id, ()))
        before, seen_at_ms = self._grown.get(message_id, (-1, 0))
        if before < 0:
            seen_at_ms = begun_at_ms(view, message_id)
        elif pieces != before:
            seen_at_ms = now
        self._grown[message_id] = (pieces, seen_at_ms)
        return seen_at_ms

    def _keep_beating(self) -> None:
        if self._waiter is None:
            return
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(
                    target=_watch,
                    args=(weakref.ref(self), self._done, self._waiter),
                    name=f"chatdoc heartbeat of {self.owner}",
                    daemon=True,
                )
                self._thread.start()

    def _goes_on(self) -> bool:
        """Whether there is something to beat for; when not, the thread ends and the next turn starts another."""
        with self._lock:
            if self._held and self.is_in_use():
                return True
            self._thread = None
            return False


def _watch(opening: weakref.ref[Ownership], done: threading.Event, waiter: Waiter) -> None:
    """Beat until the turns of an opening have ended, or nobody has the opening any more."""
    while not waiter(done, BEAT_S):
        ownership = opening()
        if ownership is None or not ownership._goes_on():
            return
        try:
            ownership.beat()
        except ChatdocError as error:
            _log.warning("a heartbeat was not written: %s", error)
        del ownership


def _nothing() -> None:
    """What is due after a step that wrote no lease."""
