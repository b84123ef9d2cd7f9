"""A group of updates or commands is one transaction, with an answer or a refusal for each."""

from __future__ import annotations

from pathlib import Path

from chatdoc import open_document
from chatdoc.engine.receive_result import Received
from chatdoc.model.commands.send_message import SendMessage
from chatdoc.model.errors import NotFound, UpdateRefused
from chatdoc.model.ids import ThreadId


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
