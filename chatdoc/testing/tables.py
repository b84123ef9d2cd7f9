"""A store is sound: each command has its receipt, the log makes the tables anew, and rows say what documents show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any, Protocol

import msgspec

from chatdoc.model.events.message_state import parts_of, show
from chatdoc.model.events.session_events import STATUS
from chatdoc.model.view.view import View
from chatdoc.store.projections.fold import PROJECTORS, rebuild
from chatdoc.store.projections.projector import Execute, ExecuteMany
from chatdoc.testing.history import History

TABLES = (*(table for one in PROJECTORS for table in one.tables), "reverted_rows", "projection_state")
"""Every table that is folded from events."""

Rows = dict[str, list[tuple[Any, ...]]]

_BEHIND = (
    "SELECT projector FROM projection_state"
    " WHERE last_applied_sequence <> (SELECT max(sequence) FROM orchestration_events)"
)
_NO_RECEIPT = (
    "SELECT DISTINCT command_id FROM orchestration_events WHERE command_id IS NOT NULL AND command_id NOT IN"
    " (SELECT command_id FROM orchestration_command_receipts)"
)
_WRITTEN = (
    "SELECT sequence, digest FROM updates",
    "SELECT sequence, event_id FROM orchestration_events",
    "SELECT command_id, status, result, digest FROM orchestration_command_receipts",
    "SELECT message_id, owner FROM turn_leases",
    "SELECT * FROM checkpoint_diff_blobs",
)
_MESSAGES = "SELECT message_id, thread_id, turn_id, role, text, is_streaming FROM projection_thread_messages"
_THREADS = (
    "SELECT thread_id, title, model, branch, worktree_path, deleted_at IS NOT NULL FROM projection_threads"
)
_RUNNING = "SELECT thread_id, turn_id FROM projection_thread_turns WHERE status = 'running'"
_SESSIONS = "SELECT thread_id, status, active_turn_id FROM projection_thread_sessions"
_WAITING = "SELECT thread_id, message_id FROM pending_turn_starts"
_HIDDEN = "SELECT row_json FROM reverted_rows WHERE table_name = ?"


class Elsewhere(Protocol):
    """A store to fold in that is no one's, as `chatdoc.store.memory.blank_tables` makes one."""

    @property
    def execute(self) -> Execute:
        """Runs a statement there."""

    @property
    def executemany(self) -> ExecuteMany:
        """Runs a statement there for each row of values."""


def rows_of(execute: Execute) -> Rows:
    """Every folded row, in a fixed order."""
    return {table: sorted(execute(f"SELECT * FROM {table}").fetchall(), key=repr) for table in TABLES}


def written(execute: Execute) -> list[list[tuple[Any, ...]]]:
    """What is written but not folded: updates, events, receipts, leases, differences."""
    return [sorted(execute(question).fetchall(), key=repr) for question in _WRITTEN]


def assert_log_is_whole(execute: Execute) -> None:
    """Raise AssertionError for a projector that is behind, or a command without its receipt."""
    behind = [row[0] for row in execute(_BEHIND)]
    assert not behind, f"{behind} have not applied the last event"
    without = [row[0] for row in execute(_NO_RECEIPT)]
    assert not without, f"commands {without} have events and no receipt"


def assert_rebuilt(execute: Execute, history: History, elsewhere: Elsewhere) -> None:
    """Raise AssertionError unless the folded rows are those that the whole log gives, folded from zero elsewhere."""
    rebuild(elsewhere.execute, history.read, executemany=elsewhere.executemany)
    anew, kept = rows_of(elsewhere.execute), rows_of(execute)
    for table in TABLES:
        _assert_same(table, kept[table], anew[table], "stored", "folded from zero")


def assert_shown(
    execute: Execute, views: Collection[View], *, told: Collection[str] = (), taken: Collection[str] = ()
) -> None:
    """Raise AssertionError unless rows, shown or hidden by a revert, say what the documents of a store show.

    `told` are threads whose session was last told by command; in those `taken`, a start may have been taken so.
    """
    threads: list[tuple[Any, ...]] = []
    messages: list[tuple[Any, ...]] = []
    sessions: list[tuple[Any, ...]] = []
    waiting: list[tuple[Any, ...]] = []
    for view in views:
        threads += [_thread(view, one) for one in view.thread_facts]
        for message_id in view.headers:
            shown = show(parts_of(view, message_id))
            if shown.deleted is None:
                messages.append(_message(view, message_id))
            if shown.queued is not None:
                waiting.append((shown.thread_id, message_id))
        sessions += [_session(view, one) for one, facts in view.states.items() if facts]
    _assert_same("projection_threads", execute(_THREADS), threads, "stored", "shown")
    _assert_same(
        "projection_thread_messages",
        _shown_or_hidden(execute, _MESSAGES, "projection_thread_messages", 6),
        messages,
        "stored",
        "shown",
    )
    stored = [row for row in execute(_SESSIONS) if row[0] not in told]
    expected = [row for row in sessions if row[0] not in told]
    _assert_same("projection_thread_sessions", stored, expected, "stored", "shown")
    # One that was asked for again after a revert is there twice.
    starts = set(_shown_or_hidden(execute, _WAITING, "pending_turn_starts", 2))
    stored = [row for row in starts if row[0] not in taken or row not in waiting]
    expected = [row for row in waiting if row[0] not in taken]
    _assert_same("pending_turn_starts", stored, expected, "stored", "shown")


def assert_turns_run(execute: Execute, views: Collection[View], *, taken: Collection[str] = ()) -> None:
    """Raise AssertionError for a turn that is said to run while no message is being written for it."""
    generating: set[str] = set()
    for view in views:
        generating |= view.generating
    ghosts = [row for row in execute(_RUNNING) if row[0] not in taken and row[1] not in generating]
    assert not ghosts, f"turns {ghosts} are said to run, and nobody writes"


def _shown_or_hidden(execute: Execute, question: str, table: str, columns: int) -> list[tuple[Any, ...]]:
    hidden = [tuple(msgspec.json.decode(row)[:columns]) for (row,) in execute(_HIDDEN, (table,)).fetchall()]
    return [*execute(question).fetchall(), *hidden]


def _thread(view: View, thread_id: str) -> tuple[Any, ...]:
    thread, config = view.thread(thread_id), view.config(thread_id)
    assert thread is not None, f"thread {thread_id} has facts and is not shown"
    model = (config.acp_config or {}).get("model")
    branch, path = (config.extra.get(field) for field in ("branch", "worktree_path"))
    return (
        thread_id,
        config.name or "",
        model if isinstance(model, str) else "",
        branch if isinstance(branch, str) else None,
        path if isinstance(path, str) else None,
        int(thread.deleted_at is not None),
    )


def _message(view: View, message_id: str) -> tuple[Any, ...]:
    message, shown = view.message(message_id), show(parts_of(view, message_id))
    assert message is not None, f"message {message_id} has a header and is not shown"
    streaming = message.generating
    assert streaming == shown.streaming, f"message {message_id} is told to be streaming: {shown.streaming}"
    text = shown.text if streaming else message.content
    assert message.content.startswith(text), f"of message {message_id}, {text!r} is told to be streamed"
    turn_id = message_id if shown.role == "assistant" else None
    return (message_id, message.thread_id, turn_id, shown.role, text, int(streaming))


def _session(view: View, thread_id: str) -> tuple[Any, ...]:
    state = view.state(thread_id)
    assert state is not None, f"thread {thread_id} has states and none that is shown"
    return (thread_id, STATUS[state.state], state.active_message_id if state.state == "running" else None)


def _assert_same(
    table: str, one: Iterable[tuple[Any, ...]], other: Iterable[tuple[Any, ...]], here: str, there: str
) -> None:
    ours, theirs = sorted(one, key=repr), sorted(other, key=repr)
    if ours == theirs:
        return
    only = [list((Counter(a) - Counter(b)).elements())[:4] for a, b in ((ours, theirs), (theirs, ours))]
    raise AssertionError(f"{table} differs; only {here}: {only[0]}; only {there}: {only[1]}")
