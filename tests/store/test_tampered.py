"""A log that was tampered with is noticed by who reads it and by check, and rows that were edited are found."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from chatdoc.model.errors import StoreDamaged
from chatdoc.store.sqlite.folder import SqliteFolder
from chatdoc.store.sqlite.store import SqliteStore
from tests.store.documents import file_of, project, tell, thread_drafts


def opened(folder: Path) -> SqliteStore:
    """The store of a folder, as the next process opens it."""
    return SqliteFolder(folder, durability="normal").open(file_of(folder))


def change(folder: Path, statement: str) -> None:
    """Change a closed store behind its back."""
    connection = sqlite3.connect(file_of(folder), isolation_level=None)
    connection.execute(statement)
    connection.close()


@pytest.fixture
def told(folder: Path, store: SqliteStore) -> Path:
    """A folder whose closed store has nine events in three streams, with what is folded from them."""
    tell(store, project())
    for thread_id in ("s", "t"):
        tell(store, *thread_drafts(thread_id, 3))
    store.close()
    return folder


@pytest.mark.parametrize(
    ("statement", "event"),
    [
        ("DELETE FROM orchestration_events WHERE sequence = 4", 4),
        ("DELETE FROM orchestration_events WHERE sequence = 9", 9),
        (
            "UPDATE orchestration_events SET payload_json = replace(payload_json, 'text', 'lies') WHERE sequence = 4",
            4,
        ),
        ("UPDATE orchestration_events SET occurred_at = '2001-01-01T00:00:00.000Z' WHERE sequence = 5", 5),
        ("UPDATE orchestration_events SET digest = zeroblob(32) WHERE sequence = 5", 5),
        ("UPDATE orchestration_events SET command_id = 7 WHERE sequence = 5", 5),
        ("UPDATE orchestration_events SET actor_kind = 'provider' WHERE sequence = 6", 6),
        ("UPDATE orchestration_events SET payload_json = x'ff' WHERE sequence = 6", 6),
    ],
)
def test_tampered_event_is_noticed(told: Path, statement: str, event: int) -> None:
    """Removed, forged or rewritten, it is named by check, and reading it raises StoreDamaged and nothing else."""
    change(told, statement)
    with opened(told) as store:
        found = [one for one in store.verify() if one.code in ("missing_event", "damaged_event")]
        assert any(str(event) in one.where for one in found), found
        if event < 9:
            with pytest.raises(StoreDamaged, match=f"event {event}"):
                store.events.read()
            stream = "s" if event < 6 else "t"
            with pytest.raises(StoreDamaged):
                store.events.read_of("thread", stream)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE projection_thread_messages SET text = 'forged' WHERE message_id = 's-1'",
        "DELETE FROM projection_threads WHERE thread_id = 't'",
        "UPDATE projection_state SET last_applied_sequence = 99 WHERE projector LIKE '%threads%'",
    ],
)
def test_edited_row_is_named_and_rebuilt(told: Path, statement: str) -> None:
    """What is folded is held against the log; a rebuild brings back what the log says."""
    change(told, statement)
    with opened(told) as store:
        assert {one.code for one in store.verify()} == {"changed_rows"}
        store.read_model.rebuild()
        assert store.verify() == []


@pytest.mark.parametrize("table", ["projection_threads", "projection_state", "reverted_rows"])
def test_lost_projection_is_made_again(told: Path, table: str) -> None:
    """A folded table that was dropped is named by who looks, and there again after the next opening for writing."""
    with opened(told) as store:
        before = store.read_model.digests()
    change(told, f"DROP TABLE {table}")
    with SqliteFolder(told).look(file_of(told)) as look:
        assert [(one.code, one.where) for one in look.verify()] == [("lost_table", table)]
    with opened(told) as store:
        assert store.read_model.digests() == before
        assert store.verify() == []
        assert tell(store, *thread_drafts("u", 1)) == [10, 11]


def test_rows_of_other_types_are_damage(told: Path) -> None:
    """A tampered row raises StoreDamaged, never an error of another library; and it says nothing of its content."""
    change(told, "UPDATE projection_projects SET scripts_json = x'736563726574'")
    with opened(told) as store, pytest.raises(StoreDamaged) as caught:
        store.read_model.snapshot()
    assert "secret" not in str(caught.value)


def test_whole_store_has_no_findings_after_a_compaction(told: Path) -> None:
    """Events that went into the baseline are not missed; those that came later are still chained."""
    with opened(told) as store:
        assert store.read_model.compact(dry_run=False, now_iso="2024-01-01T00:00:00.000Z").events_removed == 6
        tell(store, *thread_drafts("u", 2))
        tell(store, thread_drafts("s", 1)[1]._replace(cause=-1))
        assert store.verify() == []
        assert [event.sequence for event in store.events.read(9)] == [10, 11, 12, 13]
        assert [event.sequence for event in store.events.read_of("thread", "s", 9)] == [13]
    change(told, "UPDATE orchestration_events SET command_id = 'forged' WHERE sequence = 13")
    with opened(told) as store:
        assert [(one.code, one.where) for one in store.verify()] == [("damaged_event", "event 13")]
