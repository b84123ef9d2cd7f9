"""A log that begins with a copy of another session, as tools write on resuming, is linked and not told twice."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Protocol

import msgspec

from chatdoc.model.ids import MessageId, derive
from chatdoc.model.records.attic import AtticRow
from migrate.session.call_text import arguments_of, call_text, with_result
from migrate.session.cut import TEXT_LENGTH_MAX, cut_text
from migrate.session.item import Item

SHOWN = frozenset({"prompt", "said", "answer", "reasoning"})


class Others(Protocol):
    """What was imported of other logs."""

    def parent_of(self, head: str) -> str:
        """The session that another log told first and that begins with this record, empty for none."""

    def texts_of(self, session: str, message_id: MessageId) -> Sequence[str]:
        """What a message of that session's document ever said, its first text first; nothing where it has none."""

    def keeps(self, session: str, row: AtticRow) -> bool:
        """Whether that session's document has this row in its attic."""


class CopyState(msgspec.Struct, omit_defaults=True):
    """The first record of a log, the session it repeats, and whether it still does."""

    head: str = ""
    parent: str = ""
    copying: bool = False
    lines: int = 0


def message_id_of(source: str, session: str, key: str) -> MessageId:
    """The id of the message that a record of a session becomes."""
    return MessageId(derive("session message", 0, source, session, key))


def text_digest(text: str) -> str:
    """What tells a text from others where its record has no id."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def is_copied(state: CopyState, items: list[Item], source: str, session: str, others: Others) -> bool:
    """Whether a line repeats the other session; the first record that the other one lacks is the log's own."""
    shown = [item for item in items if item.key and item.kind in SHOWN]
    if shown and not state.head:
        # The same id with another text is another record: ids of some logs recur.
        state.head = f"{shown[0].key}:{text_digest(shown[0].text)}"
        parent = others.parent_of(state.head)
        if parent and parent != session:
            state.parent, state.copying = parent, True
    if state.copying and not all(_is_held(one, source, state.parent, others) for one in items):
        state.copying = False
    state.lines += state.copying
    return state.copying


def _is_held(item: Item, source: str, session: str, others: Others) -> bool:
    """Whether a session has what an item would show; what shows nothing by itself goes with what does."""

    def texts(key: str) -> Sequence[str]:
        return others.texts_of(session, message_id_of(source, session, key))

    if item.kind in SHOWN and item.key:
        return any(_is_kept_as(item.text, one) for one in texts(item.key)[:1])
    if item.kind == "boundary" and item.key:
        return bool(texts(item.key))
    if item.kind == "call" and item.call:
        return call_text(item.name, arguments_of(item.name, item.data)) in texts(f"call:{item.call}")[:1]
    if item.kind == "result" and item.call:
        called = texts(f"call:{item.call}")
        return any(with_result(text, item.text) in called for text in called[:1]) or bool(
            texts(f"result:{item.call}:{text_digest(item.text)}")
        )
    return True


def _is_kept_as(text: str, kept: str) -> bool:
    """Whether a text is one that is kept: cut where this version cuts it, or behind that, as an earlier one did."""
    return kept == cut_text(text) or (len(kept) > TEXT_LENGTH_MAX and text.startswith(kept))
