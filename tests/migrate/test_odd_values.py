"""A report tells kinds and places of what was odd, and no content: a secret in any field appears in none of it."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from chatdoc.model.errors import ChatdocError
from chatdoc.model.ids import derive
from migrate import migrate
from migrate.odd_value import kind_of

SECRET = "hunter2-canary"
MS = 1_700_000_000_000
DATE = "2023-11-14T22:13:20.000Z"
D, T, ROOT, M = (derive("message", MS, part) for part in ("d", "t", "root", "m"))
HISTORY = [{"author_id": "ada", "content": "x", "date": DATE, "revision_id": derive("message", MS, "r")}]

NATIVE: list[dict[str, Any]] = [
    {"event": "document", "document_id": D, "schema_version": 2},
    {"event": "thread", "thread_id": T, "created_at": DATE, "created_by": "ada", "root_message_id": ROOT,
     "schema_version": 2, "deleted_at": DATE, "deleted_by": "ada"},
    {"event": "thread_config", "thread_id": T, "name": "Plan", "acp_config": {"model": "m"}, "updated_at": DATE,
     "updated_by": "ada", "pin": True},
    {"event": "thread_state", "thread_id": T, "state": "idle", "active_message_id": M, "updated_at": DATE,
     "stamp": derive("message", MS, "s")},
    {"event": "message", "message_id": ROOT, "thread_id": T, "sender_id": "ada", "date": DATE, "history": HISTORY},
    {"event": "message", "message_id": M, "thread_id": T, "sender_id": "ada", "date": DATE, "history": HISTORY,
     "reply_to_message_id": ROOT, "generating": False, "deleted_at": DATE, "deleted_by": "ada", "acp_usage": {}},
]  # fmt: skip
COCALC: list[dict[str, Any]] = [
    {"event": "chat", "sender_id": "ada", "date": DATE, "history": [{"author_id": "ada", "content": "x", "date": DATE}],
     "name": "Plan", "acp_config": {"model": "m"}},
    {"event": "chat", "sender_id": "bob", "date": "2023-11-14T22:13:21.000Z", "reply_to": DATE, "editing": {},
     "message_id": "m2", "thread_id": "t", "root_message_id": "m1", "reply_to_message_id": "m1",
     "history": [{"author_id": "bob", "content": "y", "date": DATE}], "generating": False, "feedback": {"bob": "x"}},
    {"event": "draft", "sender_id": "ada", "input": "unsent", "date": 0, "active": 1},
    {"event": "chat-thread-config", "thread_id": "t", "name": "Plan", "date": DATE, "updated_at": DATE},
]  # fmt: skip
JUPYTER: list[dict[str, Any]] = [
    {"messages": [{"type": "msg", "body": "x", "id": "m1", "sender": "ada", "time": 1700000000.0, "deleted": False}],
     "users": {"ada": {"username": "ada", "name": "Ada", "display_name": "Ada", "bot": False}}, "attachments": {},
     "metadata": {"id": "d"}},
]  # fmt: skip
ODD: tuple[Any, ...] = (SECRET, [SECRET], {SECRET: SECRET}, SECRET * 9, SECRET + "\ud800")


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something stands in a value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in items:
        yield (*at, name)
        yield from places(one, (*at, name))


def changed(rows: list[dict[str, Any]], at: tuple[Any, ...], odd: Any) -> bytes:
    """The source with an odd value at a place, and an odd field beside it."""
    rows = copy.deepcopy(rows)
    inner: Any = rows
    for name in at[:-1]:
        inner = inner[name]
    inner[at[-1]] = odd
    if isinstance(inner, dict):
        inner[SECRET] = odd
    return "\n".join(map(json.dumps, rows)).encode()


def told(source: bytes) -> tuple[str, bool]:
    """All that a report says of a source, or the error that refuses it; and whether it is a report."""
    try:
        report = migrate(source).report
    except ChatdocError as error:
        return f"{error} {error.hint}", False
    return report.to_text() + report.to_json().decode(), True


@pytest.mark.parametrize("rows", [NATIVE, COCALC, JUPYTER], ids=["v2", "cocalc", "jupyter"])
def test_a_report_shows_no_odd_value(rows: list[dict[str, Any]]) -> None:
    """Whatever stands wherever in a file of whichever format, what is said of it is its kind; so are refusals."""
    looked = 0
    for at in places(rows):
        for odd in ODD if len(at) > 1 else ():
            words, is_report = told(changed(rows, at, odd))
            looked += is_report
            assert "hunter2" not in words, (at, odd)
    assert looked > 40


def test_kinds_are_words() -> None:
    """What is no content is spelled out, everything else is counted."""
    assert [kind_of(one) for one in (None, True, "", "four", 4, 4.5, [1], {"a": 1}, b"x")] == [
        "None", "True", "an empty text", "a text of 4 characters", "a number", "a number", "a list of 1",
        "an object of 1 fields", "a bytes",
    ]  # fmt: skip
