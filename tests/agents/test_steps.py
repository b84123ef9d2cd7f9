"""The text of an answer comes in pieces and ends as one revision, however the turn ends; the pieces go with it."""

from __future__ import annotations

import pytest

from chatdoc.document import Document
from chatdoc.model.commands.decide import Command
from chatdoc.model.commands.turn_end import (
    NOTICES,
    FailTurn,
    FinalizeTurn,
    InterruptTurn,
    KeepLate,
    RecoverTurn,
)
from chatdoc.model.commands.turn_stream import AppendPiece, BindSession
from chatdoc.model.errors import CommandRefused
from chatdoc.model.ids import ThreadId
from chatdoc.testing.content import hidden
from tests.agents.agents import append, named, start
from tests.engine.begin import begin, pull

USAGE = {"input_tokens": 10, "output_tokens": 3}


def test_a_piece_is_written_once(document: Document, thread_id: ThreadId) -> None:
    """The same piece again changes nothing; another text under its number is refused with both."""
    message = start(document, thread_id)
    document.execute(named(AppendPiece, message, seq=0, text="Hello"))
    before = document.state_vector()
    document.execute(named(AppendPiece, message, seq=0, text="Hello"))
    assert document.state_vector() == before
    with pytest.raises(CommandRefused, match="it has 5 characters, the one that came 3"):
        document.execute(named(AppendPiece, message, seq=0, text="Bye"))
    for seq in (-1, True, 10**10, "0"):
        with pytest.raises(CommandRefused, match="seq: expected a number"):
            document.execute(named(AppendPiece, message, seq=seq, text="x"))


def test_readers_and_peers_see_the_text_so_far(document: Document, thread_id: ThreadId) -> None:
    """A document that receives the updates shows each piece as soon as it came, and the message as generating."""
    peer = begin(2)
    pull(peer, document)
    document.subscribe(lambda update, origin: peer.receive(update, origin=origin) and None)
    message = start(document, thread_id)
    for count, text in enumerate(("One ", "two ", "three"), 1):
        append(document, message, text)
        for reader in (document, peer):
            shown = reader.message(message.message_id)
            assert shown.content == "".join(("One ", "two ", "three")[:count])
            assert shown.generating
    state = peer.state(thread_id)
    assert state is not None
    assert (state.state, state.active_message_id) == ("running", message.message_id)


def test_a_finished_turn_is_one_revision_and_no_pieces(document: Document, thread_id: ThreadId) -> None:
    """Text, usage, mark and state come in one transaction, and what they supersede leaves in the same one."""
    message = start(document, thread_id)
    append(document, message, "Hello", ", ")
    sequence = document.engine.sequence
    done = document.execute(named(FinalizeTurn, message, tail="world", usage=USAGE))
    assert document.engine.sequence == sequence + 1
    assert (done.content, done.generating, done.acp_usage) == ("Hello, world", False, USAGE)
    assert [one.content for one in done.history] == ["Hello, world", ""]
    view = document.view
    assert message.message_id not in view.pieces
    assert len(view.states[thread_id]) == 1
    assert not document.engine.copy.session.replica.whole
    assert not list(hidden(document))
    assert document.check().ok


def test_content_given_at_the_end_is_the_text(document: Document, thread_id: ThreadId) -> None:
    """An agent's last word takes the place of what it streamed; usage must be a dict."""
    message = start(document, thread_id)
    append(document, message, "draft")
    with pytest.raises(CommandRefused, match="usage: expected a dict"):
        document.execute(named(FinalizeTurn, message, usage=3))
    assert document.execute(named(FinalizeTurn, message, content="final")).content == "final"


def test_an_empty_answer_ends_as_one(document: Document, thread_id: ThreadId) -> None:
    """Without text there is no revision to write."""
    message = start(document, thread_id)
    done = document.execute(named(FinalizeTurn, message))
    assert [one.content for one in done.history] == [""]
    assert not done.generating


@pytest.mark.parametrize("reason", NOTICES)
def test_an_interrupted_turn_keeps_its_text_and_says_why(
    document: Document, thread_id: ThreadId, reason: str
) -> None:
    """Reason and notice are marks; the text is what the agent said and nothing more."""
    message = start(document, thread_id)
    append(document, message, "Half")
    done = document.execute(named(InterruptTurn, message, reason=reason, tail=" an answer", by="ada"))
    assert done.content == "Half an answer"
    assert (done.acp_interrupted, done.acp_interrupted_reason) == (True, reason)
    assert done.acp_interrupted_text == NOTICES[reason]
    mark = document.view.mark(message.message_id, "acp_interrupted")
    assert mark is not None
    assert mark.by == "ada"


@pytest.mark.parametrize("reason", ["server_restart", "worker_stopped", "backend_error"])
def test_a_recovered_turn_keeps_what_was_flushed(
    document: Document, thread_id: ThreadId, reason: str
) -> None:
    """The state becomes terminal, the config is untouched."""
    message = start(document, thread_id)
    append(document, message, "Half")
    config = document.config(thread_id)
    done = document.execute(named(RecoverTurn, message, reason=reason))
    assert (done.content, done.acp_interrupted_reason) == ("Half", reason)
    state = document.state(thread_id)
    assert state is not None
    assert state.state == "interrupted"
    assert document.config(thread_id) == config


def test_a_reason_is_one_of_those_there_are(document: Document, thread_id: ThreadId) -> None:
    """Nobody recovers a turn because the user interrupted it."""
    message = start(document, thread_id)
    wrong: list[Command] = [
        named(InterruptTurn, message, reason="boredom"),
        named(RecoverTurn, message, reason="interrupt"),
    ]
    for command in wrong:
        with pytest.raises(CommandRefused, match="reason: expected one of"):
            document.execute(command)


def test_a_failed_turn_shows_its_text_and_the_error(document: Document, thread_id: ThreadId) -> None:
    """The error follows the text, and is a field of its own."""
    message = start(document, thread_id)
    append(document, message, "Half")
    done = document.execute(named(FailTurn, message, error="no route to host"))
    assert done.content == "Half\n\nno route to host"
    assert done.extra["acp_error"] == "no route to host"
    bare = document.execute(named(FailTurn, start(document, thread_id), error="no route to host"))
    assert bare.content == "no route to host"


def test_an_edit_in_the_midst_of_a_stream_is_kept(document: Document, thread_id: ThreadId) -> None:
    """The text at the end is what was shown, and the edit is in the history."""
    message = start(document, thread_id)
    append(document, message, "one ")
    document.edit(message.message_id, author_id="ada", content="note: ")
    shown = document.message(message.message_id).content
    done = document.execute(named(FinalizeTurn, message))
    assert done.content == shown == "note: one "
    assert [one.content for one in done.history] == ["note: one ", "note: ", ""]


def test_text_that_comes_after_the_end_is_kept(document: Document, thread_id: ThreadId) -> None:
    """It is shown where it goes on from what is shown, stands in the history otherwise, and comes once."""
    message = start(document, thread_id)
    append(document, message, "One")
    with pytest.raises(CommandRefused, match="it is running"):
        document.execute(named(KeepLate, message, content="One two"))
    document.execute(named(InterruptTurn, message))
    late = named(KeepLate, message, content="One two")
    assert document.execute(late).content == "One two"
    before = document.state_vector()
    document.execute(late)
    document.execute(named(KeepLate, message, content="One"))
    assert document.state_vector() == before
    document.edit(message.message_id, author_id="ada", content="One!")
    kept = document.execute(named(KeepLate, message, content="One two three"))
    assert kept.content == "One!"
    assert "One two three" in [one.content for one in kept.history]
    state = document.state(thread_id)
    assert state is not None
    assert state.state == "interrupted"


def test_a_session_is_bound_to_the_thread_and_nothing_else_is(
    document: Document, thread_id: ThreadId
) -> None:
    """One field of acp_config changes; binding it again changes nothing."""
    before = document.config(thread_id)
    message = start(document, thread_id)
    config = document.execute(named(BindSession, message, session_id="s-1"))
    assert config.acp_config == {"model": "gpt", "sessionId": "s-1"}
    assert (config.name, config.updated_by) == (before.name, "codex")
    vector = document.state_vector()
    document.execute(named(BindSession, message, session_id="s-1"))
    assert document.state_vector() == vector


def test_an_automation_never_binds_its_session(document: Document, thread_id: ThreadId) -> None:
    """Its run is refused with the reason, and the thread's session stays."""
    message = start(document, thread_id)
    document.execute(named(BindSession, message, session_id="mine"))
    document.execute(named(FinalizeTurn, message))
    nightly = start(document, thread_id, fields={"acp_automation_id": "nightly"})
    with pytest.raises(CommandRefused, match="a run of automation 'nightly'"):
        document.execute(named(BindSession, nightly, session_id="its"))
    acp = document.config(thread_id).acp_config
    assert acp is not None
    assert acp["sessionId"] == "mine"
