"""A misspelled name is refused with the one that was meant, and an id that is given makes one message everywhere."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from chatdoc.document import Document
from chatdoc.in_memory import memory_document
from chatdoc.model.commands.configure_thread import ConfigureThread
from chatdoc.model.commands.create_thread import CreateThread
from chatdoc.model.commands.given import CONFIG_FIELDS, MESSAGE_FIELDS, PARAMETERS, is_slip
from chatdoc.model.commands.send_message import SendMessage
from chatdoc.model.commands.turn_queue import QueueTurn
from chatdoc.model.commands.turn_start import StartTurn
from chatdoc.model.errors import CommandRefused
from chatdoc.model.ids import MessageId, ThreadId

ULID = MessageId("01HF7YAT000000000000000001")
UUID = MessageId("71000000-0000-4000-8000-000000000001")
MS = 1_700_000_000_000


def opened(seed: int = 1, ms: int = MS) -> Document:
    """A document in memory."""
    ticks = count(ms)
    return memory_document(clock=lambda: next(ticks), random=random.Random(seed).randbytes)


@pytest.fixture
def doc() -> Document:
    return opened()


@pytest.fixture
def thread_id(doc: Document) -> ThreadId:
    return doc.create_thread(sender_id="ada", content="Hello").thread_id


GIVING: dict[str, Callable[[ThreadId, dict[str, Any]], Any]] = {
    "send": lambda thread, given: SendMessage(thread_id=thread, sender_id="a", content="x", fields=given),
    "queue": lambda thread, given: QueueTurn(thread_id=thread, sender_id="a", content="x", fields=given),
    "start": lambda thread, given: StartTurn(thread_id=thread, sender_id="a", fields=given),
    "configure": lambda thread, given: ConfigureThread(thread_id=thread, updated_by="a", config=given),
    "create": lambda thread, given: CreateThread(sender_id="a", content="x", config=given),
}


@pytest.mark.parametrize("command", GIVING)
@pytest.mark.parametrize(
    ("typed", "meant"),
    [("comand_id", "command_id"), ("commnad_id", "command_id"), ("mesage_id", "message_id"),
     ("sender-id", "sender_id"), ("replyto", "reply_to"), ("Content", "content")],
)  # fmt: skip
def test_a_misspelled_parameter_is_no_data(
    doc: Document, thread_id: ThreadId, command: str, typed: str, meant: str
) -> None:
    """Whatever the command, the error names what was typed and what was meant, and nothing is written."""
    before = doc.state_vector()
    with pytest.raises(CommandRefused, match=f"{typed}' is not known. Did you mean {meant}"):
        doc.execute(GIVING[command](thread_id, {typed: "x"}))
    with pytest.raises(CommandRefused, match=f"{meant} is no field of one's own"):
        doc.execute(GIVING[command](thread_id, {meant: "x"}))
    assert doc.state_vector() == before


@pytest.mark.parametrize(
    ("typed", "meant"), [("nmae", "name"), ("thread_colour", "thread_color"), ("acp_confg", "acp_config")]
)
def test_a_misspelled_setting_is_no_data(doc: Document, thread_id: ThreadId, typed: str, meant: str) -> None:
    """The fields of a config are known."""
    with pytest.raises(CommandRefused, match=f"Did you mean {meant}"):
        doc.execute(GIVING["configure"](thread_id, {typed: "x"}))
    assert not doc.view.has_config(thread_id)


@pytest.mark.parametrize(
    "name", ["own", "note", "context", "game", "color", "title", "é", "acp_own", "x" * 100]
)
def test_a_field_of_ones_own_is_taken(doc: Document, thread_id: ThreadId, name: str) -> None:
    """Names that are not a slip away from a known one are free."""
    sent = doc.execute(GIVING["send"](thread_id, {name: 1}))
    assert sent.extra == {name: 1}
    assert doc.execute(GIVING["configure"](thread_id, {name: 1})).extra == {name: 1}


def test_no_known_name_is_taken_for_a_slip_of_another() -> None:
    """All of them can be given."""
    known = {*MESSAGE_FIELDS, *CONFIG_FIELDS, *PARAMETERS}
    assert [(one, other) for one in known for other in known if is_slip(one, other)] == []


@pytest.mark.parametrize("message_id", [ULID, UUID])
def test_a_message_sent_again_under_its_id_is_there(
    doc: Document, thread_id: ThreadId, message_id: MessageId
) -> None:
    """Without a command id: the second time nothing is written, and the message is the answer."""
    command = SendMessage(thread_id=thread_id, sender_id="bridge", content="Hi", message_id=message_id)
    sent = doc.execute(command)
    assert sent.message_id == message_id
    before = doc.state_vector()
    assert doc.execute(command) == sent
    assert doc.state_vector() == before
    edited = doc.edit(message_id, author_id="bridge", content="Hi!")
    assert [one.content for one in edited.history] == ["Hi!", "Hi"]
    assert doc.execute(command) == edited


@pytest.mark.parametrize("message_id", [ULID, UUID])
def test_two_replicas_that_pass_one_message_on_have_one(message_id: MessageId) -> None:
    """A bridge on each makes one thread with one root and one reply, each with one text, in every order."""
    other_id = MessageId(f"8{message_id[1:]}" if message_id == UUID else message_id[:-1] + "2")
    docs = [opened(1), opened(2, MS + 5000)]
    for doc in docs:
        thread = doc.execute(CreateThread(sender_id="bridge", content="Root", message_id=message_id))
        assert doc.execute(CreateThread(sender_id="bridge", content="Root", message_id=message_id)) == thread
        doc.execute(
            SendMessage(thread_id=thread.thread_id, sender_id="bridge", content="Hi", message_id=other_id)
        )
    one, other = docs
    one.receive(other.diff(one.state_vector()), origin="other")
    other.receive(one.diff(other.state_vector()), origin="one")
    for doc in docs:
        (thread,) = doc.threads()
        messages = doc.messages(thread.thread_id)
        assert [message.message_id for message in messages] == [message_id, other_id]
        assert [len(message.history) for message in messages] == [1, 1]
        assert doc.check(full=True).ok


def test_an_id_names_one_message(doc: Document, thread_id: ThreadId) -> None:
    """Another text, sender or thread under it is refused, and so is what is no id."""
    doc.execute(SendMessage(thread_id=thread_id, sender_id="a", content="Hi", message_id=UUID))
    elsewhere = doc.create_thread(sender_id="ada", content="Other").thread_id
    for odd in (
        SendMessage(thread_id=thread_id, sender_id="a", content="Ho", message_id=UUID),
        SendMessage(thread_id=thread_id, sender_id="b", content="Hi", message_id=UUID),
        SendMessage(thread_id=elsewhere, sender_id="a", content="Hi", message_id=UUID),
        CreateThread(sender_id="a", content="Hi", message_id=UUID),
        SendMessage(thread_id=thread_id, sender_id="a", content="Hi", message_id=MessageId("slack-17")),
        SendMessage(thread_id=thread_id, sender_id="a", content="Hi", message_id=7),  # type: ignore[arg-type]
    ):
        with pytest.raises(CommandRefused) as refused:
            doc.execute(odd)
        assert "Hi" not in str(refused.value)


def test_a_message_is_queued_under_a_given_id(doc: Document, thread_id: ThreadId) -> None:
    """It is sent and waits; queued again it is there."""
    command = QueueTurn(thread_id=thread_id, sender_id="a", content="Do it", message_id=UUID)
    assert doc.execute(command).message_id == UUID
    assert doc.execute(command).message_id == UUID
    assert [one.message_id for one in doc.agents.queue(thread_id)] == [UUID]
