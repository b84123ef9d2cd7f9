"""Commands that wait in a room are one transaction, each with an answer or an error of its own."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from chatdoc import open_document
from chatdoc.apps.server.batch import Call, Finished, carry_out
from chatdoc.apps.server.command_specs import JOINING, SPECS, Given
from chatdoc.apps.server.command_specs import carry_out as carry_out_command
from chatdoc.apps.server.principal import allow_own
from chatdoc.document import Document
from chatdoc.model.errors import CommandConflict, NotFound, StoreError
from chatdoc.serve import Limits
from chatdoc.store.sql.unit_of_work import SqlUnitOfWork


def turn(document: Document, *given: Given) -> list[Finished]:
    """One turn of a room in which so many commands wait."""

    async def run() -> list[Any]:
        loop = asyncio.get_running_loop()
        calls = [
            Call(
                lambda doc, one=one: carry_out_command(doc, one),  # type: ignore[misc]
                loop.create_future(),
                one.kind in JOINING,
                one.command_id,
            )
            for one in given
        ]
        return carry_out(document, list(calls), allow_own, Limits())

    found = asyncio.run(run())
    assert all(isinstance(one, Finished) for one in found)
    return found


def send(thread_id: str, content: str, command_id: str | None) -> Given:
    """A message."""
    return Given("send", {"thread_id": thread_id, "content": content, "sender_id": "ada"}, command_id)


@pytest.fixture
def document(tmp_path: Path) -> Document:
    """A document in a file."""
    return open_document(tmp_path / "one.chat")


def commits(document: Document) -> int:
    """How many transactions were written through this object."""
    feed: Any = document.engine.store.feed
    count: int = feed.bell.commits
    return count


def test_commands_that_wait_are_one_transaction(document: Document) -> None:
    """Each has its answer, and its receipt: repeated, it has the same one."""
    thread_id = document.create_thread(sender_id="ada", content="Hello").thread_id
    before = commits(document)
    given = [send(thread_id, f"{number}", f"id-{number}") for number in range(20)]
    answers = [one.value["record"]["message_id"] for one in turn(document, *given)]
    written = document.messages(thread_id)[1:]
    assert [(one.message_id, one.content) for one in written] == [
        (answer, f"{number}") for number, answer in enumerate(answers)
    ]
    assert commits(document) == before + 1
    again = turn(document, *given, given[3])
    assert [one.value["record"]["message_id"] for one in again] == [*answers, answers[3]]
    assert len(document.messages(thread_id)) == 21


def test_what_is_refused_undoes_nothing_else(document: Document) -> None:
    """A conflict, a thread that is not there and a wrong type stand between commands that are stored."""
    thread_id = document.create_thread(sender_id="ada", content="Hello").thread_id
    done = turn(
        document,
        send(thread_id, "first", "id-1"),
        send(thread_id, "another", "id-1"),
        send("no thread", "nowhere", "id-2"),
        Given("edit", {"message_id": [], "content": "x", "author_id": "ada"}, "id-3"),
        send(thread_id, "without an id", None),
        send(thread_id, "last", "id-4"),
    )
    assert [type(one.error) for one in done[:3]] == [type(None), CommandConflict, NotFound]
    assert done[3].error is not None
    assert [one.error for one in done[4:]] == [None, None]
    assert [one.content for one in document.messages(thread_id)] == [
        "Hello",
        "first",
        "without an id",
        "last",
    ]
    assert type(turn(document, send("no thread", "nowhere", "id-2"))[0].error) is NotFound


def test_a_store_that_fails_fails_all_of_them(document: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is told that his command is stored, and none is."""
    thread_id = document.create_thread(sender_id="ada", content="Hello").thread_id
    given = [send(thread_id, f"{number}", f"id-{number}") for number in range(3)]
    with monkeypatch.context() as planted:
        put, calls = SqlUnitOfWork.put_receipt, iter(range(9))

        def fail_once(unit: SqlUnitOfWork, *given: Any, **named: Any) -> None:
            if next(calls) == 1:
                raise StoreError("planted: could not store a receipt", hint="Try again")
            put(unit, *given, **named)

        planted.setattr(SqlUnitOfWork, "put_receipt", fail_once)
        assert all(isinstance(one.error, StoreError) for one in turn(document, *given))
    assert len(document.messages(thread_id)) == 1
    assert [one.error for one in turn(document, *given)] == [None] * 3


def test_every_type_that_joins_is_a_type() -> None:
    """And none of them is a step of a turn, which does more than change the document."""
    assert SPECS.keys() > JOINING
    assert JOINING.isdisjoint({"queue_turn", "withdraw", "send_now", "interrupt", "stop_session", "revert"})
