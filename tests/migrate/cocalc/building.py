"""Rows of CoCalc, of which a test says what matters and nothing else, and what a file of them becomes."""

from __future__ import annotations

from typing import Any

import msgspec

from chatdoc.model.clock import iso
from chatdoc.model.records.message import Message
from chatdoc.model.view.apply import apply
from chatdoc.model.view.view import View
from invariants.full import check_all
from migrate import Migration, migrate

T0 = 1_714_557_600_000
ADA = "ada00000-0000-4000-8000-00000000000a"
BOB = "b0b00000-0000-4000-8000-00000000000b"
THREAD = "71000000-0000-4000-8000-000000000001"
OTHER_THREAD = "72000000-0000-4000-8000-000000000002"
ONE, TWO, THREE = (f"3{number}000000-0000-4000-8000-0000000000{number}{number}" for number in (1, 2, 3))


def said(text: str, second: int = 0, *, by: str = ADA, to: int | None = None, **more: Any) -> dict[str, Any]:
    """A message row, so many seconds after the first; `to` is the second of what it replies to. None leaves out."""
    date = iso(T0 + second * 1000)
    row: dict[str, Any] = {
        "date": date,
        "event": "chat",
        "history": [{"author_id": by, "content": text, "date": date}],
        "sender_id": by,
        "reply_to": None if to is None else iso(T0 + to * 1000),
    }
    return {name: value for name, value in (row | more).items() if value is not None}


def record(kind: str, thread_id: str = THREAD, **more: Any) -> dict[str, Any]:
    """A record of a thread, `chat-thread-<kind>` or, without a kind, `chat-thread`, under the key CoCalc reads."""
    event = f"chat-thread-{kind}" if kind else "chat-thread"
    sender = f"__thread_{kind}__:{thread_id}" if kind else "__thread__"
    row = {"event": event, "thread_id": thread_id, "sender_id": sender, "date": iso(0), "schema_version": 2}
    return row | more


def file_of(*rows: dict[str, Any] | bytes) -> bytes:
    """Rows as lines; bytes stand for themselves."""
    return b"\n".join(row if isinstance(row, bytes) else msgspec.json.encode(row) for row in rows)


def opened(*rows: dict[str, Any] | bytes) -> tuple[View, Migration]:
    """What a file of these rows becomes; it breaks no rule."""
    made = migrate(file_of(*rows))
    view = View()
    apply(view, made.facts, origin="migration")
    assert [one for one in check_all(view).values() if one.severity == "violation"] == []
    return view, made


def messages(view: View) -> list[Message]:
    """All messages by date, then by id."""
    found = [one for message_id in view.message_ids() if (one := view.message(message_id)) is not None]
    return sorted(found, key=lambda one: (one.date, one.message_id))


def message(view: View, text: str) -> Message:
    """The one message that shows this text."""
    (found,) = [one for one in messages(view) if one.content == text]
    return found


def codes(made: Migration) -> list[str]:
    """The codes of all that was odd."""
    return [one.code for one in made.report.anomalies]
