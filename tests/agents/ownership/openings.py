"""Openings of one document, without the document."""

from __future__ import annotations

import threading
from queue import SimpleQueue

from chatdoc.agents.ownership import BEAT_S, Ownership, RunningTurn, Waiter
from chatdoc.model.clock import iso
from chatdoc.model.facts import Header
from chatdoc.model.ids import MessageId, ThreadId
from chatdoc.model.view import apply
from chatdoc.model.view.view import View
from chatdoc.store.ports import DocumentStore
from chatdoc.testing.clocks import START_MS as NOW
from chatdoc.testing.clocks import ManualClock

ONE, TWO = MessageId("01HF7YAT000000000000000001"), MessageId("01HF7YAT000000000000000002")
THREAD = ThreadId("01HF7YAT000000000000000009")


def opening(leases: DocumentStore, clock: ManualClock, waiter: Waiter | None = None) -> Ownership:
    """One opening of the document; it beats only when told to."""
    return Ownership(leases, clock=clock, waiter=waiter)


def hold(ownership: Ownership, message_id: MessageId) -> bool:
    """Take a turn in a transaction of its own; whether it was free."""
    noted = ownership._store.write(lambda unit: ownership.hold(unit, THREAD, message_id))
    if noted is not None:
        noted()
    return noted is not None


def release(ownership: Ownership, message_id: MessageId) -> None:
    """End a turn in a transaction of its own."""
    ownership._store.write(lambda unit: ownership.release(unit, message_id))
    ownership.released(message_id)


def writing(*message_ids: MessageId) -> View:
    """A view in which these messages are being written."""
    view = View()
    headers = [
        Header(
            message_id=one, thread_id=THREAD, sender_id="agent", date=iso(NOW), fields={"generating": True}
        )
        for one in message_ids
    ]
    apply.apply(view, headers, origin="local")
    return view


def shown(ownership: Ownership, view: View) -> tuple[RunningTurn, ...]:
    """What an opening shows of the turns of a view that stands still."""
    return ownership.running(view, ownership.leases(), view.generating)


class Steps:
    """A waiter that waits until it is told to go on, and says that it waits."""

    def __init__(self) -> None:
        self.told: SimpleQueue[bool] = SimpleQueue()
        self.waits: SimpleQueue[float] = SimpleQueue()

    def __call__(self, done: threading.Event, seconds: float) -> bool:
        self.waits.put(seconds)
        return self.told.get(timeout=30) or done.is_set()

    def step(self) -> None:
        """Let one round pass."""
        self.told.put(False)
        assert self.waits.get(timeout=30) == BEAT_S
