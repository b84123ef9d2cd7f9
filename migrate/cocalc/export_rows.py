"""Row filter: of what a document holds, an export has the rows its readers can show, each of them once."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from typing import Any

from chatdoc.model.ids import MessageId, ThreadId
from chatdoc.model.records.message import Message
from chatdoc.model.view.view import View
from migrate.cocalc.chat import UNKNOWN
from migrate.cocalc.rows import ID_FIELDS
from migrate.shown_message import all_messages, attic_line, fields, history, is_placeholder

_OURS = frozenset({"reply_to", *ID_FIELDS})
"""Fields by which a row is placed; as fields of the sender's own they would place it elsewhere."""
_HIDING = "video_chat"
"""A field that hides a message."""
_TEXT_COLUMN = "input"
"""A field that must be a text, or nothing can be saved any more."""
_TURN = "acp_started_at_ms"
_PAYER = "acp_account_id"
_LIVE = re.compile(r'"event"\s*:\s*"chat')


def exported(view: View) -> list[Message]:
    """The messages to write, by date and id: those of threads that were deleted are not.

    A placeholder is written where other messages hang on it.
    """
    messages = [one for one in all_messages(view) if not _is_in_deleted(view, one.thread_id)]
    peopled = {one.thread_id for one in messages if not is_placeholder(one)}
    return [one for one in messages if one.thread_id in peopled or not is_placeholder(one)]


def thread_ids(view: View) -> list[ThreadId]:
    """The threads to write, by creation date and id."""
    return [thread_id for thread_id in view.thread_ids() if not _is_in_deleted(view, thread_id)]


def parents(view: View, messages: list[Message]) -> dict[MessageId, MessageId]:
    """What each message replies to, but for the one root of each thread; nothing hangs in the air or in a circle."""
    members: dict[str, dict[MessageId, Message]] = defaultdict(dict)
    for message in messages:
        members[message.thread_id][message.message_id] = message
    found: dict[MessageId, MessageId] = {}
    for thread_id, here in members.items():
        root = _root(view, thread_id, here)
        for message_id, message in here.items():
            if message_id != root:
                target = message.reply_to_message_id
                cut = view.looped.get(message_id) == message_id
                found[message_id] = root if cut or target is None or target not in here else target
    return found


def row_fields(message: Message) -> dict[str, Any]:
    """The fields of a message that place no row elsewhere and hide none."""
    return {name: value for name, value in fields(message).items() if _is_harmless(name, value)}


def harmless(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings of a thread that place no row elsewhere and hide none."""
    return {name: value for name, value in settings.items() if _is_harmless(name, value)}


def agent_fields(view: View, message: Message) -> dict[str, Any]:
    """The field by which an agent's row is told from a person's: whose account it ran on, as far as that is known.

    It is who sent the message that is answered, else who began the thread.
    """
    told = fields(message)
    if _PAYER in told or _TURN not in told:
        return {}
    asked = view.headers.get(message.reply_to_message_id or "")
    thread = view.thread_facts.get(message.thread_id)
    payer = (asked.sender_id if asked is not None else "") or (
        thread.created_by if thread is not None else ""
    )
    return {_PAYER: payer or UNKNOWN}


def somebody(sender_id: str) -> str:
    """A sender as a row must have one, also where nobody knows who it was."""
    return sender_id or UNKNOWN


def row_history(view: View, message: Message) -> list[dict[str, str]]:
    """The texts of a message, each with an author; none of one that nobody wrote."""
    if is_placeholder(message):
        return []
    texts = history(message, view.thread(message.thread_id))
    return [text | {"author_id": somebody(text["author_id"])} for text in texts]


def kept_lines(view: View) -> list[bytes]:
    """The attic's lines word for word, without those that would be read as messages or threads a second time."""
    return [line for line in map(attic_line, view.attic()) if not _is_live(line)]


def _is_in_deleted(view: View, thread_id: str) -> bool:
    thread = view.thread(thread_id) if view.has_thread(thread_id) else None
    return thread is not None and thread.deleted_at is not None


def _root(view: View, thread_id: str, here: dict[MessageId, Message]) -> MessageId:
    named = view.root_of(thread_id)
    if named is not None and named in here:
        return named
    order = [one for one in view.ordered(thread_id) if one in here]
    return next((one for one in order if here[one].reply_to_message_id is None), order[0])


def _is_harmless(name: str, value: Any) -> bool:
    if name == _HIDING and isinstance(value, dict):
        return not value.get("is_video_chat")
    return name not in _OURS and (name != _TEXT_COLUMN or isinstance(value, str))


def _is_live(line: bytes) -> bool:
    """Whether CoCalc takes a line for a message or a record of a thread; it reads halves of characters too."""
    text = line.decode("utf-8", "replace")
    try:
        row = json.loads(text)
    except RecursionError:
        return _LIVE.search(text) is not None
    except ValueError:
        return False
    return isinstance(row, dict) and str(row.get("event")).split("-")[0] == "chat"
