"""A message's role follows from who sent it and what its row carries, the same on every replica.

1. `system`: the sender is `system` or a repair, or the message is a placeholder for one that was never seen.
2. `assistant`: the row carries traces of an agent: `generating`, or an `acp_…` field that is not the asking side's.
3. `user`: everybody else, a model that answered without such traces (in files of old) too.

A field counts as soon as it was ever set, whatever its value is now; so a role does not change when a turn ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chatdoc.model.events.types import Role
from chatdoc.model.facts import Header
from chatdoc.model.view.assemble import told

SYSTEM = frozenset({"system", "chatdoc:repair"})
"""Senders that are neither a person nor an agent."""

ASKING = frozenset({"acp_automation_id", "acp_config", "acp_prompt", "acp_send_mode", "acp_state"})
"""The `acp_…` fields that stand on the message an agent answers."""

PLACEHOLDER = "placeholder"


def is_trace(field: str) -> bool:
    """Whether only an agent's message carries this field."""
    return field == "generating" or (field.startswith("acp_") and field not in ASKING)


def role_of(variants: Sequence[Header], marked: Iterable[str]) -> Role:
    """The role of a message; `variants` holds the picked header first, `marked` the fields that were set later."""
    kept = told(variants)
    if kept[0].sender_id in SYSTEM:
        return "system"
    if kept[0].assumed and any(PLACEHOLDER in one.fields for one in kept if one.fields):
        return "system"
    if any(is_trace(field) for field in marked):
        return "assistant"
    if any(is_trace(field) for one in kept if one.fields for field in one.fields):
        return "assistant"
    return "user"
