"""Elastic thread pool: who waits for a disk has a thread of its own, so that one that hangs delays nobody else.

A pool of a fixed size is full once so many documents wait. Here a call that finds no idle thread starts one, up to a
limit that only a great many slow documents reach; a thread that has had nothing to do for a while ends. The one that
was used last is given work first: the processor still has what it needs.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, ParamSpec, TypeVar

IDLE_S = 30.0
"""A thread that has nothing to do for so long ends."""
_Given = ParamSpec("_Given")
_Answer = TypeVar("_Answer")


class _Call(NamedTuple):
    """What a thread is to do, and who waits for it."""

    future: Future[Any]
    work: Callable[[], Any]

    def carry_out(self) -> None:
        """Do it, unless it was cancelled."""
        if not self.future.set_running_or_notify_cancel():
            return
        try:
            answer = self.work()
        except BaseException as error:
            self.future.set_exception(error)
        else:
            self.future.set_result(answer)


_Calls = list[_Call]
"""One call or, at the end of a thread, none; emptied as it is done, so that an idle thread keeps nothing alive."""


class RoomThreads(Executor):
    """Usable from any thread; beyond `threads_max` at once, or what the system allows, calls wait for their turn."""

    def __init__(self, threads_max: int, *, idle_s: float = IDLE_S) -> None:
        self._threads_max, self._idle_s = threads_max, idle_s
        self._lock = threading.Lock()
        self._threads: set[threading.Thread] = set()
        self._idle: dict[SimpleQueue[_Calls], None] = {}
        """Where those without work wait for it, the newest last."""
        self._waiting: deque[_Call] = deque()
        self._is_over = False

    def submit(
        self, fn: Callable[_Given, _Answer], /, *args: _Given.args, **kwargs: _Given.kwargs
    ) -> Future[_Answer]:
        """Let a thread call this; raises RuntimeError once the pool is over, or where there can be no thread at all."""
        future: Future[_Answer] = Future()
        call = _Call(future, lambda: fn(*args, **kwargs))
        with self._lock:
            if self._is_over:
                raise RuntimeError("these threads have ended")
            if self._idle:
                self._idle.popitem()[0].put([call])
            elif len(self._threads) >= self._threads_max or not self._start(call):
                self._waiting.append(call)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take nothing more; with `wait`, return once all that was taken is done."""
        with self._lock:
            self._is_over = True
            while self._idle:
                self._idle.popitem()[0].put([])
            left, waiting = list(self._threads), list(self._waiting)
        for call in waiting if cancel_futures else ():
            call.future.cancel()
        for thread in left if wait else ():
            thread.join()

    def _start(self, call: _Call) -> bool:
        """Whether a thread could be started; false where the system gives no more, and others will come to the call."""
        # A disk that hangs for ever keeps no process from ending: whoever wants an orderly end waits in `shutdown`.
        thread = threading.Thread(target=self._run, args=([call],), name="chatdoc-room", daemon=True)
        self._threads.add(thread)
        try:
            thread.start()
        except RuntimeError:
            self._threads.discard(thread)
            if not self._threads:
                raise
            return False
        return True

    def _run(self, calls: _Calls) -> None:
        mine: SimpleQueue[_Calls] = SimpleQueue()
        while calls:
            calls.pop().carry_out()
            calls = self._next(mine)

    def _next(self, mine: SimpleQueue[_Calls]) -> _Calls:
        with self._lock:
            if self._waiting:
                return [self._waiting.popleft()]
            if self._is_over:
                return self._ended()
            self._idle[mine] = None
        try:
            return mine.get(timeout=self._idle_s)
        except Empty:
            with self._lock:
                if mine in self._idle:
                    del self._idle[mine]
                    return self._ended()
        return mine.get()  # It was given work in that very moment.

    def _ended(self) -> _Calls:
        """Under the lock, so that no call waits for a thread that comes no more."""
        self._threads.discard(threading.current_thread())
        return []
