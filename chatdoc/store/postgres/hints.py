"""NOTIFY and LISTEN: who has committed tells the other servers, after its COMMIT and on a connection of its own.

A hint may be lost, with a connection or a process, so versions are compared each second and after every reconnect: a
lost one costs a second and nothing else. One thread a process does both.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import threading
import weakref
from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

import psycopg
from psycopg import errors, pq

from chatdoc.model.clock import monotonic_us
from chatdoc.model.errors import ChatdocError
from chatdoc.store.postgres.arrays import column
from chatdoc.store.postgres.servers import BEAT, LIVE, Place
from chatdoc.store.sql.database import Question

COMPARE_S = 1.0
"""So often versions are compared."""
_LISTEN = b"LISTEN chatdoc_commits; LISTEN chatdoc_messages"
_NOTIFY = {
    name: f"SELECT pg_notify('chatdoc_{name.decode()}', one) FROM unnest($1::text[]) AS one".encode()
    for name in (b"commits", b"messages")
}
REST_US = 2_000
"""So long nothing is told after something was; then all that came meanwhile is told at once."""
_TELL = "SELECT pg_notify('chatdoc_commits', ?)"
"""Tells of one commit, behind it and in its trip: the thread would take the interpreter's lock from whoever writes."""
MESSAGE_LENGTH_MAX = 7900
"""PostgreSQL carries 8,000 bytes; a longer message is not said."""
_UNSAID_MAX = 1000
_VERSIONS = "SELECT document, version FROM document_order WHERE document = ANY($1)"
_log = logging.getLogger("chatdoc.store")


class Subscriber(Protocol):
    """Who wants to hear that a document has come to a version."""

    def hear(self, version: int, *, is_read: bool = False, is_anew: bool = False) -> None:
        """Hear it, or that it was read just now; from the thread of the hints."""

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
        self._run: _Run | None = None
        self.place: Place | None = None
        """Whose heartbeat is told, each second."""
        self.is_shut_out = False
        """Whether others went on with what this process did, because it was not heard of."""
        self.live: frozenset[str] = frozenset()
        """The servers that were heard of a moment ago."""

    def behind_commit(self, document: str, version: int) -> Question | None:
        """What whoever commits sends behind it, to tell of it himself; None where `tell` is to do it."""
        run = self._running()
        if self._untold or run.rest_us:
            return None
        run.has_told()
        return _TELL, (_hint(document, version),)

    def tell(self, document: str, version: int) -> None:
        """Let others know, soon, that a document has come to a version."""
        self._untold.append((document, version))
        run = self._running()
        if len(self._untold) == 1:  # Whoever was first has woken it, and it tells all.
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
            run.is_listening.wait(COMPARE_S)

    def close(self) -> None:
        """End the thread; what is told later begins another one."""
        run, self._run = self._run, None
        if run is not None:
            run.stop()

    def _running(self) -> _Run:
        run = self._run
        if run is None or not run.is_alive:
            with self._lock:
                run = self._run
                if run is None or not run.is_alive:
                    run = self._run = _Run(self._serve)
        return run

    def _serve(self, run: _Run) -> None:
        with self._connect() as connection:
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
                    self._compare(connection, is_anew=is_anew)
                    is_anew = False
                    self._beat(connection)
                    if listens:
                        run.is_listening.set()
                # A word of a room is waited for; a hint may rest.
                rest_us = 0 if self._unsaid else run.rest_us if self._untold else None
                if rest_us == 0:
                    self._tell(connection.pgconn)
                    run.has_told()
                elif run.sleep(connection.fileno(), rest_us):
                    connection.pgconn.consume_input()
                while (hint := connection.pgconn.notifies()) is not None:
                    self._take(hint.relname.decode(), hint.extra.decode())

    def _tell(self, pg: pq.abc.PGconn) -> None:
        """Tell what is there by now: the last version of each document, and each message."""
        told = dict([self._untold.popleft() for _ in range(len(self._untold))])
        said = [self._unsaid.popleft() for _ in range(len(self._unsaid))]
        for channel, hints in (
            (b"commits", [_hint(*one) for one in told.items()]),
            (b"messages", said),
        ):
            if hints:
                result = pg.exec_prepared(channel, [column("text", hints)], [1])
                if result.status != pq.ExecStatus.TUPLES_OK:
                    raise errors.error_from_result(result)

    def _compare(self, connection: psycopg.Connection[Any], is_anew: bool) -> None:
        with self._lock:
            for document in [one for one, listeners in self._listeners.items() if not listeners]:
                del self._listeners[document]
            watched = list(self._listeners)
        if watched:
            for document, version in connection.execute(_VERSIONS, (watched,)):
                self._hear(document, version, is_read=True, is_anew=is_anew)

    def _beat(self, connection: psycopg.Connection[Any]) -> None:
        place = self.place
        if place is not None and connection.execute(BEAT, place).rowcount == 0:
            self.is_shut_out = self.place == place
        self.live = frozenset(server for (server,) in connection.execute(LIVE))

    def _take(self, channel: str, hint: str) -> None:
        version, _, document = hint.partition(":")
        if channel == "chatdoc_messages":
            with contextlib.suppress(ValueError):
                message = b64decode(version)
                sender, _, document = document.partition(":")
                for listener in tuple(self._listeners.get(document, ())):
                    if self._named(listener) != sender:
                        listener.hear_message(message)
        elif version.isdigit():
            self._hear(document, int(version))

    def _named(self, subscriber: Subscriber) -> str:
        """Tells a subscriber from all others, on other machines too."""
        return f"{self.place.server if self.place is not None else ''}/{id(subscriber)}"

    def _hear(self, document: str, version: int, *, is_read: bool = False, is_anew: bool = False) -> None:
        for listener in tuple(self._listeners.get(document, ())):
            listener.hear(version, is_read=is_read, is_anew=is_anew)


def _hint(document: str, version: int) -> str:
    """What is told of a commit."""
    return f"{version}:{document}"


class _Run:
    """A thread that serves until it is stopped, and connects anew where its connection is lost; another one ticks."""

    def __init__(self, serve: Callable[[_Run], None]) -> None:
        self._serve = serve
        self._woken, self._wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._over = threading.Event()
        self._told_at_us = 0
        self.is_listening = threading.Event()
        self.is_due = False
        """Whether it is time to compare versions."""
        self._thread = threading.Thread(target=self._go, name="chatdoc hints", daemon=True)
        self._ticking = threading.Thread(target=self._tick, name="chatdoc hints clock", daemon=True)
        self._thread.start()
        self._ticking.start()

    @property
    def is_alive(self) -> bool:
        """Whether the thread serves, in this process."""
        return self._thread.is_alive()

    @property
    def is_over(self) -> bool:
        """Whether the thread was told to end."""
        return self._over.is_set()

    def wake(self) -> None:
        """Let the thread look."""
        with contextlib.suppress(OSError):  # The pipe is full, so it looks anyway; or it has ended.
            os.write(self._wake, b"\0")

    @property
    def rest_us(self) -> int:
        """How long the thread still rests before it tells more."""
        return max(0, self._told_at_us + REST_US - monotonic_us())

    def has_told(self) -> None:
        """Let the thread rest from now on."""
        self._told_at_us = monotonic_us()

    def sleep(self, connection: int, rest_us: int | None) -> bool:
        """Wait for a wake, a rest to end, or something to read from the connection; whether there is."""
        rest_s = None if rest_us is None else rest_us / 1_000_000
        ready, _, _ = select.select([connection, self._woken], [], [], rest_s)
        if self._woken in ready:
            with contextlib.suppress(OSError):
                os.read(self._woken, 65536)
        return connection in ready

    def stop(self) -> None:
        """End both threads."""
        self._over.set()
        self.wake()
        for thread in (self._thread, self._ticking):
            if thread is not threading.current_thread():
                thread.join(COMPARE_S)

    def _tick(self) -> None:
        while not self._over.wait(COMPARE_S) and self.is_alive:
            self.is_due = True
            self.wake()

    def _go(self) -> None:
        try:
            while not self.is_over:
                try:
                    self._serve(self)
                except (psycopg.Error, ChatdocError, OSError) as error:
                    _log.debug("hints are not heard for a moment (%s)", type(error).__name__)
                    self._over.wait(COMPARE_S / 5)
        finally:
            wake, self._wake = self._wake, -1
            os.close(wake)
            os.close(self._woken)
