"""A log that begins with a copy of another session, as tools write on resuming, is linked and not told twice."""

from __future__ import annotations

from hashlib import sha256
from typing import Protocol

import msgspec

from chatdoc.model.ids import MessageId, derive
from migrate.session.item import Item

SHOWN = frozenset({"prompt", "said", "answer", "reasoning"})


class Others(Protocol):
    """What was imported of other logs."""

    def parent_of(self, head: str) -> str:
        """The session that another log told first and that begins with this record, empty for none."""

    def holds(self, session: str, message_id: MessageId, text: str) -> bool:
        """Whether that session's document has a message with this as its first text."""


class CopyState(msgspec.Struct, omit_defaults=True):
    """The first record of a log, the session it repeats, and whether it still does."""

    head: str = ""
    parent: str = ""
    copying: bool = False
    lines: int = 0


def message_id_of(source: str, session: str, key: str) -> MessageId:
    """The id of the message that a record of a session becomes."""
    return MessageId(derive("session message", 0, source, session, key))


def is_copied(state: CopyState, items: list[Item], source: str, session: str, others: Others) -> bool:
    """Whether a line repeats the other session; the first record that the other one lacks is the log's own."""
    shown = [item for item in items if item.key and item.kind in SHOWN]
    if shown and not state.head:
        # The same id with another text is another record: ids of some logs recur.
        digest = sha256(shown[0].text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        state.head = f"{shown[0].key}:{digest}"
        parent = others.parent_of(state.head)
        if parent and parent != session:
            state.parent, state.copying = parent, True
    if state.copying and any(
        not others.holds(state.parent, message_id_of(source, state.parent, one.key), one.text)
        for one in shown
    ):
        state.copying = False
    state.lines += state.copying
    return state.copying
