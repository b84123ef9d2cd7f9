"""Whole records in damaged lines of a chat are records, and what is not whole is kept word for word."""

from __future__ import annotations

import json

import pytest

from chatdoc.model.ids import derive
from migrate import Migration, migrate
from migrate.v2.write import render
from tests.migrate.test_golden import view_of

MS = 1_700_000_000_000
T = derive("thread", MS, "t")
IDS = [derive("message", MS, str(number)) for number in range(12)]


def legacy(number: int) -> bytes:
    """A row of CoCalc's."""
    date = f"2026-01-15T14:00:{number:02}.000Z"
    said = {"author_id": "ada", "content": f"message {number}", "date": date}
    return json.dumps({"event": "chat", "sender_id": "ada", "date": date, "history": [said]}).encode()


def native(number: int) -> bytes:
    """A row of ours; the first is the root of all others."""
    date = f"2026-01-15T14:00:{number:02}.000Z"
    said = {"author_id": "ada", "content": f"message {number}", "date": date, "revision_id": IDS[number]}
    row = {"event": "message", "message_id": IDS[number], "thread_id": T, "sender_id": "ada", "date": date}
    return json.dumps(
        row | ({"reply_to_message_id": IDS[0]} if number else {}) | {"history": [said]}
    ).encode()


HEAD = {
    legacy: b"",
    native: json.dumps({"event": "thread", "thread_id": T, "created_at": "2026-01-15T14:00:00.000Z",
                        "created_by": "ada", "root_message_id": IDS[0]}).encode() + b"\n",
}  # fmt: skip


def texts(made: Migration) -> list[str]:
    """Every message's text, by date."""
    view = view_of(made.facts)
    found = sorted((header.date, header.content) for header in view.headers.values() if header.content)
    return [content for _, content in found]


@pytest.mark.parametrize("row", [legacy, native])
@pytest.mark.parametrize(
    ("name", "kept"), [("padded", 0), ("NULs in front", 0), ("welded", 0), ("welded thrice", 0), ("torn", 1)]
)
def test_whole_records_in_a_damaged_line_are_records(row: object, name: str, kept: int) -> None:
    """NULs before or after them, welded together, or behind a torn one: none is lost, and the report says it."""
    assert callable(row)
    rows = [row(number) for number in range(12)]
    damage = {
        "padded": [*rows[:5], rows[5] + b"\0" * 9000, *rows[6:]],
        "NULs in front": [*rows[:5], b"\0" * 200 + rows[5], *rows[6:]],
        "welded": [*rows[:5], rows[5] + rows[6], *rows[7:]],
        "welded thrice": [*rows[:5], rows[5] + b" " + rows[6] + b"\0" + rows[7], *rows[8:]],
        "torn": [*rows[:4], rows[4][:90] + rows[5], *rows[6:]],
    }[name]
    source = HEAD[row] + b"\n".join(damage)  # type: ignore[index]
    made = migrate(source)
    lost = {"message 4"} if name == "torn" else set()
    assert texts(made) == [f"message {number}" for number in range(12) if f"message {number}" not in lost]
    (told,) = [one for one in made.report.anomalies if one.code == "salvaged"]
    assert told.line == source.count(b"\n", 0, source.index(damage[4 if name == "torn" else 5])) + 1
    assert made.report.counts["attic"] == kept
    assert made.report.lines["total"] == source.count(b"\n") + 1
    text = render(view_of(made.facts))
    assert render(view_of(migrate(text).facts)) == text


@pytest.mark.parametrize("row", [legacy, native])
def test_a_line_that_holds_no_whole_record_is_quarantined(row: object) -> None:
    """One that is torn, or nothing but NULs, is kept as it is."""
    assert callable(row)
    source = HEAD[row] + b"\n".join([row(0), b"\0" * 300, row(1)[:60], row(2)])  # type: ignore[index]
    made = migrate(source)
    assert texts(made) == ["message 0", "message 2"]
    assert made.report.lines["quarantined"] == 2


def test_what_lies_inside_a_torn_record_is_no_record_of_its_own() -> None:
    """A text that looks like a row stays a text."""
    inner = legacy(1).decode()
    outer = json.dumps(
        {"event": "chat", "date": "2026-01-15T14:00:05.000Z", "sender_id": "a", "input": inner}
    )
    made = migrate(legacy(0) + b"\n" + outer[:-4].encode())
    assert texts(made) == ["message 0"]


def test_zeros_behind_a_jupyter_chat_are_no_part_of_it() -> None:
    """What a power failure left of its last block does not hide the chat."""
    chat = {"messages": [{"id": IDS[1], "body": "x", "sender": "ada", "time": 1.5}], "users": {}}
    assert texts(migrate(json.dumps(chat, indent=2).encode() + b"\0" * 500)) == ["x"]
