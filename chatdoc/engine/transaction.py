"""Unit of work: one transaction of the engine, made at BEGIN and gone at COMMIT, with all that it must undo.

What it changed in memory lies in its working copy alone. A transaction that did not end well is found by the next one,
which drops that copy and loads another from the store; so no moment at which it is cut off does any harm.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chatdoc.engine.event_recorder import EventRecorder
from chatdoc.engine.working_copy import WorkingCopy
from chatdoc.model.errors import ChatdocError, StoreError
from chatdoc.store.ports import Entry, UnitOfWork


class Transaction:
    """What is being changed, by which unit of the store, and what is due once that is committed."""

    __slots__ = ("after", "ahead", "copy", "events_to", "failure", "heard", "process", "recorder", "unit")

    def __init__(
        self, copy: WorkingCopy, unit: UnitOfWork, recorder: EventRecorder | None, process: int
    ) -> None:
        self.copy = copy
        self.unit = unit
        self.recorder = recorder
        """Tells the event log; None for a store that keeps none."""
        self.process = process
        """The number of the process that writes."""
        self.heard: list[Entry] = []
        """What was appended to the update log, for subscribers."""
        self.events_to = 0
        """The last event that was appended, for those who follow the log; 0 for none."""
        self.after: list[Callable[[], None]] = []
        """What is to be noted in memory once this is stored."""
        self.ahead = False
        """Whether memory has what the unit has not yet: then nothing of the transaction may stay."""
        self.failure: BaseException | None = None
        """What went wrong then, or in the store: no piece of work around it may hide that and go on."""

    def attempt(self, work: Callable[[Transaction], Any]) -> tuple[Any, Exception | None]:
        """The answer of a piece of work, or the error of what was refused.

        A failure that nothing may outlast is raised, here and by every piece of work around this one.
        """
        answer, refusal = None, None
        try:
            answer = work(self)
        except Exception as error:
            refusal = error
            if self.ahead or isinstance(error, StoreError):
                self.failure = self.failure or error
        except BaseException as error:
            self.failure = self.failure or error
        if self.failure is not None:
            raise self.failure
        return answer, refusal


class AllUndone(Exception):
    """Carries a failure past the store, for which it is no refusal of one step that it could undo alone."""

    def __init__(self, error: ChatdocError) -> None:
        self.error = error
