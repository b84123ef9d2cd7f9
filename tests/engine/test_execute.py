"""A command is carried out once, as a whole or not at all, and its id brings back its first answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chatdoc.document import Document
from chatdoc.model.commands.configure_thread import ConfigureThread
from chatdoc.model.commands.edit_message import EditMessage
from chatdoc.model.commands.send_message import SendMessage
from chatdoc.model.errors import (
    ChatdocError,
    CommandConflict,
    CommandRefused,
    DocumentClosed,
    NotFound,
    StoreError,
)
from chatdoc.model.facts import Header, RevisionFact, SettingFact, ThreadFact
from chatdoc.model.ids import MessageId, RevisionId, ThreadId
from chatdoc.testing import white_box
from chatdoc.testing.content import content_of, hidden
from tests.engine.begin import begin, pull

LAST_STAMP = "03QCPC7NZZZZZZZZZZZZZZZZZZ"
"""The greatest stamp a peer may write: the last one of 2099."""


def test_a_known_command_id_returns_the_first_answer(document: Document, thread_id: ThreadId) -> None:
    """A retry writes nothing and gets the record as it was then, whatever happened to it since."""
    command = SendMessage(thread_id=thread_id, sender_id="ada", content="Hi")
    first = document.execute(command, command_id="one")
    document.edit(first.message_id, author_id="bob", content="Hi!")
    before = document.state_vector()
    assert document.execute(command, command_id="one") == first
    assert document.state_vector() == before


def test_a_command_that_changes_nothing_has_its_answer_kept_too(
    document: Document, thread_id: ThreadId
) -> None:
    """Setting what is set already writes no update, and its id is known all the same."""
    command = ConfigureThread(thread_id=thread_id, updated_by="ada", config={"name": "Plan"})
    before = document.state_vector()
    first = document.execute(command, command_id="one")
    assert document.state_vector() == before
    document.configure(thread_id, updated_by="bob", name="Other")
    assert document.execute(command, command_id="one") == first


def test_an_id_of_another_command_is_a_conflict(document: Document, thread_id: ThreadId) -> None:
    """Two different commands under one id are a defect of their sender."""
    document.send(thread_id, sender_id="ada", content="Hi", command_id="one")
    with pytest.raises(CommandConflict, match="'one'"):
        document.send(thread_id, sender_id="ada", content="Hello", command_id="one")


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        (
            EditMessage(message_id=MessageId("01HF7YAT000000000000000001"), author_id="a", content=""),
            NotFound,
        ),
        (
            ConfigureThread(
                thread_id=ThreadId("01HF7YAT000000000000000001"), updated_by="a", config={"name": "x"}
            ),
            NotFound,
        ),
    ],
)
def test_a_refusal_is_repeated_as_it_was(document: Document, command: Any, kind: type[ChatdocError]) -> None:
    """The id of a refused command brings the same kind of error with the same words."""
    with pytest.raises(kind) as first:
        document.execute(command, command_id="one")
    with pytest.raises(kind) as again:
        document.execute(command, command_id="one")
    assert str(again.value) == str(first.value)


@pytest.mark.parametrize(
    "value",
    [object(), {1, 2}, 2**64, {1: {2: object()}}, "\ud800", float("nan")],
    ids=lambda value: repr(value)[:12],
)
@pytest.mark.parametrize("command_id", [None, "one"])
def test_a_value_that_cannot_be_stored_is_refused(
    document: Document, thread_id: ThreadId, value: Any, command_id: str | None
) -> None:
    """With or without an id, what JSON cannot spell is a refusal and leaves nothing behind."""
    before = content_of(document.view)
    with pytest.raises(CommandRefused):
        document.configure(thread_id, updated_by="ada", acp_config={"x": value}, command_id=command_id)
    assert content_of(document.view) == before
    document.send(thread_id, sender_id="ada", content="still works")


@pytest.mark.parametrize("field", ["漢" * 120, "\x00" * 120, "x/y%z?", "~", "a" * 120])
def test_any_field_name_that_is_accepted_reaches_peers(
    document: Document, thread_id: ThreadId, field: str
) -> None:
    """A name whose key would be too long is cut in the key, and a peer reads it whole."""
    document.configure(thread_id, updated_by="ada", fields={field: "value"})
    document.configure(thread_id, updated_by="ada", acp_config={field: 1})
    peer = begin(2)
    pull(peer, document)
    assert peer.config(thread_id) == document.config(thread_id)
    assert peer.config(thread_id).extra == {field: "value"}
    assert peer.view.unreadable == {}


def test_a_text_that_no_peer_would_take_is_refused(document: Document, thread_id: ThreadId) -> None:
    """Eight MiB of control characters are 48 as JSON; written, they would shut our peers to us for good."""
    before = content_of(document.view)
    with pytest.raises(CommandRefused, match="no peer would take"):
        document.send(thread_id, sender_id="ada", content="\x00" * (8 * 1024 * 1024))
    assert content_of(document.view) == before
    document.send(thread_id, sender_id="ada", content="next")
    peer = begin(2)
    pull(peer, document)
    assert content_of(peer.view) == content_of(document.view)
    assert not list(hidden(document))


def test_the_last_stamp_there_is_locks_a_field_and_nothing_else(
    document: Document, thread_id: ThreadId
) -> None:
    """A peer that writes the last stamp of 2099 wins that field; changing it is refused, and peers still follow us."""
    last = SettingFact(thread_id=thread_id, field="name", stamp=LAST_STAMP, value="mine", by="mallory")  # type: ignore[arg-type]
    document.engine.enter([last], origin="mallory")
    with pytest.raises(CommandRefused, match="2099"):
        document.configure(thread_id, updated_by="ada", name="ours")
    assert document.config(thread_id).name == "mine"
    document.configure(thread_id, updated_by="ada", pin=True)
    peer = begin(2)
    pull(peer, document)
    assert peer.config(thread_id).pin


def test_the_last_revision_there_is_locks_a_message_and_nothing_else(
    document: Document, thread_id: ThreadId
) -> None:
    """Editing above a peer's last revision of 2099 is refused; written, it would shut our peers to us for good."""
    root = document.threads()[0].root_message_id
    last = RevisionFact(
        message_id=root,
        revision_id=RevisionId(LAST_STAMP),
        author_id="mallory",
        content="mine",
        date="2024-01-01T00:00:00.000Z",
    )
    document.engine.enter([last], origin="mallory")
    with pytest.raises(CommandRefused, match="2099"):
        document.edit(root, author_id="ada", content="ours")
    sent = document.send(thread_id, sender_id="ada", content="next")
    peer = begin(2)
    pull(peer, document)
    assert peer.message(sent.message_id) == sent


@pytest.mark.parametrize("message_id", ["7ZZZZZZZZZZZZZZZZZZZZZZZZZ", "7ZZZZZZZZZ0000000000000000"])
def test_a_message_with_an_id_from_the_far_future_can_be_edited(
    document: Document, thread_id: ThreadId, message_id: str
) -> None:
    """Ids are anybody's; revisions are stamped within this century all the same."""
    header = Header(
        message_id=MessageId(message_id),
        thread_id=thread_id,
        sender_id="ada",
        date="9999-12-31T23:59:59.999Z",
        reply_to_message_id=document.threads()[0].root_message_id,
        content="one",
    )
    document.engine.enter([header], origin="outside")
    edited = document.edit(message_id, author_id="bob", content="two")
    assert [one.content for one in edited.history] == ["two", "one"]
    peer = begin(2)
    pull(peer, document)
    assert peer.message(message_id) == edited


def test_a_change_that_would_break_a_rule_leaves_no_trace(document: Document, thread_id: ThreadId) -> None:
    """What a rule refuses is taken out of the view again, and neither log nor peers hear of it."""
    heard: list[bytes] = []
    document.subscribe(lambda update, origin: heard.append(update))
    before, sequence = content_of(document.view), document.engine.sequence
    with pytest.raises(CommandRefused):
        document.send(thread_id, sender_id="ada", content="x", reply_to="01HF7YAT000000000000000001")
    assert content_of(document.view) == before
    assert (document.engine.sequence, heard) == (sequence, [])


def test_a_failed_write_leaves_nothing_and_can_be_tried_again(
    document: Document, thread_id: ThreadId
) -> None:
    """Nobody hears of what is not stored, nothing of it is shown, and once the disk has room the document goes on."""
    heard: list[bytes] = []
    document.subscribe(lambda update, origin: heard.append(update))
    before = document.state_vector()
    with white_box.failing(document, "append an update"), pytest.raises(StoreError):
        document.send(thread_id, sender_id="ada", content="lost", command_id="one")
    assert heard == []
    assert document.state_vector() == before
    assert [one.content for one in document.messages(thread_id)] == ["root"]
    message = document.send(thread_id, sender_id="ada", content="lost", command_id="one")
    assert document.messages(thread_id)[-1] == message
    assert len(heard) == 1


def test_a_closed_document_says_so(document: Document, thread_id: ThreadId) -> None:
    """Every change after closing raises DocumentClosed."""
    document.close()
    doings: list[Callable[[], object]] = [
        lambda: document.send(thread_id, sender_id="ada", content="x"),
        lambda: document.send(thread_id, sender_id="ada", content="x", command_id="one"),
        lambda: document.receive(b"\x00\x00"),
        document.diff,
        document.state_vector,
    ]
    for doing in doings:
        with pytest.raises(DocumentClosed):
            doing()


def test_subscribers_hear_of_every_stored_change_and_cannot_harm_it(
    document: Document, thread_id: ThreadId
) -> None:
    """One that fails is logged; what they hear, applied elsewhere, makes the same document."""
    other = begin(2)
    pull(other, document)

    def fail(update: bytes, origin: str) -> None:
        raise ValueError("broken subscriber")

    document.subscribe(fail)
    leave = document.subscribe(lambda update, origin: other.receive(update, origin=origin) and None)
    document.send(thread_id, sender_id="ada", content="one")
    document.configure(thread_id, updated_by="ada", acp_config={"model": "x"})
    assert content_of(other.view) == content_of(document.view)
    leave()
    document.send(thread_id, sender_id="ada", content="two")
    assert content_of(other.view) != content_of(document.view)


def test_a_thread_and_its_root_named_by_a_peer_must_be_ids() -> None:
    """Repairs built on other names would be refused by every peer; such a fact is told and counts for nothing."""
    document, peer = begin(1), begin(2)
    bad = ThreadFact(
        thread_id=ThreadId("01HF7YAT000000000000000001"),
        created_at="2024-01-01T00:00:00.000Z",
        created_by="mallory",
        root_message_id=MessageId("not an id"),
    )
    peer.engine.enter([bad], origin="forged")
    document.receive(peer.diff())
    assert not document.threads()
    assert [one.code for one in document.check().diagnostics] == ["unreadable_fact"]


def test_a_header_whose_revision_id_is_no_stamp_counts_for_nothing(
    document: Document, thread_id: ThreadId
) -> None:
    """No peer writes the last word of a message through its header."""
    peer = begin(2)
    pull(peer, document)
    for revision_id in ("zzz", "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"):
        header = Header(
            message_id=MessageId("01HF7YAT000000000000000001"),
            thread_id=thread_id,
            sender_id="mallory",
            date="2024-01-01T00:00:00.000Z",
            revision_id=RevisionId(revision_id),
        )
        peer.engine.enter([header], origin="forged")
    pull(document, peer)
    assert not document.view.has_message("01HF7YAT000000000000000001")
    assert len(document.view.unreadable) == 2
