"""A snapshot holds everything that is shown, in a fixed order, as of what the slowest projector has applied."""

from __future__ import annotations

import msgspec
import pytest

from chatdoc.model.clock import EPOCH
from chatdoc.model.errors import StoreDamaged
from chatdoc.model.events.types import ChangedFile, Reverted, ThreadDeleted
from chatdoc.store.projections.fold import PROJECTORS, rebuild
from chatdoc.store.projections.snapshot import snapshot
from tests.store.projections.world import (
    World,
    activity,
    answer,
    checkpoint,
    empty_store,
    message,
    moment,
    project,
    session,
    thread,
    whole_turn,
)


def test_hydrates_read_model_and_computes_snapshot_sequence() -> None:
    """States 5 to 12 make a snapshot of event 5."""
    world = World(project(), thread())
    for sequence, projector in enumerate(PROJECTORS, 5):
        world.execute(
            "UPDATE projection_state SET last_applied_sequence = ? WHERE projector = ?",
            (sequence, projector.name),
        )
    assert snapshot(world.execute).snapshot_sequence == 5


@pytest.mark.parametrize("name", [projector.name for projector in PROJECTORS])
def test_snapshot_without_one_state_is_of_event_zero(name: str) -> None:
    """A projector that has no state may lack anything, so a reader begins at the first event."""
    world = World(project(), thread())
    world.execute("DELETE FROM projection_state WHERE projector = ?", (name,))
    assert snapshot(world.execute).snapshot_sequence == 0


def test_empty_store_is_an_empty_snapshot_of_the_epoch() -> None:
    """Nothing happened, at no moment."""
    connection = empty_store()
    assert msgspec.to_builtins(snapshot(connection.execute)) == {
        "snapshotSequence": 0,
        "projects": [],
        "threads": [],
        "updatedAt": EPOCH,
    }
    connection.close()


def test_snapshot_has_the_fields_clients_know() -> None:
    """Every field is there, null where nothing is known."""
    files = [ChangedFile(path="a.py", kind="modified", additions=2)]
    world = World(
        project(),
        thread(),
        message("u1", "Hi", at=1),
        answer("a1", "Yo", turn="a1", streaming=False, at=2),
        session("running", "a1", provider_name="codex", at=2),
        activity("x", payload={"n": 1}, turn="a1", at=3),
        msgspec.structs.replace(checkpoint("a1", 1, message_id="a1", at=4), files=files),
    )
    assert msgspec.to_builtins(snapshot(world.execute)) == {
        "snapshotSequence": 7,
        "updatedAt": moment(7),
        "projects": [
            {
                "id": "p",
                "title": "Work",
                "workspaceRoot": "/there",
                "defaultModel": None,
                "scripts": [],
                "createdAt": moment(0),
                "updatedAt": moment(0),
                "deletedAt": None,
            }
        ],
        "threads": [
            {
                "id": "t",
                "projectId": "p",
                "title": "Plan",
                "model": "",
                "branch": None,
                "worktreePath": None,
                "latestTurnId": "a1",
                "createdAt": moment(0),
                "updatedAt": moment(7),
                "deletedAt": None,
                "messages": [
                    {
                        "id": "u1",
                        "role": "user",
                        "text": "Hi",
                        "turnId": None,
                        "streaming": False,
                        "createdAt": moment(1),
                        "updatedAt": moment(1),
                    },
                    {
                        "id": "a1",
                        "role": "assistant",
                        "text": "Yo",
                        "turnId": "a1",
                        "streaming": False,
                        "createdAt": moment(2),
                        "updatedAt": moment(2),
                    },
                ],
                "activities": [
                    {
                        "id": "x",
                        "tone": "tool",
                        "kind": "tool.completed",
                        "summary": "tool.completed happened",
                        "payload": {"n": 1},
                        "turnId": "a1",
                        "createdAt": moment(3),
                    }
                ],
                "checkpoints": [
                    {
                        "turnId": "a1",
                        "completedAt": moment(4),
                        "status": "ready",
                        "files": [{"path": "a.py", "kind": "modified", "additions": 2, "deletions": 0}],
                        "checkpointRef": "refs/t/1/a1",
                        "assistantMessageId": "a1",
                        "checkpointTurnCount": 1,
                    }
                ],
                "session": {
                    "threadId": "t",
                    "status": "running",
                    "providerName": "codex",
                    "providerSessionId": None,
                    "providerThreadId": None,
                    "activeTurnId": "a1",
                    "lastError": None,
                    "updatedAt": moment(2),
                },
            }
        ],
    }


def test_snapshot_is_ordered_by_moment_and_then_by_id() -> None:
    """Whatever order things came in; checkpoints by their count."""
    world = World(project("q"), project("p"), thread("s"), thread("t"))
    world.happen(message("m2", at=2), message("m3", at=1), message("m1", at=2))
    world.happen(activity("x2", at=1), activity("x1", at=1))
    world.happen(checkpoint("b", 2), checkpoint("a", 1))
    found = snapshot(world.execute)
    assert [one.id for one in found.projects] == ["p", "q"]
    assert [one.id for one in found.threads] == ["s", "t"]
    of_thread = found.threads[1]
    assert [one.id for one in of_thread.messages] == ["m3", "m1", "m2"]
    assert [one.id for one in of_thread.activities] == ["x1", "x2"]
    assert [one.checkpoint_turn_count for one in of_thread.checkpoints] == [1, 2]


def test_returns_deterministic_snapshots_for_repeated_calls() -> None:
    """The same store gives the same bytes, and so does a store folded again from zero."""
    world = World(project(), thread(), *whole_turn(1), *whole_turn(2))
    first = msgspec.json.encode(snapshot(world.execute))
    assert msgspec.json.encode(snapshot(world.execute)) == first
    rebuild(world.execute, world.read)
    assert msgspec.json.encode(snapshot(world.execute)) == first


def test_updated_at_is_the_latest_moment_of_any_row() -> None:
    """Also of a turn's end, which no thread shows."""
    world = World(project(), thread(), session("running", "a1"), checkpoint("a1", 1, at=10_000))
    world.execute("DELETE FROM projection_checkpoints")
    assert snapshot(world.execute).updated_at == moment(10_000)


def test_deleted_thread_is_in_the_snapshot_as_deleted_and_hidden_rows_are_not() -> None:
    """A client has to learn of a deletion; what a revert hides is not shown."""
    world = World(project(), thread(), *whole_turn(1), *whole_turn(2))
    world.happen(Reverted(thread_id="t", turn_count=1), ThreadDeleted(thread_id="t", deleted_at=moment(99)))
    (of_thread,) = snapshot(world.execute).threads
    assert of_thread.deleted_at == moment(99)
    assert [one.id for one in of_thread.messages] == ["u1", "a1"]


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("projection_projects", "scripts_json"),
        ("projection_thread_activities", "payload_json"),
        ("projection_checkpoints", "files_json"),
    ],
)
def test_fails_with_a_named_error_when_stored_json_is_invalid(table: str, column: str) -> None:
    """The error names table and row; nothing is skipped."""
    world = World(project(), thread(), *whole_turn(1))
    world.execute(f"UPDATE {table} SET {column} = '[{{'")
    with pytest.raises(StoreDamaged, match=f"of {table} is not the JSON that was stored.*Rebuild"):
        snapshot(world.execute)
