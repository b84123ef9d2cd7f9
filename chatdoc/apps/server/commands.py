"""Commands as JSON, over HTTP and the socket: parameters of the Python methods, answered with receipt and record."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import msgspec

from chatdoc.apps.server.command_specs import ASKER, NAME_LENGTH_MAX, SPECS, Given, Spec
from chatdoc.apps.server.metrics import Metrics
from chatdoc.apps.server.principal import Principal, speaks_for
from chatdoc.apps.server.room import Room
from chatdoc.model.arguments import shortly
from chatdoc.model.errors import (
    ChatdocError,
    CommandConflict,
    CommandRefused,
    DocumentMoved,
    InvariantRefused,
    MigrationFailed,
    NotAllowed,
    NotFound,
    NotMigrated,
)

COMMAND_BYTES_MAX = 16 * 1024 * 1024


_RESERVED = frozenset(
    {"self", "command_id", *(name for one in SPECS.values() for name in (*one.required, one.author or ""))}
)
"""Names that `fields` may not have: they are parameters."""
_STATUS: tuple[tuple[type[ChatdocError], int, str], ...] = (
    (NotFound, 404, "not_found"),
    (NotAllowed, 403, "not_allowed"),
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
    use: AbstractAsyncContextManager[Room],
    principal: Principal,
    body: bytes,
    metrics: Metrics,
    words: Callable[[ChatdocError], str],
) -> tuple[int, dict[str, Any]]:
    """Carry out one command in a room; the HTTP status and the JSON that says what became of it.

    The room is entered for a command that can be read and may be given, so that no other makes a document; `words` is
    what a client is told of an error.
    """
    command_id: str | None = None
    kind = "unknown"
    try:
        given = _read(body)
        kind, command_id = given.pop("type"), given.pop("command_id", None)
        spec = SPECS[kind]
        fields = _checked(kind, spec, given, principal)
        if command_id is not None and not _is_name(command_id):
            raise _Misuse(f"command_id: expected 1 to {NAME_LENGTH_MAX} characters")
        async with use as room:
            permit = room.permit(principal, names_author=spec.author is not None)
            record = await room.commands.carry_out(Given(kind, fields, command_id, permit))
    except _Misuse as error:
        metrics.commands.labels(kind, "misuse").inc()
        return 400, refusal(command_id, "misuse", str(error))
    except _Forbidden as error:
        metrics.commands.labels(kind, "forbidden").inc()
        return 403, refusal(command_id, "not_allowed", str(error))
    except ChatdocError as error:
        metrics.commands.labels(kind, "refused").inc()
        status, code = status_of(error)
        if status == 503:  # Nobody has decided: the same command may be taken later.
            return status, {**refusal(command_id, code, words(error)), "receipt": None}
        return status, refusal(command_id, code, words(error))
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
    own = principal.user_id
    if ASKER in spec.optional and _is_name(own) and speaks_for(principal, own):
        given.setdefault(ASKER, own)
    author = spec.author or (ASKER if ASKER in spec.optional and ASKER in given else None)
    if author is not None:
        name = given.setdefault(author, own or None)
        if not _is_name(name):
            raise _Misuse(f"{kind}: expected {author}, a name of 1 to {NAME_LENGTH_MAX} characters")
        if not speaks_for(principal, str(name)):
            hint = f"; its own name is {shortly(own)}" if own else ""
            raise _Forbidden(f"{kind}: this client may not speak for the {author} it gave{hint}")
    return given


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= NAME_LENGTH_MAX


class _Forbidden(Exception):
    """A command that this client may not give."""
