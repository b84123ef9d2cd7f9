"""A replay tells each turn of a thread: the question, the answer, the actions, and how it went."""

from __future__ import annotations

import msgspec
import pytest

from chatdoc.model.errors import NotFound
from chatdoc.model.events.types import Payload
from chatdoc.store.projections.replay import replay_thread
from tests.store.projections.world import (
    World,
    activity,
    answer,
    message,
    moment,
    project,
    session,
    thread,
    whole_turn,
)


def four_turns() -> World:
    """One completed, one failed, one interrupted and one running turn."""
    world = World(project(), thread(), *whole_turn(1))
    for number, end in enumerate(["error", "interrupted", None], 2):
        turn = f"a{number}"
        steps: list[Payload] = [
            message(f"u{number}", f"ask {number}", at=number * 10),
            session("running", turn, user=f"u{number}", at=number * 10),
        ]
        if end is not None:
            steps.append(session(end, at=number * 10 + 5))
        world.happen(*steps)
    return world


def test_replay_summarizes_statuses_and_turns() -> None:
    """A running turn is pending; an interrupted one failed."""
    found = replay_thread(four_turns().execute, "t")
    assert (found.turn_count, found.completed_turn_count) == (4, 1)
    assert (found.failed_turn_count, found.pending_turn_count) == (2, 1)
    assert [turn.status for turn in found.turns] == ["completed", "failed", "failed", "pending"]


def test_replay_has_the_fields_of_the_ledger() -> None:
    """Key by key, with the project's folder and the actions in order."""
    world = World(project(), thread(), *whole_turn(1))
    world.happen(activity("act0", "tool.started", turn="a1", payload={"detail": "make test"}, at=1))
    assert msgspec.to_builtins(replay_thread(world.execute, "t")) == {
        "projectPath": "/there",
        "threadID": "t",
        "turnCount": 1,
        "pendingTurnCount": 0,
        "failedTurnCount": 0,
        "completedTurnCount": 1,
        "turns": [
            {
                "turnID": "a1",
                "timestamp": moment(11),
                "status": "completed",
                "userText": "ask 1",
                "assistantText": "done 1",
                "actions": [
                    {
                        "method": "tool.started",
                        "title": "tool.started happened",
                        "detail": "make test",
                        "createdAt": moment(1),
                    },
                    {
                        "method": "tool.completed",
                        "title": "tool.completed happened",
                        "detail": "",
                        "createdAt": moment(12),
                    },
                ],
            }
        ],
    }


@pytest.mark.parametrize(
    ("payload", "detail"),
    [("said", "said"), ({"b": 1, "a": 2}, '{"a":2,"b":1}'), ({"detail": 3}, '{"detail":3}'), ([], "[]")],
)
def test_action_without_a_detail_tells_its_payload(payload: object, detail: str) -> None:
    """Nothing an agent said about an action is left out."""
    world = World(project(), thread(), session("running", "a1"), activity("x", turn="a1", payload=payload))
    assert replay_thread(world.execute, "t").turns[0].actions[0].detail == detail


def test_answer_of_several_messages_is_told_whole() -> None:
    """Interim messages and the last one, in their order."""
    world = World(project(), thread(), session("running", "turn"))
    world.happen(answer("b", "then", turn="turn", at=2), answer("a", "first", turn="turn", at=1))
    assert replay_thread(world.execute, "t").turns[0].assistant_text == "first\n\nthen"


def test_limit_keeps_the_last_turns() -> None:
    """Counts are those of the turns that are shown."""
    found = replay_thread(four_turns().execute, "t", limit=2)
    assert [turn.turn_id for turn in found.turns] == ["a3", "a4"]
    assert (found.turn_count, found.completed_turn_count) == (2, 0)


def test_thread_without_turns_replays_as_empty() -> None:
    """It is there, and nothing ran in it."""
    assert replay_thread(World(project(), thread(), message("m")).execute, "t").turns == []


def test_unknown_thread_is_named() -> None:
    """The error says which thread was asked for."""
    with pytest.raises(NotFound, match="the event log has no thread nowhere"):
        replay_thread(World(project()).execute, "nowhere")
