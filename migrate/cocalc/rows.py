"""A row of any era is read word by word: what has a place in a message gets it, all else keeps its own name."""

from __future__ import annotations

from typing import Any

from chatdoc.model.clock import EPOCH, iso
from migrate.cocalc.chat import UNKNOWN, Chat, Text
from migrate.cocalc.dates import read_date
from migrate.cocalc.export_dates import MOVED
from migrate.odd_value import kind_of

CONFIG_FIELDS = frozenset(
    {
        "name", "thread_color", "thread_accent_color", "thread_icon", "thread_image", "pin", "folding", "id",
        "path", "cell_id", "resolved", "acp_config", "codex_config", "agent_kind", "agent_model", "agent_mode",
    }
)  # fmt: skip
CONFIG_PREFIXES = ("read-", "lastread-")
ID_FIELDS = ("message_id", "thread_id", "parent_message_id", "reply_to_message_id")
_OWN = frozenset(
    {"event", "sender_id", "date", "history", "reply_to", "schema_version", "generating", *ID_FIELDS}
)
_CARRIERS = ("payload", "mesg")
PLACEHOLDER = "placeholder"
"""The field of a message that nobody wrote; it says what the message stands for."""
_NO_WORD: tuple[dict[str, Any], ...] = ({}, {"event": "chat"})
_VERSIONS = (1, 2)


def chat_of(number: int, raw: bytes, row: dict[str, Any]) -> Chat:
    """The message a row is; nothing it says is lost but nulls, which mean nothing."""
    ms = read_date(row.get("date"))
    texts = _texts(row)
    known_ms = ms
    if ms is None:
        ms = min((at for text in texts if (at := read_date(text.date)) is not None), default=None)
    date = EPOCH if ms is None else iso(ms)
    sender = _sender(row, texts)
    texts = [_completed(text, sender, date) for text in texts] or [Text(sender, "", date)]
    fields, config = _fields(row)
    chat = Chat(number, raw, ms, date, sender, texts, fields=fields or None, config=config or None)
    if known_ms is None:
        decided = "that of its oldest text was taken" if ms is not None else "1970 was taken"
        chat.note("bad_date", f"date is {kind_of(row.get('date'))}", decided)
    _keep_identity(chat, row)
    _keep_carriers(chat, row)
    if chat.old_message_id is not None:
        _undo_export(chat)
    return chat


def _undo_export(chat: Chat) -> None:
    """A row that an export of ours moved on has its own date again; one that stood for a missing root does again."""
    fields = chat.fields or {}
    date = fields.get(MOVED)
    began_ms = read_date(date) if isinstance(date, str) else None
    if began_ms is not None and chat.ms is not None and began_ms != chat.ms:
        chat.began_ms, chat.date = began_ms, iso(began_ms)
        del fields[MOVED]
        chat.fields = fields or None
    if PLACEHOLDER in fields and not chat.sender and not any(text.content for text in chat.texts):
        chat.texts = [Text("", "", chat.date)]
        chat.assumed = True


def is_config(name: str) -> bool:
    """Whether a field is the thread's, though it stands on a message."""
    return name in CONFIG_FIELDS or name.startswith(CONFIG_PREFIXES)


def _sender(row: dict[str, Any], texts: list[Text]) -> str:
    """Who wrote the row: its sender, else the author of its oldest text, else the name of 2013, else nobody."""
    sender = _author(row.get("sender_id"))
    name = row.get("name")
    if not sender:
        sender = next((text.author_id for text in texts if text.author_id), "")
    if not sender and isinstance(row.get("mesg"), dict) and isinstance(name, str) and name:
        sender = f"name:{name}"
    return sender


def _author(value: Any) -> str:
    return value if isinstance(value, str) and value != UNKNOWN else ""


def _texts(row: dict[str, Any]) -> list[Text]:
    """The texts, oldest first: history before payload before mesg; missing authors and dates are empty."""
    history = row.get("history")
    texts: list[Text] = []
    if isinstance(history, list):
        texts = [_entry(entry) for entry in reversed(history) if isinstance(entry, dict)]
    if not texts:
        carrier = _carrier(row)
        if carrier is not None:
            texts = [Text("", row[carrier]["content"], "")]
    return texts


def _entry(entry: dict[str, Any]) -> Text:
    content = entry.get("content")
    ms = read_date(entry.get("date"))
    return Text(
        _author(entry.get("author_id")),
        content if isinstance(content, str) else "",
        "" if ms is None else iso(ms),
    )


def _completed(text: Text, sender: str, date: str) -> Text:
    if text.author_id and text.date:
        return text
    return Text(text.author_id or sender, text.content, text.date or date)


def _carrier(row: dict[str, Any]) -> str | None:
    """The field of an older era that holds the text of a row without history."""
    for name in _CARRIERS:
        value = row.get(name)
        if isinstance(value, dict) and isinstance(value.get("content"), str):
            return name
    return None


def _fields(row: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the row says besides its own words: of the message, and of its thread."""
    fields: dict[str, Any] = {}
    config: dict[str, Any] = {}
    named = isinstance(row.get("mesg"), dict)
    for name in sorted(row):
        value = row[name]
        if value is None or name in _OWN or name in _CARRIERS or name == "deleted":
            continue
        if is_config(name):
            if not (named and name == "name"):
                config[name] = value
        elif name != "editing" or value:
            fields[_renamed(name, row)] = value
    return fields, config


def _renamed(name: str, row: dict[str, Any]) -> str:
    """The fields of the first three days of agents got their later names."""
    if name.startswith("codex_"):
        later = "acp_" + name[len("codex_") :]
        return name if row.get(later) is not None else later
    return name


def _keep_identity(chat: Chat, row: dict[str, Any]) -> None:
    """Ids and the reply as the row has them; what cannot be used as such is kept as it stands."""
    date, sender, version, generating = (
        row.get(name) for name in ("date", "sender_id", "schema_version", "generating")
    )
    if date is not None and date != chat.date:
        chat.keep("legacy_date", date)
    if sender is not None and sender not in ("", UNKNOWN, chat.sender):
        chat.keep("legacy_sender_id", sender)
    if version is not None and version not in _VERSIONS:
        chat.keep("legacy_schema_version", version)
    if isinstance(generating, bool):
        chat.was_generating = generating
    elif generating is not None:
        chat.keep("legacy_generating", generating)
    ids = {name: _id(chat, name, row.get(name)) for name in ID_FIELDS}
    chat.old_message_id, chat.old_thread_id, parent, older = ids.values()
    chat.parent = parent or older
    if parent is not None and older not in (None, parent):
        chat.keep("legacy_reply_to_message_id", older)
    reply_to = row.get("reply_to")
    if reply_to:
        chat.reply_ms = read_date(reply_to)
        if chat.reply_ms is None:
            chat.keep("legacy_reply_to", reply_to)
            chat.note("bad_reply_to", f"reply_to is no date but {kind_of(reply_to)}", "it is passed over")


def _id(chat: Chat, name: str, value: Any) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, str) and value.strip():
        return value
    chat.keep(f"legacy_{name}", value)
    return None


def _keep_carriers(chat: Chat, row: dict[str, Any]) -> None:
    """What older eras and odd writers put around the text."""
    history = row.get("history")
    if history is not None and not _is_plain(history):
        chat.keep("legacy_history", history)
    told = bool(isinstance(history, list) and any(isinstance(entry, dict) for entry in history))
    used = None if told else _carrier(row)
    for name in _CARRIERS:
        value = row.get(name)
        if name == used and isinstance(value, dict):
            value = {key: inner for key, inner in value.items() if key != "content"}
        if value is not None and value not in _NO_WORD:
            chat.keep(name, value)
    called = row.get("name")
    if called is not None and isinstance(row.get("mesg"), dict) and chat.sender != f"name:{called}":
        chat.keep("legacy_name", called)
    if row.get("deleted") is not None:
        chat.keep("legacy_deleted", row["deleted"])


def _is_plain(history: Any) -> bool:
    """Whether a history says nothing but author, text and date, each of its type."""
    return isinstance(history, list) and all(
        isinstance(entry, dict)
        and entry.keys() <= {"author_id", "content", "date"}
        and isinstance(entry.get("content", ""), str)
        and isinstance(entry.get("author_id", ""), str)
        and ("date" not in entry or read_date(entry["date"]) is not None)
        for entry in history
    )
