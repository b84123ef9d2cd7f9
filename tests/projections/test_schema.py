"""The store has the tables of the orchestration contract, column by column, and what we added is said here.

What stands here is the contract; the schema steps have to meet it. Our additions: five columns of the receipts that
seal an answer, `sequence`-less WITHOUT ROWID tables where the key is the place, a turn count that may be NULL until
there is a checkpoint, an index over running turns, `pending_turn_starts` and `reverted_rows`.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from tests.projections.world import empty_store

NN, NULL = True, False


class Expected(NamedTuple):
    """A table as the contract has it."""

    columns: dict[str, tuple[str, bool]]
    key: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()
    checks: dict[str, tuple[str, ...]] = {}


def text(*names: str) -> dict[str, tuple[str, bool]]:
    """Text columns that always say something."""
    return dict.fromkeys(names, ("TEXT", NN))


def maybe(*names: str) -> dict[str, tuple[str, bool]]:
    """Text columns that may say nothing."""
    return dict.fromkeys(names, ("TEXT", NULL))


def number(*names: str) -> dict[str, tuple[str, bool]]:
    """Whole numbers that are always there."""
    return dict.fromkeys(names, ("INTEGER", NN))


KINDS = ("project", "thread")

WRITE_TABLES = {
    "orchestration_events": Expected(
        {
            "sequence": ("INTEGER", NULL),
            **text("event_id", "aggregate_kind", "stream_id"),
            **number("stream_version"),
            **text("event_type", "occurred_at"),
            **maybe("command_id", "causation_event_id", "correlation_id"),
            **text("actor_kind", "payload_json", "metadata_json"),
        },
        key=("sequence",),
        unique=(("event_id",), ("aggregate_kind", "stream_id", "stream_version")),
        indexes=(("aggregate_kind", "stream_id", "sequence"), ("command_id",), ("correlation_id",)),
        checks={"aggregate_kind": KINDS, "actor_kind": ("client", "server", "provider")},
    ),
    "orchestration_command_receipts": Expected(
        {
            **maybe("command_id"),
            **text("aggregate_kind", "aggregate_id", "accepted_at"),
            **number("result_sequence"),
            **text("status"),
            **maybe("error"),
            **number("document"),
            **text("command_digest"),
            "result": ("BLOB", NN),
            "update_sequence": ("INTEGER", NULL),
            "digest": ("BLOB", NN),
        },
        key=("command_id",),
        indexes=(("aggregate_kind", "aggregate_id"), ("result_sequence",)),
        checks={"aggregate_kind": KINDS, "status": ("accepted", "rejected")},
    ),
    "checkpoint_diff_blobs": Expected(
        {**text("thread_id"), **number("from_turn_count", "to_turn_count"), **text("diff", "created_at")},
        unique=(("thread_id", "from_turn_count", "to_turn_count"),),
        indexes=(("thread_id", "to_turn_count"),),
    ),
    "provider_session_runtime": Expected(
        {
            **maybe("provider_session_id"),
            **text("thread_id", "provider_name", "adapter_key"),
            **maybe("provider_thread_id"),
            **text("status", "last_seen_at"),
            **maybe("resume_cursor_json", "runtime_payload_json"),
        },
        key=("provider_session_id",),
        indexes=(("thread_id",), ("status",), ("provider_name",)),
        checks={"status": ("starting", "running", "stopped", "error")},
    ),
}

PROJECTIONS = {
    "projection_projects": Expected(
        {
            **maybe("project_id"),
            **text("title", "workspace_root"),
            **maybe("default_model"),
            **text("scripts_json", "created_at", "updated_at"),
            **maybe("deleted_at"),
        },
        key=("project_id",),
        indexes=(("updated_at",),),
    ),
    "projection_threads": Expected(
        {
            **maybe("thread_id"),
            **text("project_id", "title", "model"),
            **maybe("branch", "worktree_path", "latest_turn_id"),
            **text("created_at", "updated_at"),
            **maybe("deleted_at"),
        },
        key=("thread_id",),
        indexes=(("project_id",),),
    ),
    "projection_thread_messages": Expected(
        {
            **text("message_id", "thread_id"),
            **maybe("turn_id"),
            **text("role", "text"),
            **number("is_streaming"),
            **text("created_at", "updated_at"),
        },
        key=("message_id",),
        indexes=(("thread_id", "created_at"),),
        checks={"role": ("user", "assistant", "system")},
    ),
    "projection_thread_activities": Expected(
        {
            **text("activity_id", "thread_id"),
            **maybe("turn_id"),
            **text("tone", "kind", "summary", "payload_json", "created_at"),
        },
        key=("activity_id",),
        indexes=(("thread_id", "created_at"),),
        checks={"tone": ("info", "tool", "approval", "error")},
    ),
    "projection_thread_sessions": Expected(
        {
            **text("thread_id", "status"),
            **maybe(
                "provider_name", "provider_session_id", "provider_thread_id", "active_turn_id", "last_error"
            ),
            **text("updated_at"),
        },
        key=("thread_id",),
        indexes=(("provider_session_id",),),
        checks={"status": ("idle", "starting", "running", "ready", "interrupted", "stopped", "error")},
    ),
    "projection_thread_turns": Expected(
        {
            **maybe("turn_id"),
            **text("thread_id"),
            "turn_count": ("INTEGER", NULL),
            **text("status"),
            **maybe("user_message_id", "assistant_message_id"),
            **text("started_at"),
            **maybe("completed_at"),
        },
        key=("turn_id",),
        unique=(("thread_id", "turn_count"),),
        indexes=(("thread_id",),),
        checks={"status": ("running", "completed", "interrupted", "error")},
    ),
    "projection_checkpoints": Expected(
        {
            **text("thread_id", "turn_id"),
            **number("checkpoint_turn_count"),
            **text("checkpoint_ref", "status", "files_json"),
            **maybe("assistant_message_id"),
            **text("completed_at"),
        },
        unique=(("thread_id", "checkpoint_turn_count"),),
        indexes=(("thread_id", "completed_at"),),
        checks={"status": ("ready", "missing", "error")},
    ),
    "projection_pending_approvals": Expected(
        {
            **text("request_id", "thread_id"),
            **maybe("turn_id"),
            **text("status"),
            **maybe("decision"),
            **text("created_at"),
            **maybe("resolved_at"),
        },
        key=("request_id",),
        indexes=(("thread_id", "status"),),
        checks={"status": ("pending", "resolved")},
    ),
    "projection_state": Expected(
        {**text("projector"), **number("last_applied_sequence"), **text("updated_at")}, key=("projector",)
    ),
    "pending_turn_starts": Expected(
        {**text("thread_id", "message_id", "requested_at"), **number("sequence")},
        key=("thread_id", "message_id"),
    ),
    "reverted_rows": Expected(
        {**text("table_name", "row_id", "thread_id"), **number("revert_sequence"), **text("row_json")},
        key=("table_name", "row_id"),
        indexes=(("thread_id", "revert_sequence"),),
    ),
}
CONTRACT = {**WRITE_TABLES, **PROJECTIONS}
NAMED_INDEXES = {
    "idx_orch_events_stream_version",
    "idx_orch_events_stream_sequence",
    "idx_orch_events_command_id",
    "idx_orch_events_correlation_id",
}
CHECK = re.compile(r"CHECK\s*\(\s*(\w+)\s+IN\s*\(([^)]*)\)\s*\)")


@pytest.fixture(scope="module")
def store() -> Iterator[sqlite3.Connection]:
    """A store with every schema step taken."""
    connection = empty_store()
    yield connection
    connection.close()


def found(store: sqlite3.Connection, table: str) -> Expected:
    """A table as SQLite has it."""
    columns, key = {}, {}
    without_rowid = "WITHOUT ROWID" in sql_of(store, table)
    for _, name, kind, not_null, _, place in store.execute(f"PRAGMA table_info({table})"):
        # SQLite does not repeat NOT NULL for the key of a WITHOUT ROWID table, which is never NULL.
        columns[name] = (kind, bool(not_null or (without_rowid and place)))
        if place:
            key[place] = name
    indexes, unique = [], []
    for _, index, is_unique, origin, _ in store.execute(f"PRAGMA index_list({table})").fetchall():
        named = tuple(row[2] for row in store.execute(f"PRAGMA index_info({index})"))
        if origin != "pk":
            (unique if is_unique else indexes).append(named)
    checks = {
        column: tuple(value.strip().strip("'") for value in values.split(","))
        for column, values in CHECK.findall(sql_of(store, table))
    }
    return Expected(
        columns,
        tuple(key[place] for place in sorted(key)),
        tuple(sorted(unique)),
        tuple(sorted(indexes)),
        checks,
    )


def sql_of(store: sqlite3.Connection, table: str) -> str:
    """The statement that made a table."""
    row = store.execute(
        "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)
    ).fetchone()
    return "" if row is None else str(row[0])


@pytest.mark.parametrize("table", CONTRACT)
def test_table_meets_the_contract(store: sqlite3.Connection, table: str) -> None:
    """Columns in their order with type and NOT NULL, key, UNIQUE, indexes and CHECK lists."""
    expected = CONTRACT[table]
    came = found(store, table)
    assert list(came.columns.items()) == list(expected.columns.items())
    assert came.key == expected.key
    assert came.unique == tuple(sorted(expected.unique))
    assert came.indexes == tuple(sorted(expected.indexes))
    assert came.checks == expected.checks


@pytest.mark.parametrize(
    ("table", "column"), [(table, column) for table in CONTRACT for column in CONTRACT[table].checks]
)
def test_value_outside_its_list_is_refused_by_the_table(
    store: sqlite3.Connection, table: str, column: str
) -> None:
    """The row is taken with a value of the list and refused with another one."""
    expected = CONTRACT[table]

    def row(**given: Any) -> list[Any]:
        fill = {name: 1 if kind == "INTEGER" else "x" for name, (kind, _) in expected.columns.items()}
        return list(
            {**fill, **{name: values[0] for name, values in expected.checks.items()}, **given}.values()
        )

    insert = f"INSERT INTO {table} VALUES ({', '.join('?' * len(expected.columns))})"
    store.execute("PRAGMA foreign_keys = OFF")
    store.execute("SAVEPOINT one")
    store.execute(insert, row())
    store.execute("ROLLBACK TO one")
    with pytest.raises(sqlite3.IntegrityError, match="CHECK constraint"):
        store.execute(insert, row(**{column: "no such"}))
    store.execute("RELEASE one")


def test_no_table_of_the_contract_has_a_stranger_beside_it(store: sqlite3.Connection) -> None:
    """A new table of events or projections is written down here first."""
    names = {row[0] for row in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    ours = {name for name in names if name.startswith(("orchestration_", "projection_"))}
    assert ours == {name for name in CONTRACT if name.startswith(("orchestration_", "projection_"))}


def test_indexes_of_events_have_their_names(store: sqlite3.Connection) -> None:
    """Others know these four by name."""
    names = {
        row[0]
        for row in store.execute(
            "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'orchestration_events'"
            " AND name LIKE 'idx%'"
        )
    }
    assert names == NAMED_INDEXES


def test_sequences_are_never_used_again(store: sqlite3.Connection) -> None:
    """AUTOINCREMENT: a removed event's number does not come back for another one."""
    assert re.search(r"sequence INTEGER PRIMARY KEY AUTOINCREMENT", sql_of(store, "orchestration_events"))
