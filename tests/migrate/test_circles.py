"""Replies that run in circles cost what their rows cost, however many circles there are."""

from __future__ import annotations

import json
import sys
from types import FrameType
from typing import Any

import pytest

from chatdoc.model.ids import derive
from chatdoc.model.view import apply
from chatdoc.model.view.lookup import all_facts
from chatdoc.model.view.view import View
from migrate import migrate
from tests.migrate.test_golden import view_of

MS = 1_700_000_000_000
DATE = "2023-11-14T22:13:20.000Z"
T = derive("thread", MS, "t")


def circles(count: int, length: int) -> bytes:
    """A text of ours in which so many circles of so many messages hang on nothing."""
    ids = [derive("message", MS, str(number)) for number in range(count * length + 1)]
    rows: list[dict[str, Any]] = [
        {"event": "thread", "thread_id": T, "created_at": DATE, "created_by": "a", "root_message_id": ids[0]}
    ]
    for number, message_id in enumerate(ids):
        row = {"event": "message", "message_id": message_id, "thread_id": T, "sender_id": "a", "date": DATE,
               "history": [{"author_id": "a", "content": "x", "date": DATE}]}  # fmt: skip
        if number:
            ends = number % length == 0
            row["reply_to_message_id"] = ids[number + 1 - length if ends else number + 1]
        rows.append(row)
    return "\n".join(map(json.dumps, rows)).encode()


def calls_of(work: Any) -> int:
    """How many functions of ours a piece of work calls, generators at each step."""
    count = 0

    def note(frame: FrameType, event: str, _: Any) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("length", [1, 2, 7])
def test_many_circles_cost_what_their_rows_cost(length: int) -> None:
    """Four times as many cost four times as much, and a little."""
    small, large = circles(280 // length, length), circles(1120 // length, length)
    assert migrate(small).report.anomalies
    assert calls_of(lambda: migrate(large)) < 5 * calls_of(lambda: migrate(small))


@pytest.mark.parametrize("count", [1, 9, 60])
def test_messages_that_go_at_once_leave_what_one_by_one_leaves(count: int) -> None:
    """Members, roots, circles and orders are the same as of a view that never had them."""
    facts = list(all_facts(view_of(migrate(circles(40, 2)).facts)))
    kept, gone = facts[:-count], facts[-count:]
    view, expected = View(), View()
    apply.apply(view, facts, origin="test")
    view.ordered(T)
    apply.undo(view, gone)
    apply.apply(expected, kept, origin="test")
    assert view.ordered(T) == expected.ordered(T)
    assert sorted(view.messages_of(T)) == sorted(expected.messages_of(T))
    assert (view.roots, view.unanchored, view.looped, view.waiting) == (
        expected.roots, expected.unanchored, expected.looped, expected.waiting,
    )  # fmt: skip
