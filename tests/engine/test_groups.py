"""A group of updates or commands is one transaction, with an answer or a refusal for each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chatdoc import open_document
from chatdoc.engine.receive_result import Received
from chatdoc.model.commands.send_message import SendMessage
from chatdoc.model.errors import CommandRefused, DocumentClosed, NotFound, UpdateRefused
from chatdoc.model.ids import ThreadId
from chatdoc.verify import verify_store


def test_each_update_of_a_group_is_answered_alone(tmp_path: Path) -> None:
    """What is refused undoes none of the others, before it or after it, and all are there after a reopening."""
    with open_document(tmp_path / "theirs.chat") as theirs:
        sent: list[tuple[bytes, str]] = []
        theirs.subscribe(lambda update, origin: sent.append((update, "peer")))
        thread = theirs.create_thread(sender_id="ada", content="0")
        for number in range(1, 6):
            theirs.send(thread.thread_id, sender_id="ada", content=str(number))
    with open_document(tmp_path / "ours.chat") as ours:
        answers = ours.group.receive_each([*sent[:3], (b"\xff", "peer"), *sent[3:]])
        assert [type(one) for one in answers] == [Received] * 3 + [UpdateRefused] + [Received] * 3
    with open_document(tmp_path / "ours.chat") as ours:
        assert [one.content for one in ours.messages(thread.thread_id)] == list("012345")
        assert ours.check(full=True).ok


def test_each_command_of_a_group_is_answered_alone(tmp_path: Path) -> None:
    """A command that is refused undoes none of the others, and each id gives its first answer again."""
    with open_document(tmp_path / "a.chat") as doc:
        thread_id = doc.create_thread(sender_id="ada", content="0").thread_id

        def send(where: str, number: int) -> tuple[SendMessage, str]:
            return SendMessage(thread_id=ThreadId(where), sender_id="ada", content=str(number)), f"c{number}"

        group = [send(thread_id, 1), send("nowhere", 2), send(thread_id, 3)]
        answers = doc.group.execute_each(group)
        assert isinstance(answers[1], NotFound)
        assert [answers[0].content, answers[2].content] == ["1", "3"]
        again = doc.group.execute_each(group)
        assert [again[0], again[2]] == [answers[0], answers[2]]
        assert [one.content for one in doc.messages(thread_id)] == ["0", "1", "3"]
        assert doc.check(full=True).ok


@pytest.mark.parametrize("call", ["save", "save to", "compact", "close"])
def test_what_cannot_be_undone_is_refused_within_a_group(tmp_path: Path, call: str) -> None:
    """A text would be ahead of its store, and a closed store would lose the group; the refusal says when to call."""
    path = tmp_path / "team.chat"
    with open_document(path) as doc:
        thread_id = doc.create_thread(sender_id="ada", content="0").thread_id
        doc.save()
        before = path.read_bytes()

        def work() -> None:
            doc.send(thread_id, sender_id="ada", content="1")
            match call:
                case "save":
                    doc.save()
                case "save to":
                    doc.save(to=tmp_path / "other.chat")
                case "compact":
                    doc.compact()
                case _:
                    doc.close()

        with pytest.raises(
            CommandRefused, match=rf"^{call.split()[0]} was called within a group .* is over$"
        ):
            doc.group.together(work)
        assert path.read_bytes() == before
        assert not (tmp_path / "other.chat").exists()
        assert [one.content for one in doc.messages(thread_id)] == ["0", "1"], "what came before it is stored"
        doc.save()
        doc.compact()
        assert path.read_bytes() != before
    assert verify_store(path) == []


def test_a_subscriber_may_save_whatever_made_the_change(tmp_path: Path) -> None:
    """It hears of a group once that is stored."""
    path = tmp_path / "team.chat"
    with open_document(path) as doc:
        thread_id = doc.create_thread(sender_id="ada", content="0").thread_id
        doc.subscribe(lambda update, origin: doc.save())
        doc.group.together(
            lambda: [doc.send(thread_id, sender_id="ada", content=str(one)) for one in range(3)]
        )
        assert path.read_bytes() == doc.text()


@pytest.mark.parametrize("command_id", ["", "half of a pair: \ud800", "x" * 1001, 7, b"bytes"])
def test_an_id_that_is_none_refuses_its_own_command_alone(tmp_path: Path, command_id: Any) -> None:
    """Receipts are looked up for the group as a whole, before any id is judged: no id makes that fail."""
    with open_document(tmp_path / "a.chat") as doc:
        thread_id = doc.create_thread(sender_id="ada", content="0").thread_id
        one, two, three = (
            SendMessage(thread_id=thread_id, sender_id="ada", content=text) for text in ("1", "2", "3")
        )
        answers = doc.group.execute_each([(one, "first"), (two, command_id), (three, None)])
        assert isinstance(answers[1], CommandRefused)
        assert [answers[0].content, answers[2].content] == ["1", "3"]
        assert [one.content for one in doc.messages(thread_id)] == ["0", "1", "3"]


def test_a_group_of_nothing_writes_nothing(tmp_path: Path) -> None:
    """A batch may come out empty; a closed document refuses it as it refuses any."""
    with open_document(tmp_path / "plan.chat") as document:
        before = document.snapshot().snapshot_sequence
        assert document.group.execute_each([]) == document.group.receive_each([]) == []
        assert document.snapshot().snapshot_sequence == before
    with pytest.raises(DocumentClosed):
        document.group.execute_each([])
