"""A command's answer is a record; its receipt keeps that record, so a retry gets the same answer."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import msgspec

from chatdoc.commands.decide import Command
from chatdoc.commands.plan import Plan
from chatdoc.errors import CommandConflict, CommandRefused
from chatdoc.reader import Reader
from chatdoc.records.message import Message
from chatdoc.records.thread import Thread
from chatdoc.records.thread_config import ThreadConfig
from chatdoc.store.log import Receipt

_encode = msgspec.json.Encoder(order="deterministic").encode
_TYPES: dict[str, type[Any]] = {
    "thread": Thread,
    "message": Message,
    "config": ThreadConfig,
    "none": type(None),
}


def read(reader: Reader, plan: Plan) -> Any:
    """The record a plan answers with."""
    match plan.kind:
        case "thread":
            return reader.thread(plan.subject)
        case "message":
            return reader.message(plan.subject)
        case "config":
            return reader.config(plan.subject)
        case "none":
            return None


def write(reader: Reader, plan: Plan) -> bytes:
    """The same record as a receipt keeps it."""
    return bytes(_encode({"kind": plan.kind, "record": read(reader, plan)}))


def digest(command: Command) -> str:
    """Tells two commands apart: SHA-256 of the command's canonical JSON, in hex."""
    return sha256(_encode(command)).hexdigest()


def refusal(command_id: str, command_digest: str, error: Exception) -> Receipt:
    """The receipt of a command that was refused."""
    return Receipt(
        command_id=command_id,
        command_digest=command_digest,
        status="rejected",
        result=b"null",
        error=str(error),
    )


def repeat(receipt: Receipt, command_id: str, command_digest: str) -> Any:
    """The first answer to a command id; raises the first refusal, or CommandConflict for a different command."""
    if receipt.command_digest != command_digest:
        raise CommandConflict(
            f"command id {command_id!r} was used for another command before",
            hint="Give every new command an id of its own; repeat an id only to repeat its command",
        )
    if receipt.status == "rejected":
        raise CommandRefused(receipt.error or f"command {command_id!r} was refused before")
    answer = msgspec.json.decode(receipt.result)
    return msgspec.convert(answer["record"], _TYPES[answer["kind"]])
