"""A row of any era gives its text, its author and all else it says."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from migrate.cocalc.chat import Chat
from migrate.cocalc.rows import chat_of, is_config
from tests.migrate.cocalc.building import ADA, BOB, T0, said

DATE = "2024-05-01T10:00:00.000Z"


def read(row: dict[str, Any]) -> Chat:
    """The message of a row."""
    return chat_of(1, msgspec.json.encode(row), row)


def texts(chat: Chat) -> list[tuple[str, str]]:
    """Author and text, oldest first."""
    return [(one.author_id, one.content) for one in chat.texts]


def entry(content: Any, author: Any = ADA, date: Any = DATE) -> dict[str, Any]:
    """A history entry."""
    return {"author_id": author, "content": content, "date": date}


def test_history_goes_before_payload_before_mesg() -> None:
    """The text that counts is the newest era's; the others are kept beside it."""
    row = said("new", payload={"content": "older"}, mesg={"content": "oldest"})
    assert texts(read(row)) == [(ADA, "new")]
    assert read(row).fields == {"payload": {"content": "older"}, "mesg": {"content": "oldest"}}
    del row["history"]
    assert texts(read(row)) == [(ADA, "older")]
    assert read(row).fields == {"mesg": {"content": "oldest"}}
    del row["payload"]
    assert texts(read(row)) == [(ADA, "oldest")]
    assert read(row).fields is None


def test_what_stands_around_the_text_of_a_carrier_is_kept() -> None:
    """Other words of payload and mesg keep their names; the event of 2013 says nothing."""
    row = {"event": "chat", "date": DATE, "sender_id": ADA, "payload": {"content": "x", "format": "md"}}
    assert read(row).fields == {"payload": {"format": "md"}}
    row = {"date": DATE, "name": "Ada", "mesg": {"event": "chat", "content": "x"}}
    assert read(row).fields is None


def test_rows_of_2013_are_by_their_name() -> None:
    """A name is an author only where no id is, and kept where an id is."""
    row = {"date": DATE, "name": "Ada L", "color": "18ffa1", "mesg": {"event": "chat", "content": "hi"}}
    assert (read(row).sender, read(row).fields) == ("name:Ada L", {"color": "18ffa1"})
    assert read(row | {"sender_id": BOB}).sender == BOB
    assert read(row | {"sender_id": BOB}).fields == {"color": "18ffa1", "legacy_name": "Ada L"}
    assert read(row | {"name": 7}).fields == {"color": "18ffa1", "legacy_name": 7}


@pytest.mark.parametrize("sender", [None, "", "__unknown__", 17, ["x"]])
def test_a_row_without_sender_is_by_the_author_of_its_oldest_text(sender: Any) -> None:
    """And by nobody where no text has one; what stood there is kept unless it said nothing."""
    row = said("x") | {"sender_id": sender, "history": [entry("new", BOB), entry("old", ADA)]}
    assert read(row).sender == ADA
    row["history"] = [{"content": "x", "date": DATE}]
    assert read(row).sender == ""
    kept = (read(row).fields or {}).get("legacy_sender_id")
    assert kept == (sender if sender in (17, ["x"]) else None)


def test_history_is_turned_round_and_completed() -> None:
    """Oldest first; a missing author is the sender, a missing date the row's."""
    chat = read(said("x") | {"history": [{"content": "b"}, entry("a", BOB)]})
    assert [(one.author_id, one.content, one.date) for one in chat.texts] == [
        (BOB, "a", DATE),
        (ADA, "b", DATE),
    ]


@pytest.mark.parametrize(
    "history",
    [
        {"content": "no list"},
        ["a bare text"],
        [None],
        [entry(7)],
        [entry("x", 7)],
        [entry("x", ADA, "yesterday")],
        [entry("x") | {"tokens": 5}],
        "text",
    ],
)
def test_an_odd_history_is_kept_as_it_stands(history: Any) -> None:
    """Beside the message with the texts that could be read."""
    chat = read(said("x") | {"history": history})
    assert (chat.fields or {})["legacy_history"] == history
    assert len(chat.texts) == 1


@pytest.mark.parametrize("date", ["not a date", {"y": 1}, -5, 10**16, True, "1969-12-31T23:59:59.999Z"])
def test_a_bad_date_is_kept_and_the_history_asked(date: Any) -> None:
    """The oldest text tells when; without one it is 1970, and told."""
    chat = read(said("x") | {"date": date, "history": [entry("b", ADA, T0 + 5), entry("a", ADA, T0)]})
    assert (chat.ms, chat.date, (chat.fields or {})["legacy_date"]) == (T0, DATE, date)
    assert [code for code, _, _ in chat.notes or ()] == ["bad_date"]
    chat = read({"event": "chat", "sender_id": ADA, "date": date})
    assert (chat.ms, chat.date) == (None, "1970-01-01T00:00:00.000Z")


def test_fields_of_the_thread_are_told_from_those_of_the_message() -> None:
    """Unknown ones are the message's; nulls say nothing."""
    chat = read(
        said("x", name="Plan", **{"read-a": 1, "lastread-b": 2}, feedback={"a": None}, void=None, zero=0)
    )
    assert chat.config == {"lastread-b": 2, "name": "Plan", "read-a": 1}
    assert chat.fields == {"feedback": {"a": None}, "zero": 0}
    assert is_config("acp_config")
    assert not is_config("acp_usage")


def test_fields_of_the_first_days_of_agents_get_their_later_names() -> None:
    """Unless the row has both."""
    assert read(said("x", codex_usage={"a": 1})).fields == {"acp_usage": {"a": 1}}
    both = read(said("x", codex_thread_id="old", acp_thread_id="new")).fields
    assert both == {"codex_thread_id": "old", "acp_thread_id": "new"}


@pytest.mark.parametrize("name", ["message_id", "thread_id", "parent_message_id", "reply_to_message_id"])
def test_ids_that_are_none_are_kept(name: str) -> None:
    """A number, a list or blanks cannot be followed."""
    assert read(said("x", **{name: 7})).fields == {f"legacy_{name}": 7}
    assert read(said("x", **{name: " "})).fields == {f"legacy_{name}": " "}
    assert read(said("x", **{name: ""})).fields is None


def test_a_second_parent_is_kept() -> None:
    """The later name goes before the one of February 2026."""
    chat = read(said("x", parent_message_id="a", reply_to_message_id="b"))
    assert (chat.parent, chat.fields) == ("a", {"legacy_reply_to_message_id": "b"})
    assert read(said("x", reply_to_message_id="b")).parent == "b"


def test_words_that_are_kept_never_hide_a_field_of_that_name() -> None:
    """The row's own field stays what it is."""
    row = said("x", legacy_date="mine", deleted=True, legacy_deleted="mine too") | {"date": str(T0)}
    assert read(row).fields == {
        "legacy_date": "mine",
        "legacy_legacy_date": str(T0),
        "legacy_deleted": "mine too",
        "legacy_legacy_deleted": True,
    }


@pytest.mark.parametrize(("generating", "kept"), [(True, None), (False, None), ("yes", "yes"), (1, 1)])
def test_only_a_truth_says_that_a_text_was_being_written(generating: Any, kept: Any) -> None:
    """Anything else is kept as a word."""
    chat = read(said("x", generating=generating))
    assert chat.was_generating is (generating is True)
    assert (chat.fields or {}).get("legacy_generating") == kept


def test_a_version_that_is_not_known_is_kept() -> None:
    """1 and 2 say nothing more than the row's shape."""
    assert read(said("x", schema_version=2)).fields is None
    assert read(said("x", schema_version=9)).fields == {"legacy_schema_version": 9}
