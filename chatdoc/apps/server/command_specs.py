"""Command table: the type of a JSON command names a method, and its fields are that method's parameters."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from chatdoc.apps.server.document_access import call_method
from chatdoc.document import Document
from chatdoc.engine.permission import Permit, permitting
from chatdoc.model.errors import CommandRefused


class Spec(NamedTuple):
    """One type of command: the method it calls, the field that names its author, and what it must and may have."""

    method: str
    author: str | None
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()


NAME_LENGTH_MAX = 200
"""Of a command id, and of an author."""
CONFIG = ("name", "thread_color", "thread_icon", "pin", "acp_config")
"""The fields of a thread's config."""
ASKER = "by"
"""The field that names who asks for what only the log knows; judged by whose turn it is, he need not be named."""
SPECS: dict[str, Spec] = {
    "create_thread": Spec("create_thread", "sender_id", ("content",), (*CONFIG, "message_id", "fields")),
    "send": Spec("send", "sender_id", ("thread_id", "content"), ("reply_to", "message_id", "fields")),
    "edit": Spec("edit", "author_id", ("message_id", "content")),
    "delete": Spec("delete_message", "deleted_by", ("message_id",)),
    "delete_message": Spec("delete_message", "deleted_by", ("message_id",)),
    "delete_thread": Spec("delete_thread", "deleted_by", ("thread_id",)),
    "restore_message": Spec("restore_message", "restored_by", ("message_id",)),
    "restore_thread": Spec("restore_thread", "restored_by", ("thread_id",)),
    "configure": Spec("configure", "updated_by", ("thread_id",), (*CONFIG, "fields")),
    "fork": Spec("fork", "sender_id", ("thread_id", "at"), ("name",)),
    "queue_turn": Spec(
        "queue_turn", "sender_id", ("thread_id",), ("content", "message_id", "reply_to", "fields")
    ),
    "withdraw": Spec("withdraw", "by", ("thread_id", "message_id")),
    "send_now": Spec("send_now", "by", ("thread_id", "message_id")),
    "interrupt": Spec("interrupt", "by", ("thread_id", "message_id"), ("reason",)),
    "request_interrupt": Spec("request_interrupt", None, ("thread_id",), ("turn_id", ASKER)),
    "append_activity": Spec(
        "append_activity",
        None,
        ("thread_id", "kind", "summary"),
        ("tone", "payload", "turn_id", "activity_id", "metadata", "created_at"),
    ),
    "request_approval": Spec(
        "request_approval", None, ("thread_id", "request_id", "summary"), ("payload", "turn_id", "expires_at")
    ),
    "respond_approval": Spec("respond_approval", None, ("thread_id", "request_id", "decision"), (ASKER,)),
    "expire_approval": Spec("expire_approval", None, ("thread_id", "request_id")),
    "stop_session": Spec("stop_session", None, ("thread_id",), (ASKER,)),
    "revert": Spec("revert", None, ("thread_id", "turn_count"), (ASKER,)),
    "undo_revert": Spec("undo_revert", None, ("thread_id",), (ASKER,)),
}
JOINING = frozenset(
    {
        "create_thread", "send", "edit", "delete", "delete_message", "delete_thread", "restore_message",
        "restore_thread", "configure", "fork", "append_activity",
    }
)  # fmt: skip
"""Types that are one change of the document and nothing besides: several of them may be one transaction."""


class Given(NamedTuple):
    """A command whose fields and author were checked."""

    kind: str
    fields: dict[str, Any]
    command_id: str | None
    permit: Permit | None = None
    """Asked for each fact that the command would write, or for the command where it writes events alone."""


def carry_out(doc: Document, given: Given) -> dict[str, Any]:
    """The record that a command made, as JSON has it; raises CommandRefused where a field has a wrong type."""
    try:
        with permitting(given.permit):
            record = call_method(
                doc, SPECS[given.kind].method, {**given.fields, "command_id": given.command_id}
            )
    except TypeError as error:
        raise CommandRefused(f"a field of the command has a wrong type: {type(error).__name__}") from error
    if isinstance(record, int):
        return {"sequence": record}
    return {"kind": type(record).__name__, "record": msgspec.to_builtins(record)}
