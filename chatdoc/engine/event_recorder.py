"""Event derivation: what this replica did stands in the event log, told once, in the transaction of its update.

The log of a document begins when it is first used, with the events of all that was there before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chatdoc.model.clock import iso
from chatdoc.model.commands.log_state import LogState
from chatdoc.model.delta import Delta
from chatdoc.model.events.close_requests import close_requests
from chatdoc.model.events.derive import derive
from chatdoc.model.events.event import Draft
from chatdoc.model.events.types import ProjectCreated, ProjectMetaUpdated
from chatdoc.model.facts import Fact
from chatdoc.model.view.view import View
from chatdoc.store.ports import EventLog
from chatdoc.store.projections.read_model import ReadModel


class EventRecorder:
    """The event log as one open document writes to it, in the units of work of its store."""

    def __init__(self, events: EventLog, read_model: ReadModel, tell_history: Callable[[], None]) -> None:
        self._events, self._tell_history = events, tell_history
        self.project_id = ""
        """The project that all events of the store belong to; empty before the log has begun."""
        self.has_begun = False
        """Whether the log is known to tell of what was there before it."""
        self.log_state: LogState = read_model.log_state(lambda: self.project_id)
        """What commands on the log are decided on."""
        self._look()

    def begin(self) -> None:
        """Tell of all that was there, unless another process did; in a transaction of its own, before any other."""
        self._tell_history()
        self._look()

    def _look(self) -> None:
        self.project_id = self._events.project_id() or ""
        self.has_begun = bool(self.project_id) and self._events.began_at_ms() is not None

    def derive(self, view: View, delta: Delta, added: Sequence[Fact], at_ms: int) -> list[Draft]:
        """The events that follow from a change which the view has taken in; in the open transaction."""
        now_iso = iso(at_ms)
        drafts = derive(view, delta, added, project_id=self.project_id, now_iso=now_iso)
        return close_requests(view, added, drafts, self.log_state.waiting, now_iso=now_iso)


def created(project_id: str, root: str, at_ms: int) -> Draft:
    """The event of a project that is new: that of a folder."""
    now = iso(at_ms)
    project = ProjectCreated(project_id=project_id, title=_title(root), workspace_root=root, created_at=now)
    return Draft(project, project_id, "project")


def moved(project_id: str, root: str, at_ms: int) -> Draft:
    """The event of a project whose folder is another one now."""
    now = iso(at_ms)
    project = ProjectMetaUpdated(
        project_id=project_id, title=_title(root), workspace_root=root, updated_at=now
    )
    return Draft(project, project_id, "project")


def _title(root: str) -> str:
    return root.rpartition("/")[2] or root
