"""An event that a confused agent process made is taken or refused in words, and leaves a log that can be read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import msgspec
import pytest

from chatdoc.apps.provider.runtime_event import RuntimeEvent
from chatdoc.model.errors import ChatdocError, CommandRefused
from tests.apps.provider.saying import said
from tests.apps.provider.scene import Scene

TYPES = (
    "session.started", "session.exited", "turn.started", "turn.completed", "message.delta", "message.completed",
    "runtime.error", "checkpoint.captured", "approval.requested", "approval.resolved", "tool.started",
)  # fmt: skip
PAYLOAD: dict[str, Any] = {
    "delta": "text", "text": "text", "message": "broken", "requestId": "one", "turnCount": 1, "checkpointRef": "ref",
    "files": [], "diff": "-", "usage": {}, "resumeCursor": "cursor", "summary": "s",
}  # fmt: skip
ODD: tuple[Any, ...] = (None, 5, True, b"x", "", "zz", [1], {1: 2}, {"a": object()}, "\ud800", 2**70)


def odd_events(thread_id: str, kind: str) -> Iterator[RuntimeEvent]:
    """Events of a type with one field, or one part of the payload, that is not as it should be."""
    for field in RuntimeEvent.__struct_fields__:
        for odd in ODD:
            yield msgspec.structs.replace(said(thread_id, kind, "turn", **PAYLOAD), **{field: odd})
    for part in PAYLOAD:
        for odd in ODD:
            yield said(thread_id, kind, "turn", **{**PAYLOAD, part: odd})


@pytest.mark.parametrize("kind", TYPES)
def test_an_odd_event_is_taken_or_refused(scene: Scene, kind: str) -> None:
    """No error but this library's own comes out, and every event of the log can be read and folded."""
    for event in odd_events(scene.thread, kind):
        with suppress(ChatdocError):
            scene.ingestion.take(event)
    assert scene.document.engine.is_open
    scene.document.log.rebuild()
    assert len(list(scene.document.replay())) == scene.document.snapshot().snapshot_sequence


def test_what_is_no_event_is_named(scene: Scene) -> None:
    """So is what one of its fields holds."""
    with pytest.raises(CommandRefused, match="expected a RuntimeEvent, got dict"):
        scene.ingestion.take({"type": "tool.started"})  # type: ignore[arg-type]
    odd = msgspec.structs.replace(said(scene.thread, "tool.started"), payload=[1])
    with pytest.raises(CommandRefused, match=r"tool\.started e-\d+: expected payload to be a dict, got list"):
        scene.ingestion.take(odd)
