"""Commands as JSON, over HTTP and the socket: parameters of the Python methods, answered with receipt and record."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from chatdoc.apps.server.document_access import call_method
from chatdoc.apps.server.metrics import Metrics
from chatdoc.apps.server.principal import Principal, speaks_for
from chatdoc.apps.server.room import Room
from chatdoc.document import Document
from chatdoc.model.errors import (
    ChatdocError,
    CommandConflict,
    CommandRefused,
    DocumentMoved,
    InvariantRefused,
    MigrationFailed,
    NotFound,
    NotMigrated,
)

COMMAND_BYTES_MAX = 16 * 1024 * 1024
NAME_LENGTH_MAX = 200


class Spec(NamedTuple):
    """One type of command: the method it calls, the field that names its author, and what it must and may have."""

    method: str
    author: str | None
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()


CONFIG = ("name", "thread_color", "thread_icon", "pin", "acp_config")
"""The fields of a thread's config."""
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
    "request_interrupt": Spec("request_interrupt", None, ("thread_id",), ("turn_id",)),
    "append_activity": Spec(
        "append_activity",
        None,
        ("thread_id", "kind", "summary"),
        ("tone", "payload", "turn_id", "activity_id", "metadata", "created_at"),
    ),
    "request_approval": Spec(
        "request_approval", None, ("thread_id", "request_id", "summary"), ("payload", "turn_id", "expires_at")
    ),
    "respond_approval": Spec("respond_approval", None, ("thread_id", "request_id", "decision")),
    "expire_approval": Spec("expire_approval", None, ("thread_id", "request_id")),
    "stop_session": Spec("stop_session", None, ("thread_id",)),
    "revert": Spec("revert", None, ("thread_id", "turn_count")),
    "undo_revert": Spec("undo_revert", None, ("thread_id",)),
}
_RESERVED = frozenset(
    {"self", "command_id", *(name for one in SPECS.values() for name in (*one.required, one.author or ""))}
)
"""Names that `fields` may not have: they are parameters."""
_STATUS: tuple[tuple[type[ChatdocError], int, str], ...] = (
    (NotFound, 404, "not_found"),
    (DocumentMoved, 410, "document_moved"),
    (CommandConflict, 409, "command_conflict"),
    (InvariantRefused, 409, "invariant_refused"),
    (CommandRefused, 409, "command_refused"),
    (NotMigrated, 409, "read_only"),
    (MigrationFailed, 409, "read_only"),
)


class _Misuse(Exception):
    """A command that cannot be read; the words say what was expected."""


async def answer(
    room: Room, principal: Principal, body: bytes, metrics: Metrics
) -> tuple[int, dict[str, Any]]:
    """Carry out one command; the HTTP status and the JSON that says what became of it."""
    command_id: str | None = None
    kind = "unknown"
    try:
        given = _read(body)
        kind, command_id = given.pop("type"), given.pop("command_id", None)
        spec = SPECS[kind]
        fields = _checked(kind, spec, given, principal)
        if command_id is not None and not _is_name(command_id):
            raise _Misuse(f"command_id: expected 1 to {NAME_LENGTH_MAX} characters")
        record = await room.call(lambda doc: _carry_out(doc, spec, fields, command_id))
    except _Misuse as error:
        metrics.commands.labels(kind, "misuse").inc()
        return 400, refusal(command_id, "misuse", str(error))
    except _Forbidden as error:
        metrics.commands.labels(kind, "forbidden").inc()
        return 403, refusal(command_id, "not_allowed", str(error))
    except ChatdocError as error:
        metrics.commands.labels(kind, "refused").inc()
        status, code = status_of(error)
        return status, refusal(command_id, code, str(error))
    metrics.commands.labels(kind, "accepted").inc()
    return 200, {
        "type": "answer",
        "ok": True,
        "command_id": command_id,
        "receipt": {"command_id": command_id, "status": "accepted"},
        **record,
    }


def status_of(error: ChatdocError) -> tuple[int, str]:
    """The HTTP status and the code that say which kind of error this is."""
    for kind, status, code in _STATUS:
        if isinstance(error, kind):
            return status, code
    return 503, "".join(f"_{one.lower()}" if one.isupper() else one for one in type(error).__name__)[1:]


def refusal(command_id: str | None, code: str, message: str) -> dict[str, Any]:
    """The JSON of what was not carried out; a refusal under a command id is the answer to its repetitions too."""
    receipt = {"command_id": command_id, "status": "rejected"} if command_id is not None else None
    return {
        "type": "answer",
        "ok": False,
        "command_id": command_id,
        "receipt": receipt,
        "error": {"code": code, "message": message},
    }


def _read(body: bytes) -> dict[str, Any]:
    if len(body) > COMMAND_BYTES_MAX:
        raise _Misuse(f"expected a command of at most {COMMAND_BYTES_MAX} bytes")
    try:
        given = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        given = None
    if not isinstance(given, dict) or not isinstance(given.get("type"), str):
        raise _Misuse('expected a JSON object with "type"')
    if given["type"] not in SPECS:
        raise _Misuse(f"type: expected one of {', '.join(SPECS)}")
    return given


def _checked(kind: str, spec: Spec, given: dict[str, Any], principal: Principal) -> dict[str, Any]:
    if principal.read_only:
        raise _Forbidden("this client may only read")
    if missing := [name for name in spec.required if name not in given]:
        raise _Misuse(f"{kind}: expected {', '.join(missing)} too")
    allowed = {*spec.required, *spec.optional, spec.author}
    if more := sorted(given.keys() - allowed):
        raise _Misuse(f"{kind}: knows no field {more[0][:80]!r}")
    further = given.get("fields", {})
    if not isinstance(further, dict) or not set(further).isdisjoint(_RESERVED):
        raise _Misuse(f"{kind}: expected fields, an object with none of {', '.join(sorted(_RESERVED))}")
    if spec.author is not None:
        author = given.setdefault(spec.author, principal.user_id or None)
        if not _is_name(author):
            raise _Misuse(f"{kind}: expected {spec.author}, a name of 1 to {NAME_LENGTH_MAX} characters")
        if not speaks_for(principal, str(author)):
            raise _Forbidden(f"{kind}: this client may not speak for the {spec.author} it gave")
    return given


def _carry_out(doc: Document, spec: Spec, fields: dict[str, Any], command_id: str | None) -> dict[str, Any]:
    try:
        record = call_method(doc, spec.method, {**fields, "command_id": command_id})
    except TypeError as error:
        raise CommandRefused(f"a field of the command has a wrong type: {type(error).__name__}") from error
    if isinstance(record, int):
        return {"sequence": record}
    return {"kind": type(record).__name__, "record": msgspec.to_builtins(record)}


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= NAME_LENGTH_MAX


class _Forbidden(Exception):
    """A command that this client may not give."""
