"""Group commit of the disk: what a room did is told those who asked once the disk has it; one wait covers many turns.

What is broadcast does not wait: whoever hears of an update has it, and brings it back where a power failure took it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Executor

from chatdoc.apps.server.batch import Finished, Job
from chatdoc.apps.server.limits import Limits
from chatdoc.apps.server.metrics import Metrics
from chatdoc.apps.server.settling import Told, tell
from chatdoc.model.errors import ChatdocError
from chatdoc.store.part_ports import Wal

_log = logging.getLogger("chatdoc.server")


class DurableAnswers:
    """Answers in their order; `fail` is called with the calls that get none, when the disk fails."""

    def __init__(
        self,
        wal: Wal | None,
        executor: Executor,
        limits: Limits,
        metrics: Metrics,
        fail: Callable[[Exception, list[Job]], None],
    ) -> None:
        self._wal, self._executor, self._fail = wal, executor, fail
        self._limits, self._metrics = limits, metrics
        self._waiting: list[Told] = []
        self._task: asyncio.Task[None] | None = None
        self._writing_back: asyncio.Future[None] | None = None

    def add(self, told: list[Told]) -> None:
        """Tell these once the disk has them, and what they may rest on."""
        wal = self._wal
        if not told:
            return
        if wal is None or (self._task is None and wal.is_durable()):
            tell(told, self._limits, self._metrics)
            return
        self._waiting += told
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run(wal))

    async def all_told(self) -> None:
        """Wait until nothing waits any more."""
        if self._task is not None:
            await asyncio.shield(self._task)
        if self._writing_back is not None:
            await asyncio.wait({self._writing_back})

    async def _run(self, wal: Wal) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            taken, self._waiting = self._waiting, []
            started = loop.time()
            try:
                await loop.run_in_executor(self._executor, wal.make_durable)
                self._metrics.sync_seconds.observe(loop.time() - started)
                tell(taken, self._limits, self._metrics)
            except Exception as error:
                left, self._waiting = [*taken, *self._waiting], []
                self._fail(error, [one.call for one in left if isinstance(one, Finished)])
            if wal.is_long() and (self._writing_back is None or self._writing_back.done()):
                self._writing_back = loop.run_in_executor(self._executor, _write_back, wal)
        self._task = None


def _write_back(wal: Wal) -> None:
    try:
        wal.write_back()
    except ChatdocError as error:
        _log.warning("a write-ahead log stays long: %s", error)
