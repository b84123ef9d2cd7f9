"""Rows are told apart by what they are; what is no message stays as it is, with the reason."""

from __future__ import annotations

from typing import Any

import pytest

from chatdoc.model.clock import iso
from tests.migrate.cocalc.building import ADA, T0, messages, opened, record, said

ROOT = said("root")
DATE = iso(T0)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"event": "draft", "date": 0, "input": " ", "sender_id": ADA}, "a draft, no message"),
        ({"event": "draft", "date": -T0, "input": "x", "sender_id": ADA}, "a draft, no message"),
        ({"event": "start_video", "sender_id": ADA, "payload": {"room_id": 3.5e23}}, "a video call, no message"),
        ({"event": "stop_video", "date": DATE}, "a video call, no message"),
        ({"event": "video", "video": {"room_id": 1}}, "a video call, no message"),
        (said("x", video_chat={"is_video_chat": True}), "a video call, no message"),
        ({"event": "coding-agent", "date": "session_name:s1"}, "a row of an embedded agent, no message"),
        ({"event": "notebook-agent", "date": DATE, "content": "x"}, "a row of an embedded agent, no message"),
        ({"corrupt": '{"sender'}, "text that an older program could not read"),
        ({"event": "poll", "date": DATE}, "unknown event 'poll'"),
        ({"event": 7, "date": DATE, "sender_id": ADA}, "a row without an event"),
        ({"event": ["chat"], "date": DATE}, "a row without an event"),
        ({"date": DATE, "sender_id": ADA, "history": []}, "a row without an event"),
        ({"hello": "world"}, "a row without an event"),
        ({}, "a row without an event"),
        ({"event": "chat"}, "a row that says nothing"),
        ({"date": DATE}, "a row that says nothing"),
        ({"event": "chat", "date": DATE, "editing": {ADA: "FUTURE"}}, "fields for a message that it does not name"),
        ({"event": "chat-thread-config", "name": "x"}, "a record of a thread without its id"),
        (record("state", " "), "a record of a thread without its id"),
        (record("", 7), "a record of a thread without its id"),  # type: ignore[arg-type]
    ],
)  # fmt: skip
def test_what_is_no_message_stays_in_the_attic(row: dict[str, Any], reason: str) -> None:
    """Word for word, and beside it the file is read."""
    view, made = opened(ROOT, row)
    assert [one.content for one in messages(view)] == ["root"]
    assert [one.reason for one in view.attic()] == [reason]
    assert made.report.lines["attic"] == 1


@pytest.mark.parametrize(
    "row",
    [
        said("x", video_chat={"is_video_chat": False}),
        {"event": "chat", "sender_id": ADA},
        {"event": "chat", "date": DATE, "history": [{"content": "x"}]},
        {"event": "chat", "date": DATE, "payload": "no object"},
        {"event": "chat", "message_id": "x"},
        {"mesg": {}},
    ],
)
def test_what_says_who_or_what_or_which_is_a_message(row: dict[str, Any]) -> None:
    """However little that is."""
    assert len(messages(opened(said("root", 9), row)[0])) == 2


@pytest.mark.parametrize(
    "line",
    [b"null", b"[1]", b"{", b'{"date":NaN}', b"\xff", b'{"a":' + b"[" * 300 + b"]" * 300 + b"}", b"\x00"],
)
def test_what_is_no_row_is_quarantined(line: bytes) -> None:
    """Also what is nested deeper than every peer can write."""
    view, made = opened(ROOT, line)
    assert (made.report.lines["quarantined"], len(list(view.attic()))) == (1, 1)


def test_repeated_lines_count_once_and_repeated_keys_keep_their_line() -> None:
    """The last of two equal keys is taken, as every reader of JSON does."""
    raw = (
        b'{"date":"%s","event":"chat","sender_id":"x","sender_id":"y","payload":{"content":"z"}}'
        % DATE.encode()
    )
    view, made = opened(raw, raw, said("plain", 5), said("plain", 5), {"event": "draft"}, {"event": "draft"})
    assert [(one.sender_id, one.content) for one in messages(view)] == [("y", "z"), (ADA, "plain")]
    assert made.report.lines == {
        "total": 6,
        "blank": 0,
        "record": 2,
        "attic": 1,
        "quarantined": 0,
        "duplicate": 3,
    }
    assert raw.decode() in [one.text for one in view.attic()]
