"""Rows that no log chains and no fold makes again have digests: whoever edits one of them is noticed by check."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from chatdoc.model.commands.plan import Diff
from chatdoc.store.agent_sessions import SessionDirectory
from chatdoc.store.row_digests import TABLES
from chatdoc.store.sqlite.folder import SqliteFolder
from chatdoc.store.sqlite.store import SqliteStore
from chatdoc.testing.acceptance.samples import NOW, lease
from tests.store.documents import file_of, marker, project, tell, thread_drafts

AT = "2024-01-01T00:00:00.000Z"
EDITS = (
    ("UPDATE document SET path = CAST('other.chat' AS BLOB)", "document"),
    ("UPDATE document SET text_digest = 'forged'", "document"),
    ("UPDATE document SET text_sequence = 7", "document"),
    ("UPDATE document SET created_at_ms = created_at_ms + 1", "document"),
    ("UPDATE document SET log_began_at_ms = 1", "document"),
    ("UPDATE markers SET phase = 'rolled_back'", "markers"),
    ("UPDATE markers SET backup = CAST('elsewhere' AS BLOB)", "markers"),
    ("DELETE FROM markers", "markers"),
    ("UPDATE turn_leases SET owner = 'mallory'", "turn_leases"),
    ("UPDATE turn_leases SET heartbeat_at_ms = heartbeat_at_ms + 9", "turn_leases"),
    ("DELETE FROM turn_leases", "turn_leases"),
    ("UPDATE consumer_cursors SET sequence = sequence - 1", "consumer_cursors"),
    ("INSERT INTO consumer_cursors VALUES ('another', 1)", "consumer_cursors"),
    ("UPDATE provider_session_runtime SET resume_cursor_json = '\"forged\"'", "provider_session_runtime"),
    ("DELETE FROM provider_session_runtime", "provider_session_runtime"),
    ("UPDATE checkpoint_diff_blobs SET diff = 'forged' WHERE to_turn_count = 2", "checkpoint_diff_blobs"),
    ("DELETE FROM checkpoint_diff_blobs WHERE to_turn_count = 1", "checkpoint_diff_blobs"),
    ("UPDATE checkpoint_diff_blobs SET to_turn_count = 9 WHERE to_turn_count = 1", "checkpoint_diff_blobs"),
    ("UPDATE log_compactions SET compacted_at = '2001'", "log_compactions"),
    ("UPDATE log_compactions SET events_removed = 0", "log_compactions"),
    ("DELETE FROM baseline_pieces WHERE table_name = 'projection_threads'", "baseline_pieces"),
    ("UPDATE orchestration_events SET payload_json = '{}' WHERE sequence = 5", "orchestration_events"),
    ("UPDATE orchestration_events SET occurred_at = '2001' WHERE sequence = 9", "orchestration_events"),
    ("UPDATE orchestration_events SET digest = zeroblob(32) WHERE sequence = 1", "orchestration_events"),
    ("DELETE FROM row_digests WHERE table_name = 'markers'", "markers"),
    ("UPDATE row_digests SET digest = zeroblob(32) WHERE table_name = 'document'", "document"),
)


def fill(store: SqliteStore) -> None:
    """Write to every table that has a digest, and compact the log."""
    tell(store, project())
    for thread_id in ("s", "t"):
        tell(store, *thread_drafts(thread_id, 3))
    store.write(lambda unit: unit.put_marker(marker(), recorded_at_ms=NOW))
    store.write(lambda unit: unit.take_lease(lease()))
    store.write(lambda unit: unit.renew_leases("ada", heartbeat_at_ms=NOW + 5))
    store.write(lambda unit: unit.put_cursor("consumer", 3))
    for number in (1, 2):
        difference = Diff("s", number - 1, number, f"difference {number}", AT)
        store.write(lambda unit, difference=difference: unit.put_diff(difference))  # type: ignore[misc]
    sessions = SessionDirectory(store.database, lambda: NOW)
    sessions.upsert("session", thread_id="s", provider_name="codex", resume_cursor="here")
    assert store.read_model.compact(dry_run=False, now_iso=AT).events_removed == 6


def edit(folder: Path, *statements: str) -> None:
    """Change a closed store behind its back."""
    connection = sqlite3.connect(file_of(folder), isolation_level=None)
    for statement in statements:
        assert connection.execute(statement).rowcount, statement
    connection.close()


def findings(folder: Path) -> list[tuple[str, str]]:
    """Code and place of what check says."""
    with SqliteFolder(folder).look(file_of(folder)) as store:
        return [(one.code, one.where) for one in store.verify()]


@pytest.fixture
def filled(folder: Path, store: SqliteStore) -> Path:
    """A folder whose closed store has a row in every such table."""
    fill(store)
    store.close()
    return folder


def test_what_was_written_is_what_is_there(filled: Path) -> None:
    """Every way of writing keeps its digest, also what is written after a compaction."""
    assert findings(filled) == []
    with SqliteFolder(filled, durability="normal").open(file_of(filled)) as store:
        tell(store, *thread_drafts("u", 2))
        store.write(lambda unit: unit.release_lease("turn", "ada"))
        store.write(lambda unit: unit.begin_events(at_ms=NOW))
        registered = store.registry.registration()
        store.write(lambda unit: unit.put_registration(registered))
        SessionDirectory(store.database, lambda: NOW).remove("session")
        assert store.read_model.compact(dry_run=False, now_iso=AT).events_removed
    assert findings(filled) == []
    connection = sqlite3.connect(file_of(filled))
    assert connection.execute("SELECT count(*) FROM row_digests WHERE row_key = ''").fetchone() == (
        len(TABLES),
    )
    connection.close()


@pytest.mark.parametrize(("statement", "table"), EDITS)
def test_an_edit_of_any_such_table_is_noticed(filled: Path, statement: str, table: str) -> None:
    """Check names the table, and nothing of its content."""
    edit(filled, statement)
    found = findings(filled)
    assert any(code == "changed_record" and where.startswith(table) for code, where in found), found
    assert "forged" not in str(found)


def test_a_write_that_was_undone_leaves_the_digest_as_it_was(filled: Path) -> None:
    """Rows and digest are one transaction."""
    with SqliteFolder(filled, durability="normal").open(file_of(filled)) as store:

        def fails(unit: object) -> None:
            unit.put_cursor("consumer", 9)  # type: ignore[attr-defined]
            raise KeyError("planted")

        with pytest.raises(KeyError):
            store.write(fails)
    assert findings(filled) == []


def test_digests_that_are_all_gone_are_damage_and_stay_so(filled: Path) -> None:
    """Who takes them away to hide an edit is found out, also behind the next write."""
    edit(filled, "DELETE FROM row_digests")
    edit(filled, "UPDATE markers SET phase = 'published'")
    assert ("changed_record", "markers") in findings(filled)
    with SqliteFolder(filled, durability="normal").open(file_of(filled)) as store:
        store.write(lambda unit: unit.put_cursor("consumer", 4))
    assert ("changed_record", "markers") in findings(filled)
    assert ("changed_record", "consumer_cursors") not in findings(filled)
