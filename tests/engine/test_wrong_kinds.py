"""A value of the wrong kind is refused by name, nothing is written, and the document goes on."""

from __future__ import annotations

from typing import Any

import pytest

from chatdoc.document import Document
from chatdoc.model.errors import CommandRefused, NotFound
from chatdoc.model.ids import ThreadId
from tests.engine.begin import begin


@pytest.fixture
def document() -> Document:
    """A document with one thread."""
    made = begin(1)
    made.create_thread(sender_id="ada", content="root", name="Plan")
    return made


@pytest.fixture
def thread_id(document: Document) -> ThreadId:
    """The document's thread."""
    return document.threads()[0].thread_id


@pytest.mark.parametrize("command_id", [5, b"one", "", "\ud83d", "x" * 1001, ["one"]])
def test_a_command_id_that_no_receipt_can_carry_is_refused_and_the_document_goes_on(
    document: Document, thread_id: ThreadId, command_id: Any
) -> None:
    """Nothing is written, and the same command with a proper id is carried out."""
    before = document.state_vector()
    with pytest.raises(CommandRefused, match="command_id"):
        document.send(thread_id, sender_id="ada", content="Hi", command_id=command_id)
    assert document.state_vector() == before
    assert document.send(thread_id, sender_id="ada", content="Hi", command_id="one").content == "Hi"


@pytest.mark.parametrize("origin", [5, None, "", "\ud83d"])
def test_an_origin_that_the_log_cannot_carry_is_refused_and_the_document_goes_on(
    document: Document, thread_id: ThreadId, origin: Any
) -> None:
    """The update can be received again under a proper name."""
    other = begin(2)
    update = document.diff()
    with pytest.raises(CommandRefused, match="origin"):
        other.receive(update, origin=origin)
    other.receive(update, origin="ada")
    assert other.thread(thread_id) == document.thread(thread_id)


@pytest.mark.parametrize("wrong", [None, 5, b"x", [], {}, ""])
def test_an_id_of_the_wrong_kind_names_nothing(document: Document, wrong: Any) -> None:
    """Whatever is handed in where an id belongs, the answer is NotFound."""
    for look in (document.thread, document.message, document.messages, document.config, document.state):
        with pytest.raises(NotFound):
            look(wrong)
    thread_id = document.threads()[0].thread_id
    with pytest.raises(NotFound):
        document.send(wrong, sender_id="ada", content="Hi")
    with pytest.raises(NotFound):
        document.edit(wrong, author_id="ada", content="Hi")
    with pytest.raises(CommandRefused):
        document.fork(thread_id, at=wrong, sender_id="ada")
    if wrong is not None:
        with pytest.raises(CommandRefused):
            document.send(thread_id, sender_id="ada", content="Hi", reply_to=wrong)
