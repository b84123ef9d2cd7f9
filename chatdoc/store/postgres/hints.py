"""NOTIFY and LISTEN: who has committed tells the other servers, after its COMMIT and on a connection of its own.

A hint may be lost, with a connection or a process, so versions are compared each second and after every reconnect: a
lost one costs a second and nothing else. One thread a process does both. A server that knows of no other one tells
nobody: a hint costs a tenth of a command.
"""

from __future__ import annotations

import contextlib
import re
import threading
import weakref
from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

import psycopg
from psycopg import errors, pq

from chatdoc.model.clock import monotonic_us
from chatdoc.model.errors import StoreError
from chatdoc.store.postgres import hint_thread
from chatdoc.store.postgres.arrays import column
from chatdoc.store.postgres.deadline import Unanswered
from chatdoc.store.postgres.hint_thread import HintThread
from chatdoc.store.postgres.servers import BEAT, LIVE, Place
from chatdoc.store.sql.database import Question

_LISTEN = b"LISTEN chatdoc_commits; LISTEN chatdoc_messages; NOTIFY chatdoc_commits"
"""Whoever begins to listen says so: a server that was alone until now looks who is there."""
_NOTIFY = {
    name: f"SELECT pg_notify('chatdoc_{name.decode()}', one) FROM unnest($1::text[]) AS one".encode()
    for name in (b"commits", b"messages")
}
REST_US = 2_000
"""So long nothing is told after something was; then all that came meanwhile is told at once."""
LATER_US = 3_000
"""So long the thread leaves that to whoever commits next, and would else take the interpreter's lock from him."""
_TELL = "SELECT pg_notify('chatdoc_commits', one) FROM unnest(?::text[]) AS one"
"""Tells of commits behind one of them, in its trip."""
JUMP_MS = 5_000
"""A clock that is off by so much was set: an answer takes less, and no beat is missed for it."""
MESSAGE_LENGTH_MAX = 7900
"""PostgreSQL carries 8,000 bytes; a longer message is not said."""
_UNSAID_MAX = 1000
_VERSION = re.compile(r"[0-9]{1,19}")
"""Any user of the database can say something on the channel."""
_VERSIONS = "SELECT document, version FROM document_order WHERE document = ANY($1)"


class Subscriber(Protocol):
    """Who wants to hear that a document has come to a version."""

    def begin_reading(self) -> None:
        """Hear that its version is about to be read; from the thread of the hints."""

    def hear(self, version: int, *, is_read: bool = False, is_anew: bool = False) -> None:
        """Hear it, or that it was read just now; from the thread of the hints, or of who commits in this process."""

    def hear_message(self, message: bytes) -> None:
        """Hear what another server says of the document; from the same thread."""


class Hints:
    """Tells of commits and hears of them, from when the first one is told or listened for."""

    def __init__(self, connect: Callable[[], psycopg.Connection[Any]]) -> None:
        self._connect = connect
        self._listeners: dict[str, weakref.WeakSet[Subscriber]] = {}
        self._untold: deque[tuple[str, int]] = deque(maxlen=_UNSAID_MAX)
        self._unsaid: deque[str] = deque(maxlen=_UNSAID_MAX)
        self._lock = threading.Lock()
        self._run: HintThread | None = None
        self.place: Place | None = None
        """Whose heartbeat is told, each second."""
        self.is_shut_out = False
        """Whether others went on with what this process did, because it was not heard of."""
        self.live: frozenset[str] = frozenset()
        """The servers that were heard of a moment ago."""
        self._is_alone = False
        """Whether that is this one alone, as far as its thread can see; one that joins is seen at its first word."""
        self._is_lost, self._back_at_us = False, 0
        """Whether the connection was lost and is not there again, and when it came back, or the clock was set."""
        self._clock_ahead_ms: int | None = None
        """By how much the database's clock is ahead of ours that nobody sets."""
        self.is_silent = False
        """Whether the last attempt to connect had no answer, not even that it is refused."""
        self._is_refused = self._is_read_only = False
        """Whether it failed for whatever reason, and whether the last heartbeat was refused as every write is."""

    def behind_commit(self, document: str, version: int) -> Question | None:
        """What whoever commits sends behind it, to tell of it himself; None where `tell` is to do it."""
        run = self._running()
        if self._is_alone or run.rest_us(REST_US):
            return None
        run.has_told()
        return _TELL, (column("text", [*self._taken(), _hint(document, version)]),)

    def tell(self, document: str, version: int) -> None:
        """Let others know, soon, that a document has come to a version; in this process at once where all are here."""
        if self._is_alone:
            self._hear(document, version)
            return
        self._untold.append((document, version))
        run = self._running()
        if not run.is_resting:  # A thread that rests looks by itself when it has rested.
            run.wake()

    def say(self, document: str, message: bytes, sender: Subscriber) -> None:
        """Say something to all others who have a document open, here or elsewhere; it may be lost."""
        spelled = f"{b64encode(message).decode()}:{self._named(sender)}:{document}"
        if len(spelled.encode()) <= MESSAGE_LENGTH_MAX:
            self._unsaid.append(spelled)
            self._running().wake()

    def listen(self, document: str, subscriber: Subscriber) -> None:
        """Let somebody hear of a document while he lives; returns once nothing more is missed, or after a second."""
        with self._lock:
            self._listeners.setdefault(document, weakref.WeakSet()).add(subscriber)
        run = self._running()
        if not run.is_listening.is_set():  # Who only writes hears nothing, not even of himself.
            run.is_due = True
            run.wake()
            run.is_listening.wait(hint_thread.COMPARE_S)

    def compare_clocks(self, clock_ms: int) -> None:
        """Hear the database's clock: where it has gone further than time has, or less far, it was set."""
        ahead_ms = clock_ms - monotonic_us() // 1000
        before, self._clock_ahead_ms = self._clock_ahead_ms, ahead_ms
        if before is not None and abs(ahead_ms - before) > JUMP_MS:
            self._back_at_us = monotonic_us()

    def back_since_ms(self, clock_ms: int) -> int:
        """How long the database, whose clock says this now, was there for this process without a break or a jump of it;
        long where it has seen neither yet."""
        self.compare_clocks(clock_ms)
        return 0 if self._is_lost else (monotonic_us() - self._back_at_us) // 1000

    def begin(self) -> None:
        """Tell of this process from now on."""
        self._running()

    def has_no_answer(self) -> bool:
        """Whether a new connection to the database had no answer, not even a refusal; it is tried from now on."""
        return self._running().is_alive and self.is_silent

    def is_cut_off(self) -> bool:
        """Whether the database cannot be connected to, or refuses writes; it is tried from now on.

        One whose COMMITs wait for a standby is neither: who reads need not wait.
        """
        return self._running().is_alive and (self._is_refused or self._is_read_only)

    def close(self) -> None:
        """End the thread; what is told later begins another one."""
        run, self._run = self._run, None
        if run is not None:
            run.stop()

    def _running(self) -> HintThread:
        run = self._run
        if run is None or not run.is_alive:
            with self._lock:
                run = self._run
                if run is None or not run.is_alive:
                    run = self._run = HintThread(self._serve)
        return run

    def _serve(self, run: HintThread) -> None:
        try:
            self._go_on(run)
        except BaseException as error:
            self._is_lost = True
            self._is_read_only |= isinstance(error, errors.ReadOnlySqlTransaction)
            raise
        finally:
            self._is_alone = False  # Whoever cannot see who is there tells all.

    def _go_on(self, run: HintThread) -> None:
        with self._connected() as connection, run.watched(connection.fileno()):
            connection.add_notify_handler(lambda hint: self._take(hint.channel, hint.payload))
            listens, is_anew = False, run.is_listening.is_set()
            for channel, statement in _NOTIFY.items():
                connection.pgconn.prepare(channel, statement)
            run.is_due = True
            while not run.is_over:
                if run.is_due:
                    run.is_due = False
                    if self._listeners and not listens:
                        connection.execute(_LISTEN, prepare=False)
                        listens = True
                    self._beat(
                        connection
                    )  # First: where that is refused, each attempt would have all look anew.
                    self._compare(connection, is_anew=is_anew)
                    is_anew = False
                    self._is_read_only = False
                    run.has_answered()
                    if self._is_lost:
                        self._back_at_us, self._is_lost = monotonic_us(), False
                    if listens:
                        run.is_listening.set()
                # A word of a room is waited for; a hint may rest.
                rest_us = 0 if self._unsaid else run.rest_us(LATER_US) if self._untold else None
                if rest_us == 0:
                    self._tell(connection.pgconn)
                    run.has_told()
                elif run.sleep(connection.fileno(), rest_us):
                    connection.pgconn.consume_input()
                while (hint := connection.pgconn.notifies()) is not None:
                    self._take(hint.relname.decode(), hint.extra.decode())

    def _connected(self) -> psycopg.Connection[Any]:
        try:
            connection = self._connect()
        except StoreError as error:
            self.is_silent = isinstance(error.__cause__, errors.ConnectionTimeout | Unanswered)
            self._is_refused = True
            raise
        self.is_silent = self._is_refused = False
        return connection

    def _tell(self, pg: pq.abc.PGconn) -> None:
        """Tell what is there by now: the last version of each document, and each message."""
        said = [self._unsaid.popleft() for _ in range(len(self._unsaid))]
        for channel, hints in ((b"commits", self._taken()), (b"messages", said)):
            if hints:
                result = pg.exec_prepared(channel, [column("text", hints)], [1])
                if result.status != pq.ExecStatus.TUPLES_OK:
                    raise errors.error_from_result(result)

    def _taken(self) -> list[str]:
        """What is still to be told, and is told by whoever takes it: the last version of each document."""
        told: dict[str, int] = {}
        with contextlib.suppress(IndexError):
            while True:
                document, version = self._untold.popleft()
                told[document] = version
        return [_hint(*one) for one in told.items()]

    def _compare(self, connection: psycopg.Connection[Any], is_anew: bool) -> None:
        with self._lock:
            for document in [one for one, listeners in self._listeners.items() if not listeners]:
                del self._listeners[document]
            watched = list(self._listeners)
        for document in watched:
            for listener in self._listening(document):
                listener.begin_reading()
        if watched:
            for document, version in connection.execute(_VERSIONS, (watched,)):
                self._hear(document, version, is_read=True, is_anew=is_anew)

    def _beat(self, connection: psycopg.Connection[Any]) -> None:
        place = self.place
        if place is not None:
            told = connection.execute(BEAT, place).fetchone()
            if told is not None:
                self.compare_clocks(told[0])
            else:
                self.is_shut_out = self.place == place
        self.live = frozenset(server for (server,) in connection.execute(LIVE))
        self._is_alone = place is not None and self.live == {place.server}

    def _take(self, channel: str, hint: str) -> None:
        version, _, document = hint.partition(":")
        if channel == "chatdoc_messages":
            with contextlib.suppress(ValueError):
                message = b64decode(version)
                sender, _, document = document.partition(":")
                for listener in self._listening(document):
                    if self._named(listener) != sender:
                        listener.hear_message(message)
        elif _VERSION.fullmatch(version):
            self._hear(document, int(version))
        elif self._run is not None:
            self._is_alone, self._run.is_due = False, True

    def _listening(self, document: str) -> tuple[Subscriber, ...]:
        with self._lock:  # Others may open the document meanwhile.
            return tuple(self._listeners.get(document, ()))

    def _named(self, subscriber: Subscriber) -> str:
        """Tells a subscriber from all others, on other machines too."""
        return f"{self.place.server if self.place is not None else ''}/{id(subscriber)}"

    def _hear(self, document: str, version: int, *, is_read: bool = False, is_anew: bool = False) -> None:
        for listener in self._listening(document):
            listener.hear(version, is_read=is_read, is_anew=is_anew)


def _hint(document: str, version: int) -> str:
    """What is told of a commit."""
    return f"{version}:{document}"
