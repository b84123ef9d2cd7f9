"""A jupyterlab-chat file becomes one thread and loses nothing; a damaged one is refused, never taken for empty."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatdoc.model.errors import UnreadableFile
from chatdoc.model.view.view import View
from invariants.full import check_all
from migrate import sniff
from migrate.export import FORMATS
from migrate.jupyter.read import claims, facts_of, parse
from tests.examples import examples
from tests.migrate.v2.text.documents import view_of

FIRST = "6f1c2a3b-0001-4000-8000-000000000001"
SECOND = "6f1c2a3b-0002-4000-8000-000000000002"


def message(number: int, **fields: Any) -> dict[str, Any]:
    """A message as jupyterlab-chat writes it."""
    return {
        "id": f"6f1c2a3b-{number:04}-4000-8000-{number:012}",
        "body": f"text {number}",
        "time": 1_700_000_000.0 + number,
        "sender": "ada",
        "type": "msg",
        "raw_time": False,
    } | fields


def chat(*messages: Any, **parts: Any) -> bytes:
    """A file as jupyterlab-chat writes it."""
    return json.dumps(
        {"messages": messages, "users": {}, "attachments": {}, "metadata": {}} | parts, indent=2
    ).encode()


def read(source: bytes) -> tuple[View, list[str]]:
    """The view of a file, and the codes of what was odd in it."""
    codes: list[str] = []
    facts = facts_of(parse(source), lambda place, code, found, decided: codes.append(code))
    return view_of(facts), codes


def test_the_first_message_by_time_is_the_root() -> None:
    """One thread; whatever the order in the file, the earliest message is its root and the others reply to it."""
    view, codes = read(chat(message(2), message(1)))
    (thread_id,) = view.thread_ids()
    assert view.root_of(thread_id) == FIRST
    second = view.message(SECOND)
    assert second is not None
    assert (second.reply_to_message_id, second.content, second.date) == (
        FIRST,
        "text 2",
        "2023-11-14T22:13:22.000Z",
    )
    assert codes == []


def test_an_empty_chat_has_a_placeholder_root() -> None:
    """No messages: one thread whose root is assumed, and exported again it is empty."""
    view, _ = read(chat())
    (thread_id,) = view.thread_ids()
    root = view.message(str(view.root_of(thread_id)))
    assert root is not None
    assert root.assumed
    assert json.loads(FORMATS["jupyter"](view))["messages"] == []


def test_users_attachments_and_metadata_come_back() -> None:
    """The file's other parts, and fields of messages known and unknown, are in the export again."""
    parts: dict[str, Any] = {
        "users": {"ada": {"username": "ada", "color": "red"}},
        "attachments": {"a1": {"type": "file", "value": "x.ipynb"}},
        "metadata": {"acp_session_ids": {"@p": "s1"}},
        "future": [1, 2],
    }
    source = chat(message(1, attachments=["a1"], metadata={"k": 1}, unknown={"deep": [1]}), **parts)
    out = json.loads(FORMATS["jupyter"](read(source)[0]))
    assert {name: out[name] for name in parts} == parts
    assert out["messages"][0]["attachments"] == ["a1"]
    assert out["messages"][0]["metadata"] == {"k": 1, "chatdoc": {"unknown": {"deep": [1]}}}


def test_a_deleted_message_stays_deleted() -> None:
    """`deleted` becomes a tombstone and is written as one."""
    view, _ = read(chat(message(1), message(2, deleted=True, body="")))
    second = view.message(SECOND)
    assert second is not None
    assert second.deleted_at is not None
    assert json.loads(FORMATS["jupyter"](view))["messages"][1]["deleted"] is True


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (chat(message(1))[:-9], "line"),
        (b'{"messages": [', "line 1 column"),
        (chat(message(1)).replace(b'"body"', b"body"), "column"),
        (b'{"messages": {"a": 1}, "users": {}}', "list of messages, got dict"),
        (b'{"messages": "none", "metadata": {}}', "got str"),
        (chat(message(1)).replace(b"text 1", b"\xff"), "no UTF-8"),
        (b'{"messages": ' + b"[" * 100_000, "cannot be read"),
    ],
)
def test_a_damaged_file_is_refused_with_its_place(damage: bytes, says: str) -> None:
    """Every damage is claimed by this format, and refused by name; none is an empty chat."""
    assert claims(damage)
    with pytest.raises(UnreadableFile, match=says):
        parse(damage)


@pytest.mark.parametrize(
    "source",
    [
        b"",
        b'{"event":"chat","date":"2024-01-01T00:00:00.000Z","history":[],"messages":[]}',
        b'{"event":"document","schema_version":2}',
        b'{"date":"2013-05-01","mesg":{"content":"messages"}}\n{"messages":1}',
        b'\n{"sender_id":"a","event":"video"}',
        b'{"messages": {"hello": "Hello"}}',
        b'{"messages": []}',
        b'{"messages": [{"role": "user", "content": "Hi"}], "model": "m"}',
        b'{\n  "messages": [{"role": "user", "content": "Hi"}]\n}',
    ],
)
def test_line_formats_are_not_claimed(source: bytes) -> None:
    """One JSON object a line is not this format, even where it speaks of messages."""
    assert not claims(source)


@pytest.mark.parametrize(
    "source",
    [
        chat(message(1), attachments={"a": {"type": "file", "value": "x" * 70_000}}),
        json.dumps({"users": {"ada": {"username": "a" * 70_000}}, "messages": [message(1)]}).encode(),
        json.dumps({"metadata": {}, "messages": []}, indent=2).encode(),
        json.dumps({"messages": [message(1)]}).encode(),
    ],
)
def test_a_chat_is_found_wherever_its_messages_stand(source: bytes) -> None:
    """Also behind more than 64 KiB of other parts, and by its messages alone."""
    assert claims(source)
    assert sniff(source) == "jupyter"


def test_odd_messages_are_kept_and_told() -> None:
    """No id, no time, no text, no object: each is noted, none is lost."""
    view, codes = read(chat(message(1), {"body": 5}, "words", message(2, id="m-2"), message(3, time="soon")))
    assert len(view.headers) == 4
    assert [row.text for row in view.attic()] == ['"words"']
    assert {"missing_message_id", "unfit_body", "no_message", "foreign_message_id", "unfit_time"} <= set(
        codes
    )


def test_what_json_can_say_and_utf8_cannot_is_replaced_and_told() -> None:
    """Half a surrogate pair and NaN do not break the chat."""
    source = (
        chat(message(1)).replace(b"text 1", rb"a\ud800b").replace(b'"raw_time": false', b'"raw_time": NaN')
    )
    view, codes = read(source)
    first = view.message(FIRST)
    assert first is not None
    assert first.content == "a�b"
    assert {"lone_surrogate", "no_number"} <= set(codes)


@settings(max_examples=examples(60), deadline=None)
@given(
    st.lists(
        st.builds(
            message,
            st.integers(1, 30),
            body=st.text(st.characters(codec="utf-8"), max_size=8),
            time=st.floats(0, 4e9),
            sender=st.sampled_from(["ada", "bob", ""]),
        ),
        max_size=6,
        unique_by=lambda one: one["id"],
    )
)
def test_ids_times_and_texts_survive_the_way_out_and_in(messages: list[dict[str, Any]]) -> None:
    """Exported and read again, every message has its id, time, sender and text, and the thread is the same."""
    view, _ = read(chat(*messages))
    out = FORMATS["jupyter"](view)
    came = {one["id"]: one for one in json.loads(out)["messages"]}
    for one in messages:
        assert [came[one["id"]][name] for name in ("body", "time", "sender")] == [
            one["body"],
            one["time"],
            one["sender"],
        ]
    again, _ = read(out)
    assert again.thread_ids() == view.thread_ids()
    assert FORMATS["jupyter"](again) == out


def test_an_agent_s_chat_that_was_exported_can_be_opened_again() -> None:
    """The thread gets the config that threads with an agent's traces have, so no rule is broken."""
    traces = {"acp_thread_id": "s-1", "acp_usage": {"input_tokens": 3}}
    for agent in (message(2, **traces), message(2, metadata={"chatdoc": traces})):
        view, _ = read(chat(message(1), agent))
        assert check_all(view) == {}
        (thread_id,) = view.thread_ids()
        assert view.has_config(thread_id)
