"""A jupyterlab-chat file becomes one thread, or those an export of ours told; what else the file holds stays with it.

The file is one JSON object with `messages`, `users`, `attachments` and `metadata`. The first message is the root. Ids
(UUIDs) are kept; what a message carries besides keeps its own name, and a message by a user that is a bot is an
agent's; the other parts become fields of the document, `jupyter.users` and so on.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec.structs import replace

from chatdoc.model.clock import MS_MAX, iso
from chatdoc.model.errors import UnreadableFile
from chatdoc.model.facts import DocumentFact, Fact, Header, MarkFact
from chatdoc.model.ids import MessageId, Stamp, ThreadId, derive, is_id
from chatdoc.model.records.attic import AtticRow
from migrate.jupyter.claims import claims
from migrate.jupyter.threads import EXPORTED, place, told_threads
from migrate.nesting import is_deep
from migrate.odd_value import kind_of

__all__ = ["EXPORTED", "NAME", "PREFIX", "claims", "facts_of", "parse"]

NAME = "jupyter"
PREFIX = "jupyter."
"""What document fields of this format begin with."""

Note = Callable[[int, str, str, str], None]
"""Takes the message's place in the list, from 1, the anomaly's code, what was found and what was decided."""
_OWN = {"id", "body", "sender", "time", "deleted"}
_canonical = msgspec.json.Encoder(order="deterministic").encode


def parse(source: bytes) -> dict[str, Any]:
    """The JSON object of a file.

    Raises UnreadableFile, with line and column, for anything else; a damaged chat is never an empty one.
    """
    try:
        # What a power failure leaves of a file's last block is no part of the object.
        found = json.loads(source.rstrip(b"\0").decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        raise _unreadable(f"byte {error.start} (line {line}) is no UTF-8") from None
    except json.JSONDecodeError as error:
        raise _unreadable(f"line {error.lineno} column {error.colno}: {error.msg}") from None
    except (RecursionError, ValueError) as error:
        raise _unreadable(f"its JSON cannot be read ({type(error).__name__})") from None
    messages = found.get("messages", []) if isinstance(found, dict) else None
    if messages is not None and not isinstance(messages, list):
        raise _unreadable(f"expected a list of messages, got {type(messages).__name__}")
    if not isinstance(found, dict):
        raise _unreadable(f"expected one JSON object, got {type(found).__name__}")
    return found


def facts_of(found: dict[str, Any], note: Note) -> list[Fact]:
    """The facts of a parsed file, in the order of its messages after the document's own; raises as `parse` does."""
    if is_deep(found):
        raise _unreadable("its JSON is nested too deep")
    clean: dict[str, Any] = _cleaned(found, note)
    told = told_threads(clean.get("metadata"))
    if told:
        clean["metadata"] = {name: value for name, value in clean["metadata"].items() if name != EXPORTED}
    bots = _bots(clean.get("users"))
    facts: list[Fact] = [
        DocumentFact(field=PREFIX + part, value=clean[part]) for part in sorted(clean) if part != "messages"
    ]
    headers: list[Header] = []
    seen: set[str] = set()
    deleted: list[tuple[MessageId, int]] = []
    if clean.get("messages") is None:
        note(0, "no_messages", "`messages` is missing or null", "the chat is empty")
    ms = next((one for one in map(_ms, clean.get("messages") or ()) if one is not None), 0)
    for number, message in enumerate(clean.get("messages") or (), 1):
        if not isinstance(message, dict):
            note(number, "no_message", f"message {number} is no object", "it is kept in the attic")
            facts.append(AtticRow(kind="row", reason="no message", text=_canonical(message).decode()))
            continue
        header, ms = _header(number, message, ms, note)
        if header.sender_id in bots:
            # The trace that tells an agent's message from a person's; its turn is over.
            header = replace(header, fields={"generating": False, **(header.fields or {})})
        if header.message_id in seen:
            note(
                number,
                "repeated_message_id",
                f"id {header.message_id} stands twice",
                "it is one message, with both texts",
            )
        seen.add(header.message_id)
        headers.append(header)
        if message.get("deleted") is True:
            deleted.append((header.message_id, ms))
    facts += place(headers, told)
    for message_id, ms in deleted:
        stamp = Stamp(derive("mark", ms, message_id, "deleted", "true"))
        facts.append(MarkFact(message_id=message_id, field="deleted", stamp=stamp, value=True, by=""))
    return facts


def _bots(users: Any) -> set[str]:
    """The users who are no people."""
    found = users.items() if isinstance(users, dict) else ()
    return {name for name, user in found if isinstance(user, dict) and user.get("bot") is True}


def _ms(message: Any) -> int | None:
    """When a message was sent, or None where it does not say."""
    time = message.get("time") if isinstance(message, dict) else None
    if isinstance(time, int | float) and not isinstance(time, bool) and 0 <= time <= MS_MAX / 1000:
        return round(time * 1000)
    return None


def _header(number: int, message: dict[str, Any], before_ms: int, note: Note) -> tuple[Header, int]:
    fields = {name: value for name, value in message.items() if name not in _OWN}
    metadata = message.get("metadata")
    if isinstance(metadata, dict) and isinstance(metadata.get(EXPORTED), dict):
        rest = {name: value for name, value in metadata.items() if name != EXPORTED}
        fields = {**metadata[EXPORTED], **fields, "metadata": rest}
        if not rest:
            del fields["metadata"]
    time = message.get("time")
    found = _ms(message)
    ms = before_ms if found is None else found
    if found is None:
        note(number, "unfit_time", f"time is {kind_of(time)}", "that of the message before was taken")
    if "time" in message and (found is None or ms / 1000 != time):
        fields["time"] = time
    texts = {}
    for name in ("body", "sender"):
        value = message.get(name)
        texts[name] = value if isinstance(value, str) else ""
        if not isinstance(value, str):
            note(number, f"unfit_{name}", f"{name} is {kind_of(value)}", "an empty text was taken")
            if name in message:
                fields[name] = value
    if "deleted" in message and not isinstance(message["deleted"], bool):
        fields["deleted"] = message["deleted"]
    message_id = message.get("id")
    if not isinstance(message_id, str) or not is_id(message_id):
        old = message_id if isinstance(message_id, str) and message_id else None
        message_id = (
            derive("message", ms, old) if old else derive("message", ms, texts["sender"], texts["body"])
        )
        note(
            number,
            "foreign_message_id" if old else "missing_message_id",
            f"id is {kind_of(old)}",
            f"it is {message_id}",
        )
        if old:
            fields["legacy_message_id"] = old
    header = Header(
        message_id=MessageId(message_id),
        thread_id=ThreadId(""),
        sender_id=texts["sender"],
        date=iso(ms),
        content=texts["body"],
        fields=fields or None,
    )
    return header, ms


def _cleaned(value: Any, note: Note) -> Any:
    """The value without what UTF-8 and JSON cannot spell again; each such place is noted."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            note(0, "lone_surrogate", f"in {kind_of(value)}", "halves of characters became U+FFFD")
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    elif isinstance(value, float) and value - value != 0:
        note(0, "no_number", f"{value}", "it is kept as a text")
        return str(value)
    elif isinstance(value, dict):
        return {_cleaned(name, note): _cleaned(inner, note) for name, inner in value.items()}
    elif isinstance(value, list):
        return [_cleaned(inner, note) for inner in value]
    return value


def _unreadable(what: str) -> UnreadableFile:
    return UnreadableFile(
        f"this looks like a jupyterlab-chat file, but {what}",
        hint="Nothing was changed; repair the file or restore it from a backup",
    )
