"""The rows of a thread: its identity, its config with the stamp of every field ever set, and its state."""

from __future__ import annotations

from typing import Any

from chatdoc.model.facts import ThreadFact
from chatdoc.model.view.assemble import ACP
from chatdoc.model.view.view import View
from migrate.v2.fields import CONFIG_KEYS, STATE_KEYS, THREAD_KEYS, place, tidied

_CONFIG_ORDER = ("name", "thread_color", "thread_icon", "pin")


def thread_row(view: View, thread_id: str) -> dict[str, Any]:
    """The identity row; `variants` holds the facts word for word where the row alone would not give them back."""
    thread = view.thread(thread_id)
    assert thread is not None, thread_id
    row: dict[str, Any] = {
        "event": "thread",
        "thread_id": thread.thread_id,
        "created_at": thread.created_at,
        "created_by": thread.created_by,
        "root_message_id": thread.root_message_id,
        "schema_version": thread.schema_version,
    }
    variants = view.variants_of_thread(thread_id)
    if variants[0].assumed:
        row["assumed"] = True
    place(row, thread.extra, THREAD_KEYS)
    if thread.deleted_at is not None:
        row["deleted_at"] = thread.deleted_at
        row["deleted_by"] = thread.deleted_by
    if len(variants) > 1 or variants[0].extra == {}:
        row["variants"] = [_spelled(variant) for variant in variants]
    return row


def config_row(view: View, thread_id: str) -> dict[str, Any]:
    """The present value of every setting, and in `stamps` who set it and when; a cleared field has a stamp only."""
    config = view.config(thread_id)
    settings = view.settings[thread_id]
    present = {field: facts[-1] for field, facts in settings.items()}
    values = {field: fact.value for field, fact in present.items() if fact.value is not None}
    acp = {field[len(ACP) :]: values.pop(field) for field in sorted(values) if field.startswith(ACP)}
    row: dict[str, Any] = {"event": "thread_config", "thread_id": thread_id}
    for field in _CONFIG_ORDER:
        if field in values:
            row[field] = tidied(values.pop(field))
    if acp:
        row["acp_config"] = tidied(acp)
    place(row, values, CONFIG_KEYS)
    if config.updated_at is not None:
        row["updated_at"] = config.updated_at
        row["updated_by"] = config.updated_by
    row["stamps"] = {field: [present[field].stamp, present[field].by] for field in sorted(present)}
    return row


def state_row(view: View, thread_id: str) -> dict[str, Any]:
    """The state that holds, with its stamp."""
    state = view.states[thread_id][-1]
    row: dict[str, Any] = {"event": "thread_state", "thread_id": thread_id, "state": state.state}
    if state.active_message_id is not None:
        row["active_message_id"] = state.active_message_id
    row["updated_at"] = state.updated_at
    place(row, state.extra or {}, STATE_KEYS)
    row["stamp"] = state.stamp
    return row


def _spelled(variant: ThreadFact) -> dict[str, Any]:
    spelled: dict[str, Any] = tidied(variant)
    del spelled["thread_id"]
    return spelled
