"""A chat row in one shape, whatever its era: when, by whom, which texts, what it replies to, and all else it says."""

from __future__ import annotations

from typing import Any, NamedTuple

from chatdoc.clock import EPOCH
from chatdoc.ids import MessageId, ThreadId
from migrate.cocalc.dates import read_date, spelled
from migrate.cocalc.lines import Line

_STRUCTURE = frozenset(
    {
        "event", "sender_id", "date", "history", "reply_to", "schema_version", "message_id", "thread_id",
        "parent_message_id", "reply_to_message_id", "generating",
    }
)  # fmt: skip
CONFIG_FIELDS = frozenset(
    {
        "name", "thread_color", "thread_accent_color", "thread_icon", "thread_image", "pin", "folding", "id",
        "path", "cell_id", "resolved", "acp_config", "codex_config", "agent_kind", "agent_model", "agent_mode",
    }
)  # fmt: skip
CONFIG_PREFIXES = ("read-", "lastread-")
INTERRUPTED = "server_restart"


class Text(NamedTuple):
    """One revision as found; ids are given later, in order."""

    author: str
    content: str
    ms: int | None
    date: str


class Chat:
    """One message row on its way to facts."""

    __slots__ = (
        "assumed", "config", "date", "fields", "line", "message_id", "ms", "notes", "old_message_id",
        "old_thread_id", "parent", "reply_ms", "row", "sender", "target", "texts", "thread_id", "was_generating",
    )  # fmt: skip

    def __init__(self, line: Line, row: dict[str, Any]) -> None:
        self.line = line
        self.row = row
        self.notes: list[tuple[str, str, str]] = []
        """Code, what was found, what was decided."""
        self.ms: int | None = read_date(row.get("date"))
        self.sender, self.texts = _texts(row, self.ms)
        self.fields, self.config = _fields(row)
        if self.ms is None:
            self._date_from_history()
        self.date = EPOCH if self.ms is None else spelled(self.ms)
        if row.get("date") != self.date and "date" in row:
            self.fields["legacy_date"] = row["date"]
        self.texts = [text if text.date else text._replace(date=self.date, ms=self.ms) for text in self.texts]
        self.reply_ms = read_date(row["reply_to"]) if row.get("reply_to") else None
        if row.get("reply_to") and self.reply_ms is None:
            self.fields["legacy_reply_to"] = row["reply_to"]
            self.notes.append(("bad_reply_to", f"reply_to {row['reply_to']!r} is no date", "it is a root"))
        self.old_message_id = _id(row.get("message_id"))
        self.old_thread_id = _id(row.get("thread_id"))
        self.parent = _id(row.get("parent_message_id")) or _id(row.get("reply_to_message_id"))
        self.was_generating = row.get("generating") is True
        self.message_id = MessageId("")
        self.thread_id = ThreadId("")
        self.target: MessageId | None = None
        self.assumed = False

    @property
    def oldest(self) -> str:
        """The first text the message had."""
        return self.texts[0].content if self.texts else ""

    def _date_from_history(self) -> None:
        known = [text.ms for text in self.texts if text.ms is not None]
        self.ms = min(known) if known else None
        found = f"date {self.row.get('date')!r}"
        decided = "that of its oldest text was taken" if known else "1970 was taken"
        self.notes.append(("bad_date", found, decided))


def _texts(row: dict[str, Any], ms: int | None) -> tuple[str, list[Text]]:
    """Sender and texts, oldest first: history before payload before mesg."""
    sender = row.get("sender_id")
    history = row.get("history")
    mesg = row.get("mesg")
    texts: list[Text] = []
    if isinstance(history, list):
        for entry in reversed(history):
            if isinstance(entry, dict):
                texts.append(_entry(entry, sender if isinstance(sender, str) else ""))
    if not texts:
        payload = row.get("payload")
        for carrier in (payload, mesg):
            if isinstance(carrier, dict) and isinstance(carrier.get("content"), str):
                texts = [Text("", carrier["content"], None, "")]
                break
    if not isinstance(sender, str) or not sender:
        sender = next((text.author for text in texts if text.author), "")
        if not sender and isinstance(mesg, dict) and isinstance(row.get("name"), str):
            sender = f"name:{row['name']}"
    return sender, [text if text.author else text._replace(author=sender) for text in texts]


def _entry(entry: dict[str, Any], sender: str) -> Text:
    author, content = entry.get("author_id"), entry.get("content")
    ms = read_date(entry.get("date")) if "date" in entry else None
    return Text(
        author if isinstance(author, str) else sender,
        content if isinstance(content, str) else "",
        ms,
        "" if ms is None else spelled(ms),
    )


def _fields(row: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the row says besides its structure, of the message and of its thread."""
    fields: dict[str, Any] = {}
    config: dict[str, Any] = {}
    legacy = isinstance(row.get("mesg"), dict)
    for name, value in row.items():
        if name in _STRUCTURE or value is None:
            continue
        if name in CONFIG_FIELDS or name.startswith(CONFIG_PREFIXES):
            if not (legacy and name == "name"):
                config["acp_config" if name == "codex_config" else name] = value
        elif name in ("editing", "payload", "mesg"):
            _keep_rest(fields, name, value)
        elif name == "deleted":
            fields["legacy_deleted"] = value
        else:
            fields[_renamed(name, row)] = value
    history = row.get("history")
    if history is not None and not _plain(history):
        fields["legacy_history"] = history
    return fields, config


def _plain(history: Any) -> bool:
    """Whether a history says nothing but its author, text and date, each of its type."""
    return isinstance(history, list) and all(
        isinstance(entry, dict)
        and entry.keys() <= {"author_id", "content", "date"}
        and isinstance(entry.get("content", ""), str)
        and isinstance(entry.get("author_id", ""), str)
        and ("date" not in entry or read_date(entry["date"]) is not None)
        for entry in history
    )


def _keep_rest(fields: dict[str, Any], name: str, value: Any) -> None:
    if name == "editing":
        if value:
            fields[name] = value
    elif not isinstance(value, dict) or not isinstance(value.get("content"), str):
        fields[name] = value
    else:
        rest = {key: inner for key, inner in value.items() if key != "content"}
        if rest and rest != {"event": "chat"}:
            fields[name] = rest


def _renamed(name: str, row: dict[str, Any]) -> str:
    if name.startswith("codex_"):
        lifted = "acp_" + name[len("codex_") :]
        return name if lifted in row else lifted
    return name


def _id(value: Any) -> str | None:
    return value if isinstance(value, str) and value.strip() else None
