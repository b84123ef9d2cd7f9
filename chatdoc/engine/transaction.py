"""Unit of work: one transaction of the engine, made at BEGIN and gone at COMMIT, with all that it must undo.

What it changed in memory lies in its working copy alone. A transaction that did not end well is found by the next one,
which drops that copy and loads another from the store; so no moment at which it is cut off does any harm.
"""

from __future__ import annotations

from collections.abc import Callable

from chatdoc.engine.event_recorder import EventRecorder
from chatdoc.engine.working_copy import WorkingCopy
from chatdoc.store.ports import Entry, UnitOfWork


class Transaction:
    """What is being changed, by which unit of the store, and what is due once that is committed."""

    __slots__ = ("after", "ahead", "copy", "events_to", "heard", "process", "recorder", "unit")

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
