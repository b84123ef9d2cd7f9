"""What a change made of a thread: it came, was configured, deleted or restored; and what its columns show.

| column | setting |
| --- | --- |
| `title` | `name`, a text; else empty |
| `model` | `acp_config.model`, a text; else empty |
| `branch`, `worktree_path` | the setting of that name, a text; else none |
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from chatdoc.model.clock import iso
from chatdoc.model.copy_json import own
from chatdoc.model.events.ordering import Batch
from chatdoc.model.events.types import ThreadCreated, ThreadDeleted, ThreadMetaUpdated, ThreadRestored
from chatdoc.model.facts import SettingFact
from chatdoc.model.ids import ThreadId, time_ms
from chatdoc.model.view.view import View

COLUMNS = {
    "name": "title",
    "acp_config.model": "model",
    "branch": "branch",
    "worktree_path": "worktree_path",
}
"""Settings that have a column, and which."""

_NEVER_NONE = ("title", "model")


def tell_new(view: View, thread_id: ThreadId, project_id: str, batch: Batch) -> None:
    """A thread that no event has told of: its columns, the rest of its config, and whether it is deleted."""
    settings = view.settings.get(thread_id, {})
    columns = {
        column: _column(column, settings[field][-1].value if field in settings else None)
        for field, column in COLUMNS.items()
    }
    batch.created.append(
        ThreadCreated(
            thread_id=thread_id,
            project_id=project_id,
            created_at=view.thread_facts[thread_id].created_at,
            **columns,
        )
    )
    if not settings:
        return
    others = [field for field in settings if field not in COLUMNS and settings[field][-1].value is not None]
    tell_settings(view, thread_id, others, batch)
    if "deleted" in settings and settings["deleted"][-1].value is True:
        _tell_deletion(thread_id, settings["deleted"][-1], batch)


def tell_settings(view: View, thread_id: ThreadId, fields: Collection[str], batch: Batch) -> None:
    """What the given fields of a thread's config are now."""
    settings: Mapping[str, Sequence[SettingFact]] = view.settings[thread_id]
    values: dict[str, Any] = {}
    config: dict[str, Any] = {}
    stamp = ""
    for field in fields:
        if field == "deleted":
            continue
        fact = settings[field][-1]
        stamp = max(stamp, fact.stamp)
        if field in COLUMNS:
            values[COLUMNS[field]] = _column(COLUMNS[field], fact.value)
        else:
            config[field] = own(fact.value)
    if config:
        values["config"] = config
    if values:
        batch.settled.append(ThreadMetaUpdated(thread_id=thread_id, updated_at=iso(time_ms(stamp)), **values))


def tell_change(view: View, thread_id: ThreadId, new: Sequence[SettingFact], batch: Batch) -> None:
    """A thread that events have told of, and those of the new settings that hold."""
    settings = view.settings[thread_id]
    held = [fact for fact in new if settings[fact.field][-1] is fact]
    tell_settings(view, thread_id, [fact.field for fact in held], batch)
    for fact in held:
        if fact.field == "deleted":
            _tell_deletion(thread_id, fact, batch)


def _tell_deletion(thread_id: ThreadId, fact: SettingFact, batch: Batch) -> None:
    at = iso(time_ms(fact.stamp))
    if fact.value is True:
        batch.threads_gone.append(ThreadDeleted(thread_id=thread_id, deleted_at=at))
    else:
        batch.threads_gone.append(ThreadRestored(thread_id=thread_id, restored_at=at))


def _column(column: str, value: Any) -> Any:
    if isinstance(value, str):
        return value
    return "" if column in _NEVER_NONE else None
