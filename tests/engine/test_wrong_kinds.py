"""A value of the wrong kind is refused by name, nothing is written, and the document goes on."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from random import Random
from typing import Any

import pytest

from chatdoc.document import Document
from chatdoc.in_memory import memory_document
from chatdoc.model.errors import CommandRefused, DocumentClosed, NotFound
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


class Markup(str):
    """A text of a class of its own, as parsers and templates have them."""

    __slots__ = ()


class Ratio(float):
    """A number of a class of its own, as numpy has them."""


class Role(StrEnum):
    """A text that stands for itself."""

    AGENT = "agent"


def test_a_value_of_a_class_of_its_own_is_refused_by_name_unless_it_is_an_enum(
    document: Document, thread_id: ThreadId
) -> None:
    """JSON spells no subclass of str, int or float; said at once, and not by an error from within."""
    for given in ({"content": Markup("Hi")}, {"content": "Hi", "fields": {"score": Ratio(0.5)}}):
        with pytest.raises(CommandRefused, match=r"got (Markup|Ratio)"):
            document.send(thread_id, sender_id="ada", **given)  # type: ignore[arg-type]
    with pytest.raises(CommandRefused, match=r"command_id: expected a text, got Markup\. str"):
        document.send(thread_id, sender_id="ada", content="Hi", command_id=Markup("one"))
    with pytest.raises(NotFound, match="there is no thread Markup '"):
        document.send(Markup(thread_id), sender_id="ada", content="Hi")
    sent = document.send(thread_id, sender_id=Role.AGENT, content="Hi", fields={"role": Role.AGENT})
    assert document.message(sent.message_id).sender_id == "agent"
    assert document.check(full=True).ok


def test_an_error_shows_the_beginning_of_what_is_no_id(document: Document) -> None:
    """Who confuses content with an id finds no copy of it in a log, and nesting is no reason to fail."""
    nested: Any = {}
    for _ in range(5000):
        nested = {"a": nested}
    for wrong in ("x" * 100_000, nested):
        for call in (document.messages, document.message, document.state):
            with pytest.raises(NotFound) as refused:
                call(wrong)
            assert len(str(refused.value)) < 200


def test_what_cannot_be_called_is_no_subscriber(document: Document) -> None:
    """Said when it subscribes, and not in a log at every change."""
    wrong: Any = "print"
    for subscribe in (document.subscribe, document.subscribe_log, document.subscribe_report):
        with pytest.raises(TypeError, match="expected a function to call, got str"):
            subscribe(wrong)


def test_nobody_subscribes_to_a_closed_document(document: Document) -> None:
    """Nothing would ever be told."""
    document.close()
    for subscribe in (document.subscribe, document.subscribe_log, document.subscribe_report):
        with pytest.raises(DocumentClosed):
            subscribe(print)


def test_a_clock_that_gives_no_milliseconds_is_named() -> None:
    """`datetime.now` is the likely mistake."""
    clock: Any = datetime.now
    with pytest.raises(
        TypeError, match="the clock gave datetime, expected milliseconds since 1970 as an int"
    ):
        memory_document(clock=clock, random=Random(1).randbytes).create_thread(sender_id="ada", content="Hi")
