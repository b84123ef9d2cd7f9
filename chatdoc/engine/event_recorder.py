"""What this replica did stands in the event log: derived from every change, told once, folded in the same transaction.

The log of a document begins when it is first opened for writing, with the events of all it holds by then.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from chatdoc.model.clock import Clock, iso
from chatdoc.model.commands.plan import Plan
from chatdoc.model.delta import Delta
from chatdoc.model.events.close_requests import close_requests
from chatdoc.model.events.derive import begin, derive
from chatdoc.model.events.event import Draft
from chatdoc.model.events.types import ProjectCreated, ProjectMetaUpdated
from chatdoc.model.facts import Fact
from chatdoc.model.ids import Mint
from chatdoc.model.view.view import View
from chatdoc.store.event_feed import Following
from chatdoc.store.projections.fold import PROJECTORS, catch_up, fold
from chatdoc.store.projections.log_state import FoldedStanding
from chatdoc.store.projections.queries import put_diff
from chatdoc.store.sqlite.event_log import Journal

BEGIN_AT_ONCE = 2_000
"""How many events of a document whose log begins are appended and folded at a time."""
_ROOT = "SELECT workspace_root FROM projection_projects WHERE project_id = ?"
_FOLDED = (
    "SELECT count(*) = ? FROM projection_state"
    " WHERE last_applied_sequence >= (SELECT max(sequence) FROM orchestration_events)"
)


class Chronicle:
    """The event log as one open document writes to it; all within the transactions of its update log."""

    def __init__(self, journal: Journal, *, clock: Clock) -> None:
        self.journal = journal
        self.project_id = journal.project_id() or ""
        """The project all events of the store belong to; empty before the first one."""
        self._followers: list[Following] = []
        self.standing = FoldedStanding(journal.execute, lambda: self.project_id)
        """What commands on the log are decided on."""
        self.sessions = journal.sessions(clock)
        """How to find the agents of the folder again."""
        self._clock = clock
        self._fresh = False

    def stands(self, document: int, root: str) -> bool:
        """Whether a document (by its number) is in the log, the project knows its folder, and all events are folded."""
        if not (self.project_id and self.journal.began(document) and self._root() == root):
            return False
        folded: bool = self.journal.execute(_FOLDED, (len(PROJECTORS),)).fetchone()[0]
        return folded

    def start(self, view: View, document: int, root: str, ids: Mint) -> None:
        """Tell of the project, and of all that a document says, unless that was told; in the open transaction."""
        journal, now = self.journal, iso(self._clock())
        catch_up(journal.execute, journal.read, executemany=journal.executemany)
        self.project_id = journal.project_id() or ids.mint()
        title = root.rpartition("/")[2] or root
        if journal.project_id() is None:
            created = ProjectCreated(
                project_id=self.project_id, title=title, workspace_root=root, created_at=now
            )
            self._record_all([Draft(created, self.project_id, "project")])
        elif self._root() != root:
            moved = ProjectMetaUpdated(
                project_id=self.project_id, title=title, workspace_root=root, updated_at=now
            )
            self._record_all([Draft(moved, self.project_id, "project")])
        if not journal.began(document):
            drafts = begin(view, project_id=self.project_id, now_iso=now)
            while some := list(islice(drafts, BEGIN_AT_ONCE)):
                self._record_all(some)
            journal.begin(document, self._clock())

    def derive(self, view: View, delta: Delta, added: Sequence[Fact], at_ms: int) -> list[Draft]:
        """The events that follow from a change which the view has taken in; in the open transaction."""
        now_iso = iso(at_ms)
        drafts = derive(view, delta, added, project_id=self.project_id, now_iso=now_iso)
        return close_requests(view, added, drafts, self.standing.waiting, now_iso=now_iso)

    def record(self, drafts: Sequence[Draft], *, at_ms: int, command_id: str | None, origin: str) -> int:
        """Append events and fold them, in the open transaction; returns the sequence of the last one."""
        journal = self.journal
        events = journal.append(drafts, at_ms=at_ms, command_id=command_id, origin=origin)
        journal.fold(fold, events)
        self._fresh = True
        return events[-1].sequence

    def _record_all(self, drafts: Sequence[Draft]) -> None:
        self.record(drafts, at_ms=self._clock(), command_id=None, origin="store")

    def _root(self) -> str | None:
        found = self.journal.execute(_ROOT, (self.project_id,)).fetchone()
        return None if found is None else str(found[0])

    def keep(self, plan: Plan) -> None:
        """Store what a plan says beside its events, in the open transaction: a difference's text, an ended session."""
        if plan.diff is not None:
            diff = plan.diff
            put_diff(
                self.journal.execute,
                diff.thread_id,
                diff.from_turn,
                diff.to_turn,
                diff.text,
                created_at=diff.created_at,
            )
        if plan.stopped is not None:
            self.sessions.stop_of_thread(*plan.stopped)

    def forget(self) -> None:
        """What was appended in the open transaction is not in the log."""
        self.journal.forget()
        self._fresh = False

    def publish(self) -> None:
        """The open transaction is stored: wake those who wait for events."""
        if self._fresh:
            self._fresh = False
            for follower in list(self._followers):
                follower.wake()

    def follow(self, from_sequence: int) -> Following:
        """Every event beyond a sequence, those that are there and those that come."""
        following = Following(self.journal.read, from_sequence, on_close=self._followers.remove)
        self._followers.append(following)
        return following

    def close(self) -> None:
        """End all who follow."""
        for follower in list(self._followers):
            follower.close()
