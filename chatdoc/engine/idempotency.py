"""Idempotency receipts: a command's answer is a record, which its receipt keeps or names, so a retry gets the same one.

A message that was only just written is named by the key of its header: that is a lasting fact, whose key certifies it,
and says all that the answer says. Of any other message, the receipt keeps the fields and names the texts.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import msgspec
from msgspec import UNSET

from chatdoc.crdt.keys import encode
from chatdoc.engine.named_history import find_history, name_history
from chatdoc.model.commands.activities import RespondApproval
from chatdoc.model.commands.checkpoints import RevertCheckpoint, UndoRevert
from chatdoc.model.commands.decide import Command
from chatdoc.model.commands.plan import Plan
from chatdoc.model.commands.sessions import RequestTurnInterrupt, StopSession
from chatdoc.model.errors import CommandConflict, CommandRefused, NotFound, StoreDamaged
from chatdoc.model.facts import Header
from chatdoc.model.records.thread import Thread
from chatdoc.model.records.thread_config import ThreadConfig
from chatdoc.model.view.assemble import build_message
from chatdoc.model.view.view import View
from chatdoc.store.ports import Receipt

_encode = msgspec.json.Encoder(order="deterministic").encode
_NAMING = (RespondApproval, RevertCheckpoint, UndoRevert, RequestTurnInterrupt, StopSession)
_TYPES: dict[str, type[Any]] = {
    "thread": Thread,
    "config": ThreadConfig,
    "sequence": int,
    "none": type(None),
}


def answer_of(view: View, plan: Plan, last_event: int = 0) -> Any:
    """The record a plan answers with, in a view that has its facts; for events alone, the sequence of the last one."""
    match plan.kind:
        case "thread":
            return view.thread(plan.subject)
        case "message":
            return view.message(plan.subject)
        case "config":
            return view.config(plan.subject)
        case "sequence":
            return last_event
        case "none":
            return None


def acceptance(view: View, command_id: str, command_digest: str, plan: Plan, record: Any) -> Receipt:
    """The receipt of a command that was carried out, with the record that answered it, or the key of its header."""
    thread_id = view.thread_of(plan.subject) if plan.kind == "message" else plan.subject
    if plan.kind == "message" and view.is_as_written(plan.subject):
        answer: dict[str, Any] = {
            "kind": "written",
            "record": plan.subject,
            "key": _key(view.headers[plan.subject]),
        }
    elif plan.kind == "message":
        answer = {"kind": "message", "record": name_history(view, record)}
    else:
        answer = {"kind": plan.kind, "record": record}
    return Receipt(
        command_id=command_id,
        command_digest=command_digest,
        status="accepted",
        result=_encode(answer),
        aggregate_kind="thread" if thread_id else "project",
        aggregate_id=thread_id or str(view.document_id()),
    )


def digest(command: Command) -> str:
    """Tells two commands apart: half a SHA-256 of its canonical JSON, in hex; raises CommandRefused without one.

    Who asks is no part of it: a server that names its users answers what was given before it did.
    """
    try:
        if isinstance(command, _NAMING):
            command = msgspec.structs.replace(command, by=UNSET)
        return sha256(_encode(command)).hexdigest()[:32]
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise CommandRefused(
            f"{type(command).__name__} holds a value that JSON cannot spell: {error}",
            hint="Give texts, numbers of up to 64 bits, true, false, None, lists and dicts",
        ) from error


def _key(header: Header) -> str:
    return encode(header)[1]


def refusal(view: View, command_id: str, command_digest: str, command: Command, error: Exception) -> Receipt:
    """The receipt of a command that was refused; it belongs to the thread that the command named."""
    named = getattr(command, "thread_id", None) or view.thread_of(str(getattr(command, "message_id", "")))
    return Receipt(
        command_id=command_id,
        command_digest=command_digest,
        status="rejected",
        result=_encode({"refused": type(error).__name__}),
        error=str(error),
        aggregate_kind="thread" if isinstance(named, str) else "project",
        aggregate_id=named if isinstance(named, str) else str(view.document_id()),
    )


def repeat(view: View, receipt: Receipt, command_id: str, command_digest: str) -> Any:
    """The first answer to a command id; raises the first refusal, or CommandConflict for a different command.

    Raises StoreDamaged where the record that the receipt names is not in the view.
    """
    if receipt.command_digest != command_digest:
        raise CommandConflict(
            f"command id {command_id!r} was used for another command before",
            hint="Give every new command an id of its own; repeat an id only to repeat its command",
        )
    if receipt.status == "rejected":
        kind = msgspec.json.decode(receipt.result) or {}
        missing = kind.get("refused") == NotFound.__name__
        raise (NotFound if missing else CommandRefused)(receipt.error or f"{command_id!r} was refused before")
    answer = msgspec.json.decode(receipt.result)
    if answer["kind"] == "written":
        for header in (
            view.variants_of_message(answer["record"]) if view.has_message(answer["record"]) else ()
        ):
            if _key(header) == answer["key"]:
                return build_message([header], (), {}, {})
        raise _lost(command_id, answer["record"])
    if answer["kind"] == "message":
        message = find_history(view, answer["record"])
        if message is None:
            raise _lost(command_id, answer["record"]["message_id"])
        return message
    return msgspec.convert(answer["record"], _TYPES[answer["kind"]])


def _lost(command_id: str, message_id: str) -> StoreDamaged:
    return StoreDamaged(
        f"the receipt of command {command_id!r} names message {message_id} as it was then, and the document does not "
        "have it",
        hint="`chatdoc check` says what else is damaged",
    )
