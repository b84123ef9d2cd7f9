"""Boundaries of turns, folded from events: which turns of a thread now show something else, and what belongs to them.

What belongs to a turn is noted from its first event on, so that it can be read by keys alone. Of turns that were not
followed from there, and after events that may change any turn, the whole thread is to be read.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from chatdoc.model.events.event import Event
from chatdoc.model.events.types import (
    ActivityAppended,
    ApprovalResponded,
    MessageSent,
    SessionSet,
    SessionStopRequested,
    ThreadCreated,
    ThreadMetaUpdated,
    TurnDiffCompleted,
    TurnEnded,
    TurnInterruptRequested,
    TurnStartRequested,
    TurnStartWithdrawn,
)
from chatdoc.store.projections.replay import ReplayTurn, TurnParts
from chatdoc.store.projections.row_types import Turn

TURNS_FOLLOWED = 8
"""So many turns of a thread are followed after their end: what is told of them late is found without the others."""
_SILENT = (
    ThreadCreated,
    ThreadMetaUpdated,
    TurnStartWithdrawn,
    SessionStopRequested,
    ApprovalResponded,
)
"""Events after which every turn shows what it showed before."""


class ThreadBoundaries:
    """The turns of one thread that are due to be read; begins with none, as a thread does."""

    def __init__(self) -> None:
        self.all_due = False
        """Whether any turn of the thread may show something else."""
        self._due: dict[str, None] = {}
        self._running: set[str] = set()
        self._questions: set[str] = set()
        """Messages that turns answer: what changes one of them changes a turn."""
        self._known: set[str] = set()
        self._followed: OrderedDict[str, TurnParts] = OrderedDict()

    @property
    def is_due(self) -> bool:
        """Whether something is to be read."""
        return self.all_due or bool(self._due)

    def due(self) -> dict[str, TurnParts]:
        """The turns that are to be read, each with what belongs to it; for when not all are due."""
        return {turn_id: self._followed[turn_id] for turn_id in self._due}

    def follow(self, event: Event) -> None:
        """Take the next event of the thread."""
        match event.payload:
            case SessionSet(session=session):
                if isinstance(session.user_message_id, str):
                    self._questions.add(session.user_message_id)
                self._touch({*self._running, session.active_turn_id, session.ended_turn_id})
            case TurnStartRequested(message_id=message_id):
                self._questions.add(message_id)
            case TurnInterruptRequested(turn_id=turn_id):
                self._touch({*self._running, turn_id})
            case TurnEnded(turn_id=turn_id) | TurnDiffCompleted(turn_id=turn_id):
                self._touch({turn_id})
            case MessageSent() as sent:
                self._follow_message(sent)
            case ActivityAppended(activity=activity) if activity.turn_id is not None:
                self._note(activity.turn_id, activity=activity.id)
                if activity.turn_id not in self._running:
                    self._touch({activity.turn_id})
            case ActivityAppended():
                pass
            case payload if not isinstance(payload, _SILENT):
                self.all_due = True

    def read_all(self, turns: Iterable[Turn], mentioned: Iterable[str]) -> None:
        """All turns of the thread were read: nothing is due, and none of these is followed from its beginning.

        `mentioned` are the ids of all turns that anything belongs to: one that is hidden now may be shown again.
        """
        found = list(turns)
        self._known = {*mentioned, *self._followed, *(one.turn_id for one in found)}
        self._questions = {one.user_message_id for one in found if one.user_message_id is not None}
        self._running = {one.turn_id for one in found if one.status == "running"}
        self._followed.clear()
        self._due.clear()
        self.all_due = False

    def read_due(self, turns: Iterable[ReplayTurn]) -> None:
        """What was due has been read; turns that are not shown run no more."""
        self._running -= self._due.keys()
        self._running |= {one.turn_id for one in turns if one.status == "pending"}
        self._due.clear()
        for turn_id in list(self._followed):
            if len(self._followed) <= TURNS_FOLLOWED:
                break
            if turn_id not in self._running:
                del self._followed[turn_id]
                self._known.add(turn_id)

    def _follow_message(self, sent: MessageSent) -> None:
        if sent.turn_id is not None:
            self._note(sent.turn_id, message=sent.message_id)
            # A session that was stopped has ended the turn; whoever runs it may not have heard of that yet.
            if not sent.streaming or sent.turn_id not in self._running:
                self._touch({sent.turn_id})
        elif sent.role == "assistant" or sent.message_id in self._questions:
            self.all_due = True

    def _note(self, turn_id: str, *, message: str | None = None, activity: str | None = None) -> None:
        if turn_id in self._known:
            return
        parts = self._followed.setdefault(turn_id, TurnParts({}, {}))
        if message is not None:
            parts.messages[message] = None
        if activity is not None:
            parts.activities[activity] = None

    def _touch(self, turn_ids: set[str | None]) -> None:
        for turn_id in sorted(one for one in turn_ids if one is not None):
            self._note(turn_id)
            if turn_id in self._known:
                self.all_due = True
            else:
                self._due[turn_id] = None
