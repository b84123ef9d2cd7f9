"""A jupyterlab-chat file becomes one thread: the first message is its root, and what else the file holds stays with it.

The file is one JSON object with `messages`, `users`, `attachments` and `metadata`. Ids (UUIDs) are kept; what a message
carries besides keeps its own name; the other parts become fields of the document, `jupyter.users` and so on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import msgspec

from chatdoc.model.clock import MS_MAX, iso, ms_of
from chatdoc.model.errors import UnreadableFile
from chatdoc.model.facts import DocumentFact, Fact, Header, MarkFact, SettingFact, ThreadFact
from chatdoc.model.ids import MessageId, Stamp, ThreadId, derive, is_id
from chatdoc.model.records.attic import AtticRow
from migrate.nesting import is_deep

NAME = "jupyter"
PREFIX = "jupyter."
"""What document fields of this format begin with."""

Note = Callable[[int, str, str, str], None]
"""Takes the message's place in the list, from 1, the anomaly's code, what was found and what was decided."""
EXPORTED = "chatdoc"
"""The key in a message's `metadata` under which an export puts the fields jupyterlab-chat does not know."""

_OWN = {"id", "body", "sender", "time", "deleted"}
_TRACES = {"acp_thread_id", "acp_usage", "acp_interrupted"}
"""Fields that an agent's turn leaves; a thread with any has a config, if only the defaults."""
_HEAD = re.compile(r'\{\s*"(?:messages|users|attachments|metadata)"\s*:')
_ROW_KEYS = ("event", "date", "mesg")
_canonical = msgspec.json.Encoder(order="deterministic").encode


def claims(source: bytes) -> bool:
    """Whether the bytes are, or once were, a jupyterlab-chat file; a damaged one is claimed too, to be refused."""
    text = source[:65_536].decode("utf-8-sig", "replace").lstrip()
    if re.match(r"\{\s*\n", text):
        return '"messages"' in text
    return _HEAD.match(text) is not None and not _is_row(source.lstrip().split(b"\n", 1)[0])


def parse(source: bytes) -> dict[str, Any]:
    """The JSON object of a file.

    Raises UnreadableFile, with line and column, for anything else; a damaged chat is never an empty one.
    """
    try:
        found = json.loads(source.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        raise _unreadable(f"byte {error.start} (line {line}) is no UTF-8") from None
    except json.JSONDecodeError as error:
        raise _unreadable(f"line {error.lineno} column {error.colno}: {error.msg}") from None
    except (RecursionError, ValueError) as error:
        raise _unreadable(f"its JSON cannot be read ({error})") from None
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
    root, thread = _thread(headers)
    facts.append(thread)
    facts += [root] if not headers else ()
    for header in headers:
        reply_to = None if header.message_id == thread.root_message_id else thread.root_message_id
        facts.append(
            msgspec.structs.replace(header, thread_id=thread.thread_id, reply_to_message_id=reply_to)
        )
    for message_id, ms in deleted:
        stamp = Stamp(derive("mark", ms, message_id, "deleted", "true"))
        facts.append(MarkFact(message_id=message_id, field="deleted", stamp=stamp, value=True, by=""))
    if any(not _TRACES.isdisjoint(header.fields or ()) for header in headers):
        stamp = Stamp(derive("setting", ms_of(thread.created_at), thread.thread_id, "pin", "false"))
        facts.append(SettingFact(thread_id=thread.thread_id, field="pin", stamp=stamp, value=False, by=""))
    return facts


def _is_row(line: bytes) -> bool:
    """Whether a line by itself is a row of a format that has one JSON object a line."""
    try:
        found = msgspec.json.decode(line)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return False
    return isinstance(found, dict) and any(key in found for key in _ROW_KEYS)


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
        note(number, "unfit_time", f"time {time!r}"[:80], "that of the message before was taken")
    if "time" in message and (found is None or ms / 1000 != time):
        fields["time"] = time
    texts = {}
    for name in ("body", "sender"):
        value = message.get(name)
        texts[name] = value if isinstance(value, str) else ""
        if not isinstance(value, str):
            note(number, f"unfit_{name}", f"{name} {value!r}"[:80], "an empty text was taken")
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
            f"id {old!r}"[:80],
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


def _thread(headers: list[Header]) -> tuple[Header, ThreadFact]:
    """The one thread, and its root: the first message by time, or a placeholder where there is none."""
    if headers:
        root = min(headers, key=lambda header: (header.date, header.message_id))
    else:
        root = Header(
            message_id=MessageId(derive("message", 0, NAME, "placeholder")),
            thread_id=ThreadId(derive("thread", 0, NAME, "placeholder")),
            sender_id="",
            date=iso(0),
            assumed=True,
            fields={"placeholder": "empty chat"},
        )
    thread_id = root.thread_id or ThreadId(derive("thread", ms_of(root.date), NAME, root.message_id))
    thread = ThreadFact(
        thread_id=thread_id,
        created_at=root.date,
        created_by=root.sender_id,
        root_message_id=root.message_id,
        assumed=root.assumed,
    )
    return root, thread


def _cleaned(value: Any, note: Note) -> Any:
    """The value without what UTF-8 and JSON cannot spell again; each such place is noted."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            note(0, "lone_surrogate", f"{value!r}"[:80], "halves of characters became U+FFFD")
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
