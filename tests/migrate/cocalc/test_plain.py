"""The fast reader of plain rows says what the careful one says, and leaves all others to it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate.cocalc.plain import plain_chat
from migrate.cocalc.rows import chat_of
from tests.migrate.cocalc.building import ADA, BOB, said

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


def _said_by(chat: Any) -> dict[str, Any]:
    return {name: getattr(chat, name) for name in chat.__struct_fields__}


@given(TEXTS, TEXTS.filter(bool), st.integers(0, 9), st.one_of(st.none(), st.integers(0, 9)), st.booleans())
def test_both_readers_say_the_same(text: str, by: str, second: int, to: int | None, edited: bool) -> None:
    """Whatever the text and the sender, every field of the result is equal."""
    row = said(text, second, by=by, to=to, editing={} if edited else None)
    raw = msgspec.json.encode(row)
    plain = plain_chat(1, raw, {})
    if by == "__unknown__":
        assert plain is None
        return
    assert plain is not None
    assert _said_by(plain) == _said_by(chat_of(1, raw, row))


@pytest.mark.parametrize(
    "more",
    [
        {"name": "x"},
        {"editing": {ADA: "FUTURE"}},
        {"editing": []},
        {"sender_id": ""},
        {"sender_id": "__unknown__"},
        {"event": "draft"},
        {"date": "2024-05-01T10:00:00Z"},
        {"date": "2024-02-30T00:00:00.000Z"},
        {"reply_to": "yesterday"},
        {"reply_to": 7},
        {"history": []},
        {"history": [{"author_id": "", "content": "x", "date": "2024-05-01T10:00:00.000Z"}]},
        {"history": [{"author_id": ADA, "content": "x"}]},
        {"history": [{"author_id": ADA, "content": "x", "date": "2024-05-01T10:00:00Z"}]},
        {"history": [{"author_id": ADA, "content": "x", "date": "2024-05-01T10:00:00.000Z", "tokens": 1}]},
    ],
)
def test_what_is_unusual_is_left_to_the_careful_reader(more: dict[str, Any]) -> None:
    """One unusual word is enough."""
    assert plain_chat(1, msgspec.json.encode(said("x") | more), {}) is None


def test_a_key_that_stands_twice_is_left_to_the_careful_reader() -> None:
    """The row is longer than what was read of it."""
    raw = msgspec.json.encode(said("x"))
    assert plain_chat(1, raw, {}) is not None
    assert plain_chat(1, raw[:-1] + b',"sender_id":"%s"}' % BOB.encode(), {}) is None
