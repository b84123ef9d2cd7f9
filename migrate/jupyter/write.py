"""jupyterlab-chat reads the document as one list of messages; threads and other fields travel in its `metadata`.

It refuses a whole chat for one unknown key of one message, so such fields go into `metadata.chatdoc`.
"""

from __future__ import annotations

from typing import Any

import msgspec

from chatdoc.model.clock import ms_of
from chatdoc.model.records.message import Message
from chatdoc.model.view.view import View
from migrate.jupyter.read import EXPORTED, PREFIX
from migrate.shown_message import all_messages, config_fields, fields, gone, is_placeholder

_KNOWN = {"type", "attachments", "mentions", "raw_time", "edited", "metadata", "mime_model"}

_encode = msgspec.json.Encoder(order="deterministic").encode


def export_jupyter(view: View) -> bytes:
    """One JSON object, indented by two, its keys sorted; deleted messages have no text, as that format has it."""
    messages = [message for message in all_messages(view) if not is_placeholder(message)]
    whole: dict[str, Any] = {}
    for field in sorted(view.document_values):
        if field.startswith(PREFIX):
            whole[field.removeprefix(PREFIX)] = _united(view.document_field(field))
    whole["messages"] = [_message(view, message) for message in messages]
    for part in ("users", "attachments", "metadata"):
        if not isinstance(whole.get(part), dict):
            whole[part] = {}
    for sender in {message.sender_id for message in messages} - whole["users"].keys():
        whole["users"][sender] = {"username": sender, "name": sender, "display_name": sender}
    threads = _threads(view)
    if threads:
        whole["metadata"][EXPORTED] = {"threads": threads}
    return msgspec.json.format(_encode(whole), indent=2) + b"\n"


def _message(view: View, message: Message) -> dict[str, Any]:
    found = fields(message)
    shown = {name: found.pop(name) for name in sorted(_KNOWN & found.keys())}
    shown.setdefault("type", "msg")
    shown.setdefault("raw_time", False)
    deleted = gone(message, view.thread(message.thread_id)) is not None
    if len(message.history) > 1:
        shown["edited"] = True
    time = found.pop("time", ms_of(message.date) / 1000)
    thread = view.thread_facts.get(message.thread_id)
    if thread is None or message.reply_to_message_id not in (None, thread.root_message_id):
        found["reply_to_message_id"] = message.reply_to_message_id
    if len(view.thread_facts) > 1:
        found["thread_id"] = message.thread_id
    if found:
        metadata = shown.get("metadata")
        shown["metadata"] = (metadata if isinstance(metadata, dict) else {}) | {EXPORTED: found}
    shown |= {
        "id": message.message_id,
        "body": "" if deleted else message.content,
        "sender": message.sender_id,
        "time": time,
    }
    if deleted:
        shown["deleted"] = True
    return shown


def _threads(view: View) -> list[dict[str, Any]]:
    """What is to be said of the threads: nothing of a single one without settings."""
    said = []
    for thread_id in view.thread_ids():
        settings = config_fields(view, thread_id)
        if settings or len(view.thread_facts) > 1:
            root = view.root_of(thread_id)
            said.append({"thread_id": thread_id, "root_message_id": root, "config": settings})
    return said


def _united(values: list[Any]) -> Any:
    if all(isinstance(value, dict) for value in values):
        united: dict[str, Any] = {}
        for value in reversed(values):
            united |= value
        return united
    return values[0]
