"""What one door lets in every reader takes: the guard, our text, other programs' rows and commands, at every limit."""

from __future__ import annotations

import json
import random
from itertools import count
from typing import Any

import pytest

from chatdoc.crdt.keys import decode, encode, key_problem
from chatdoc.in_memory import memory_document
from chatdoc.model import limits
from chatdoc.model.errors import CommandRefused
from chatdoc.model.facts import DocumentFact, Fact, Header, MarkFact, SettingFact, StateFact, ThreadFact
from chatdoc.model.ids import MessageId, Stamp, ThreadId, derive
from migrate import migrate
from migrate.v2.write import render
from tests.migrate.v2.text.documents import view_of

MS = 1_700_000_000_000
DATE = "2023-11-14T22:13:20.000Z"
T = ThreadId(derive("thread", MS, "t"))
ROOT = MessageId(derive("message", MS, "root"))
STAMP = Stamp(derive("stamp", MS, "s"))


def nested(depth: int) -> Any:
    """A value of so many levels."""
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def depth_of(value: Any) -> int:
    """How many levels a JSON value has."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return (1 + max(map(depth_of, inner), default=0)) if isinstance(value, dict | list) else 0


def header(value: Any, content: str = "x") -> Header:
    return Header(
        message_id=ROOT, thread_id=T, sender_id="ada", date=DATE, content=content, fields={"deep": value}
    )


PLACES: dict[str, Any] = {
    "header": header,
    "mark": lambda value: MarkFact(message_id=ROOT, field="deep", stamp=STAMP, value=value, by="ada"),
    "reserved mark": lambda value: MarkFact(message_id=ROOT, field="event", stamp=STAMP, value=value, by=""),
    "setting": lambda value: SettingFact(thread_id=T, field="deep", stamp=STAMP, value=value, by="ada"),
    "agent": lambda value: SettingFact(thread_id=T, field="acp_config.x", stamp=STAMP, value=value, by=""),
    "state": lambda value: StateFact(
        thread_id=T, stamp=STAMP, state="idle", updated_at=DATE, extra={"deep": value}
    ),
    "thread": lambda value: ThreadFact(
        thread_id=T, created_at=DATE, created_by="bob", root_message_id=ROOT, extra={"deep": value}
    ),
    "document": lambda value: DocumentFact(field="deep", value=value),
}


def document_with(fact: Fact) -> list[Fact]:
    """A document around a fact; further copies of its header and identity stand beside it as variants."""
    return [
        DocumentFact(field="document_id", value=derive("document", MS, "one")),
        DocumentFact(field="schema_version", value=2),
        ThreadFact(thread_id=T, created_at=DATE, created_by="ada", root_message_id=ROOT),
        header(1, "another copy"),
        SettingFact(thread_id=T, field="name", stamp=STAMP, value="Plan", by="ada"),
        fact,
    ]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("depth", [10, 64, 190, 196, 197, 198, 199, 200, 201, 202, 203, 230, 256, 300])
def test_a_depth_that_peers_take_is_read_back_from_the_text(place: str, depth: int) -> None:
    """Wherever the value stands: what the guard lets in comes back from our text, and stays the same text."""
    fact = PLACES[place](nested(depth))
    taken = decode(*encode(fact)) is not None
    assert taken == (depth_of(json.loads(encode(fact)[2])) <= limits.FACT_DEPTH_MAX)
    if taken:
        text = render(view_of(document_with(fact)))
        made = migrate(text)
        assert made.report.lines["quarantined"] == 0
        assert render(view_of(made.facts)) == text


@pytest.mark.parametrize("depth", [190, 197, 198, 199, 200, 201, 203, 204, 205, 206, 207, 260])
def test_a_row_of_any_depth_becomes_facts_that_peers_take(depth: int) -> None:
    """From our text, from CoCalc's rows and from jupyterlab-chat: taken as a record, or kept word for word."""
    value = nested(depth)
    row = {
        "event": "chat",
        "date": DATE,
        "sender_id": "ada",
        "history": [],
        "acp_config": {"x": value},
        "y": value,
    }
    ours = {
        "event": "message",
        "message_id": ROOT,
        "thread_id": T,
        "date": DATE,
        "y": value,
        "sender_id": "ada",
    }
    for source in (json.dumps(row), json.dumps(ours), f"{json.dumps(ours)}\n{json.dumps(row)}"):
        made = migrate(source.encode())
        for fact in made.facts:
            assert decode(*encode(fact)) == fact
        assert made.report.lines["total"] == source.count("\n") + 1


@pytest.mark.parametrize("length", [100, 120, 121, 384, 385, 500, 5000])
@pytest.mark.parametrize("letter", ["x", "é", "\u0000", "/"])
def test_a_field_of_any_length_becomes_facts_that_peers_take(length: int, letter: str) -> None:
    """However a file calls a field, of a message, a thread or a document, no key is too long for a peer."""
    name = letter * length
    date, said = DATE, [{"author_id": "ada", "content": "x", "date": DATE}]
    row = {"event": "chat", "date": date, "sender_id": "ada", "history": said, f"read-{name}": 1, name: 2}
    row["acp_config"] = {name: 3}
    config = {"event": "chat-thread-config", "thread_id": T, name: 4}
    ours = [
        {"event": "document", "document_id": derive("document", MS, "d"), "schema_version": 2, name: 1},
        {"event": "thread", "thread_id": T, "created_at": DATE, "created_by": "a", "root_message_id": ROOT, name: 1},
        {"event": "thread_config", "thread_id": T, name: 1, "acp_config": {name: 2}, "stamps": {name: [STAMP, ""]}},
        {"event": "message", "message_id": ROOT, "thread_id": T, "date": DATE, "sender_id": "a", name: 1,
         "stamps": {name: [STAMP, ""]}, "history": said},
    ]  # fmt: skip
    chat = {"messages": [{"id": ROOT, "body": "x", "sender": "a", "time": 1, name: 1}], "users": {}, name: 5}
    for source in (
        "\n".join(map(json.dumps, (row, config))),
        "\n".join(map(json.dumps, ours)),
        json.dumps(chat),
    ):
        for fact in migrate(source.encode()).facts:
            root, key, text = encode(fact)
            assert key_problem(root, key) is None
            assert decode(root, key, text) == fact


def test_commands_are_within_what_everybody_reads() -> None:
    """A command may say less than a file, in every respect."""
    assert limits.GIVEN_DEPTH_MAX < limits.ROW_DEPTH_MAX < limits.FACT_DEPTH_MAX < limits.TEXT_ROW_DEPTH_MAX
    assert limits.TEXT_BYTES_MAX < limits.FACT_BYTES_MAX == limits.LINE_BYTES_MAX < limits.UPDATE_BYTES_MAX
    assert limits.FIELD_LENGTH_MAX < limits.KEY_FIELD_LENGTH_MAX


def test_a_command_is_refused_beyond_its_depth_and_taken_at_it() -> None:
    """What it is given comes back equal, or nothing is written."""
    ticks = count(MS)
    doc = memory_document(clock=lambda: next(ticks), random=random.Random(1).randbytes)
    begun = doc.create_thread(sender_id="ada", content="x")
    deepest = nested(limits.GIVEN_DEPTH_MAX - 1)
    assert (
        doc.send(begun.thread_id, sender_id="ada", content="x", fields={"own": deepest}).extra["own"]
        == deepest
    )
    with pytest.raises(CommandRefused, match="deeper than 64"):
        doc.send(
            begun.thread_id, sender_id="ada", content="x", fields={"own": nested(limits.GIVEN_DEPTH_MAX + 1)}
        )
