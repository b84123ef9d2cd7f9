"""Subscribers to the integrity report hear of each change of it once, after it is stored, in order, outside all locks.

A report is made only where somebody subscribes, and only after the ledger of violations has changed.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from chatdoc.engine.subscribers import Subscribers
from chatdoc.engine.working_copy import WorkingCopy
from invariants.checker import Checker
from invariants.report import IntegrityReport

ReportSubscriber = Callable[[IntegrityReport], None]
"""Is called with the report as it is now."""


class ReportSubscribers:
    """Those who want to hear of the report; `copy` gives None while a transaction leaves memory in doubt."""

    def __init__(self, lock: AbstractContextManager[Any], copy: Callable[[], WorkingCopy | None]) -> None:
        self._lock, self._copy = lock, copy
        self._subscribers: Subscribers[IntegrityReport] = Subscribers()
        self._seen: tuple[Checker, int] | None = None
        """The ledger that was looked at last, and how often it had changed."""
        self._report: IntegrityReport | None = None

    def add(self, subscriber: ReportSubscriber) -> Callable[[], None]:
        """Tell a subscriber of each change from now on; returns what ends it."""
        with self._lock:
            self._look()
            return self._subscribers.add(subscriber)

    def deliver(self) -> None:
        """Look whether the report has changed, and say so."""
        if len(self._subscribers):
            with self._lock:
                self._look()
            self._subscribers.deliver()

    def _look(self) -> None:
        copy = self._copy()
        if copy is None or self._seen == (copy.checker, copy.checker.changes):
            return
        checker = copy.checker
        report = checker.report(full=False)
        # A ledger that was loaded anew, or one that broke and healed at once, may say what the last one said.
        if self._report is not None and report != self._report:
            self._subscribers.put(report)
        self._seen, self._report = (checker, checker.changes), report
