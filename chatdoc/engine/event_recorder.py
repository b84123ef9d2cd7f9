"""Event derivation: what this replica did stands in the event log, told once, in the transaction of its update.

The log of a document begins when it is first opened for writing, with the events of all it holds by then.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from chatdoc.model.clock import iso
from chatdoc.model.commands.log_state import LogState
from chatdoc.model.delta import Delta
from chatdoc.model.events.close_requests import close_requests
from chatdoc.model.events.derive import begin, derive
from chatdoc.model.events.event import Draft
from chatdoc.model.events.types import ProjectCreated, ProjectMetaUpdated
from chatdoc.model.facts import Fact
from chatdoc.model.ids import Mint
from chatdoc.model.view.view import View
from chatdoc.store.ports import EventLog, UnitOfWork
from chatdoc.store.projections.read_model import ReadModel


class EventRecorder:
    """The event log as one open document writes to it, in the units of work of its store."""

    def __init__(self, events: EventLog, read_model: ReadModel) -> None:
        self._events, self._read_model = events, read_model
        self.project_id = events.project_id() or ""
        """The project that all events of the store belong to; empty before the first one."""
        self.log_state: LogState = read_model.log_state(lambda: self.project_id)
        """What commands on the log are decided on."""

    def stands(self, root: str) -> bool:
        """Whether the document is in the log, and the project knows its folder."""
        return bool(
            self.project_id
            and self._events.began_at_ms() is not None
            and self._read_model.workspace_root() == root
        )

    def start(self, unit: UnitOfWork, view: View, root: str, ids: Mint, at_ms: int) -> None:
        """Tell of the project, and of all that a document says, unless that was told; in the open transaction."""
        project_id = self._events.project_id()
        if project_id is None:
            drafts = [created(ids.mint(), root, at_ms)]
        elif self._read_model.workspace_root() != root:
            drafts = [moved(project_id, root, at_ms)]
        else:
            drafts = []
        self.project_id = project_id or drafts[0].stream_id
        if self._events.began_at_ms() is None:
            begun = begin(view, project_id=self.project_id, now_iso=iso(at_ms))
            unit.begin_events(chain(drafts, begun), at_ms=at_ms)
        elif drafts:
            unit.append_events(drafts, at_ms=at_ms, command_id=None, origin="store")

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
