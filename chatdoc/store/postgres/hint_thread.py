"""Watchdog: a thread serves hints until it is stopped, and connects anew where its connection is lost or says nothing.

A backend that hangs, and one behind a proxy, lose no connection: what is sent is taken, and no answer comes.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import socket
import threading
from collections.abc import Callable, Iterator

import psycopg

from chatdoc.model.clock import monotonic_us
from chatdoc.model.errors import ChatdocError

COMPARE_S = 1.0
"""So often it is time to compare versions."""
SILENT_MAX = 5
"""So many times it is time before a connection that has not answered is given up."""
_log = logging.getLogger("chatdoc.store")


class HintThread:
    """Runs what serves hints, from now on; another thread ticks."""

    def __init__(self, serve: Callable[[HintThread], None]) -> None:
        self._serve = serve
        self._woken, self._wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._over = threading.Event()
        self._told_at_us = 0
        self.is_listening = threading.Event()
        self.is_due = False
        """Whether it is time to compare versions."""
        self.is_resting = False
        """Whether the thread is to look at what is untold in a moment, without being woken."""
        self._unanswered, self._socket = 0, -1
        self._hanging_up = threading.Lock()
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

    def rest_us(self, rest_us: int) -> int:
        """How much is left of a rest that began when something was told."""
        return max(0, self._told_at_us + rest_us - monotonic_us())

    def has_told(self) -> None:
        """Let the rest begin now."""
        self._told_at_us = monotonic_us()

    @contextlib.contextmanager
    def watched(self, connection: int) -> Iterator[None]:
        """Hang up a connection that does not answer, from now on."""
        self.has_answered()
        with self._hanging_up:
            self._socket = connection
        try:
            yield
        finally:
            with self._hanging_up:
                self._socket = -1

    def has_answered(self) -> None:
        """Note that the connection is of use."""
        self._unanswered = 0

    def sleep(self, connection: int, rest_us: int | None) -> bool:
        """Wait for a wake, a rest to end, or something to read from the connection; whether there is."""
        poll = select.poll()  # `select` takes no file beyond the 1,024th, of which a server has many.
        for file in (connection, self._woken):
            poll.register(file, select.POLLIN)
        self.is_resting = rest_us is not None
        ready = {file for file, _ in poll.poll(None if rest_us is None else rest_us / 1000)}
        self.is_resting = False
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
            self._unanswered += 1
            if self._unanswered > SILENT_MAX:
                self._hang_up()

    def _hang_up(self) -> None:
        """Let whoever waits for the connection find it lost."""
        with self._hanging_up, contextlib.suppress(OSError):
            if self._socket >= 0:
                with socket.socket(fileno=os.dup(self._socket)) as same:
                    same.shutdown(socket.SHUT_RDWR)

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
