"""jupyterlab-chat reads the document as one list of messages; threads and other fields travel in its `metadata`.

It refuses a whole chat for one unknown key of one message, so such fields go into `metadata.chatdoc`.
"""

from __future__ import annotations

from typing import Any

import msgspec

from chatdoc.model.clock import ms_of
from chatdoc.model.records.message import Message
from chatdoc.model.view.view import View
from migrate.jupyter.read import PREFIX
from migrate.jupyter.threads import EXPORTED, thread_of_root
from migrate.shown_message import all_messages, config_fields, fields, gone, is_placeholder

_KNOWN = {"type", "attachments", "mentions", "raw_time", "edited", "metadata", "mime_model"}

_USER = {"username", "name", "display_name", "initials", "avatar_url", "color", "bot", "mention_name"}
_AGENT = ("acp_started_at_ms", "acp_thread_id", "acp_usage", "acp_account_id")
"""Fields by which a message is an agent's."""

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
    whole["users"] = _users(whole["users"], messages)
    threads = _threads(view)
    if threads:
        whole["metadata"][EXPORTED] = {"threads": threads}
    return msgspec.json.format(_encode(_loadable(whole)), indent=2) + b"\n"


def _users(given: dict[str, Any], messages: list[Message]) -> dict[str, dict[str, Any]]:
    """Everybody who wrote, as jupyterlab-chat can read users: each with a name, and with no field it does not know."""
    users: dict[str, dict[str, Any]] = {}
    for name, user in given.items():
        if name:
            known = (
                {field: value for field, value in user.items() if field in _USER}
                if isinstance(user, dict)
                else {}
            )
            users[name] = known | {"username": known.get("username") or name}
    for message in messages:
        sender = message.sender_id
        if sender and sender not in users:
            users[sender] = {"username": sender, "name": sender, "display_name": sender}
        if sender and sender not in given and any(field in fields(message) for field in _AGENT):
            users[sender]["bot"] = True
    return users


def _loadable(value: Any) -> Any:
    """The value with whole numbers beyond 64 bits spelled out: its reader panics at them."""
    if isinstance(value, dict):
        return {name: _loadable(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_loadable(inner) for inner in value]
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return str(value)
    return value


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
        root = view.root_of(thread_id)
        if settings or len(view.thread_facts) > 1 or not _follows(view, thread_id):
            said.append({"thread_id": thread_id, "root_message_id": root, "config": settings})
    return said


def _follows(view: View, thread_id: str) -> bool:
    """Whether a reader of the messages alone would give the one thread this id."""
    root = view.headers.get(view.root_of(thread_id) or "")
    return root is None or root.assumed or thread_id == thread_of_root(root.date, root.message_id)


def _united(values: list[Any]) -> Any:
    if all(isinstance(value, dict) for value in values):
        united: dict[str, Any] = {}
        for value in reversed(values):
            united |= value
        return united
    return values[0]
