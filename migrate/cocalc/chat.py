"""A message row in one shape, whatever its era: when, by whom, which texts, what it replies to, what else it says."""

from __future__ import annotations

from typing import Any

import msgspec

from chatdoc.model.ids import MessageId, ThreadId

UNKNOWN = "__unknown__"
"""What CoCalc's own upgrade wrote where it did not know who; here nobody is named."""
INTERRUPTED = "server_restart"
"""The reason of a turn that was still running in a file at rest."""

Note = tuple[str, str, str]
"""Code, what was found, what was decided."""


class Text(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """One revision as found, its date in the one spelling."""

    author_id: str
    content: str
    date: str


class Chat(msgspec.Struct, gc=False, eq=False):
    """One message row on its way to facts; naming, grouping and rooting fill in the last fields."""

    number: int
    """Its line, from 1."""
    raw: bytes
    ms: int | None
    """None where neither row nor history has a date that can be read; `date` is 1970 then."""
    date: str
    sender: str
    texts: list[Text]
    """Oldest first, at least one."""
    reply_ms: int | None = None
    fields: dict[str, Any] | None = None
    config: dict[str, Any] | None = None
    """Fields of the thread that stand on the row."""
    old_message_id: str | None = None
    old_thread_id: str | None = None
    parent: str | None = None
    """The id it replies to, as spelled in the row."""
    was_generating: bool = False
    notes: list[Note] | None = None
    message_id: MessageId = MessageId("")
    thread_id: ThreadId = ThreadId("")
    target: MessageId | None = None
    """What it replies to."""
    missing_ms: int | None = None
    """The millisecond it replies to, where no message of the file stands there."""
    began_ms: int | None = None
    """When it was sent, where an export of ours moved the row on to `ms`; `date` is that moment then."""
    beside_root: bool = False
    """Whether it replies to its own millisecond, where another message stands that replies to nothing."""
    assumed: bool = False
    """Whether its thread or what it replies to was inferred."""
    others: list[Chat] | None = None
    """Further rows of the same message; their texts are in its history."""

    @property
    def oldest(self) -> str:
        """The first text the message had."""
        return self.texts[0].content

    @property
    def replies(self) -> bool:
        """Whether the row says that it replies to another message."""
        if self.parent is not None or self.beside_root:
            return True
        return self.reply_ms is not None and self.reply_ms != self.ms

    def keep(self, name: str, value: Any) -> None:
        """Keep what the row says under a name of its own; a field of that name stays what it is."""
        if self.fields is None:
            self.fields = {}
        while name in self.fields:
            name = f"legacy_{name}"
        self.fields[name] = value

    def note(self, code: str, found: str, decided: str) -> None:
        """Note something odd about the row."""
        if self.notes is None:
            self.notes = []
        self.notes.append((code, found, decided))
