"""The tables of the orchestration contract, written down apart from the steps that make them, with our additions.

Added are: the digest that chains an event, four columns of the receipts that say and seal an answer, a turn count that
may be NULL until there is a checkpoint, an index over running turns, and the tables `pending_turn_starts`
and `reverted_rows`. Left out is the index over the sequence of a stream, which grows as its version does.
"""

from __future__ import annotations

from typing import NamedTuple

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
            "digest": ("BLOB", NN),
        },
        key=("sequence",),
        unique=(("event_id",), ("aggregate_kind", "stream_id", "stream_version")),
        checks={"aggregate_kind": KINDS, "actor_kind": ("client", "server", "provider")},
    ),
    "orchestration_command_receipts": Expected(
        {
            **maybe("command_id"),
            **text("aggregate_kind", "aggregate_id", "accepted_at"),
            **number("result_sequence"),
            **text("status"),
            **maybe("error"),
            **text("command_digest"),
            "result": ("BLOB", NN),
            "update_sequence": ("INTEGER", NULL),
            "digest": ("BLOB", NN),
        },
        key=("command_id",),
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
        key=("table_name", "row_id", "revert_sequence"),
        indexes=(("thread_id", "revert_sequence"),),
    ),
}
CONTRACT = {**WRITE_TABLES, **PROJECTIONS}
