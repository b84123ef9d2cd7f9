"""Many events folded at a time leave the rows that the same events leave one by one."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from chatdoc.model.events.types import MessageDeleted, MessageEdited, Payload, ThreadMetaUpdated
from tests.store.projections.world import (
    World,
    activity,
    answer,
    checkpoint,
    message,
    moment,
    project,
    session,
    thread,
)

EDITED = MessageEdited(thread_id="t", message_id="a", text="edited", updated_at=moment(7))
DELETED = MessageDeleted(thread_id="t", message_id="a", deleted_at=moment(7))
RENAMED = ThreadMetaUpdated(thread_id="t", title="Other", updated_at=moment(7))

HISTORIES: dict[str, list[Payload]] = {
    "piece and piece": [answer("a", "x", at=1), answer("a", "y", at=2)],
    "piece and its end without text": [answer("a", "x", at=1), answer("a", "", streaming=False, at=2)],
    "piece and its end with text": [answer("a", "x", at=1), answer("a", "y", streaming=False, at=2)],
    "end and a late piece": [answer("a", "x", streaming=False), answer("a", "y")],
    "two ends": [answer("a", "x", streaming=False), answer("a", "y", streaming=False)],
    "two empty ends": [answer("a", "x", streaming=False), answer("a", "", streaming=False)],
    "turn not named again": [answer("a", "x", turn="a"), answer("a", "y")],
    "turn named late": [answer("a", "x"), answer("a", "y", turn="a")],
    "end without the turn": [answer("a", "x", turn="a"), answer("a", "y", streaming=False)],
    "other role": [message("a", "x"), answer("a", "y", streaming=False)],
    "edited between pieces": [answer("a", "x"), EDITED, answer("a", "y")],
    "deleted between pieces": [answer("a", "x"), DELETED, answer("a", "y")],
    "many at once": [answer(name, f"{name}{n}") for n in range(3) for name in "abc"],
    "session told twice": [session("error", "a", last_error="x"), session("ready", last_error="y", at=3)],
    "session clears": [
        session("error", provider_name="p", last_error="x"),
        session("ready", last_error=None),
    ],
    "latest turn not named again": [session("running", "a"), message("m"), session("ready")],
    "renamed between messages": [message("m1"), RENAMED, message("m2")],
    "thread comes again": [message("m1"), thread(title="Again"), message("m2")],
    "activity told twice": [activity("x", payload=1), activity("x", payload=2)],
    "checkpoint names another message": [
        answer("b", "x", turn="a"),
        checkpoint("a", 1, message_id="c"),
        answer("b", "y", turn="a"),
    ],
    "second message of a turn": [
        answer("b", "x", turn="a"),
        answer("c", "", turn="a"),
        answer("b", "y", turn="a"),
    ],
}


@pytest.mark.parametrize("history", HISTORIES.values(), ids=HISTORIES)
def test_page_leaves_what_single_events_leave(history: Sequence[Payload]) -> None:
    """In a store that has nothing yet, and in one where the same things were told before."""
    for before in ([], history):
        world = World(project(), thread(), *before)
        for payload in history:
            world.happen(payload)
        assert world.rebuilt() == world.tables()
