"""What agents of tests say, each time with an id of its own unless one is given."""

from __future__ import annotations

from itertools import count
from typing import Any

from chatdoc.apps.provider.runtime_event import RuntimeEvent
from chatdoc.model.clock import iso
from chatdoc.testing.clocks import START_MS

_numbers = count(1)


def said(thread_id: str, kind: str, turn: str | None = None, **given: Any) -> RuntimeEvent:
    """One event of the agent `codex`; names of an event's own fields are fields, all others are payload."""
    fields = {name: given.pop(name) for name in list(given) if name in RuntimeEvent.__struct_fields__}
    fields = {"event_id": f"e-{next(_numbers)}", "created_at": iso(START_MS), **fields}
    return RuntimeEvent(
        type=kind, provider="codex", thread_id=thread_id, provider_turn_id=turn, payload=given, **fields
    )
