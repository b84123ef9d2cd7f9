"""What is superseded leaves the document with the change that supersedes it; nothing else ever does."""

from __future__ import annotations

import pytest

from chatdoc.document import Document
from chatdoc.model.commands import decide as deciding
from chatdoc.model.commands import delete
from chatdoc.model.commands.decide import Command
from chatdoc.model.commands.delete import DeleteMessage, RestoreMessage
from chatdoc.model.commands.plan import Now, Plan
from chatdoc.model.errors import CommandRefused
from chatdoc.model.facts import Fact
from chatdoc.model.ids import ThreadId
from chatdoc.model.view.view import View
from chatdoc.testing.content import differences, hidden
from tests.engine.begin import begin, place_of, pull


@pytest.fixture
def tidy(monkeypatch: pytest.MonkeyPatch) -> list[Fact]:
    """Let a message's restoring remove the mark that it supersedes; the list holds what else it is to remove."""
    others: list[Fact] = []

    def decide(command: RestoreMessage, view: View, now: Now) -> Plan:
        plan = delete.decide_message(command, view, now)
        old = view.marks[command.message_id]["deleted"]
        return Plan(facts=plan.facts, kind=plan.kind, subject=plan.subject, removals=tuple(others or old[:1]))

    monkeypatch.setitem(deciding._DECISIONS, RestoreMessage, decide)
    return others


def _deleted(document: Document, thread_id: ThreadId) -> str:
    sent = document.send(thread_id, sender_id="ada", content="x")
    document.execute(DeleteMessage(message_id=sent.message_id, deleted_by="ada"))
    return sent.message_id


def _restore(message_id: str) -> Command:
    return RestoreMessage(message_id=message_id, restored_by="ada")  # type: ignore[arg-type]


def test_a_superseded_mark_goes_and_peers_let_it_go(
    document: Document, thread_id: ThreadId, tidy: list[Fact]
) -> None:
    """A peer that had it forgets it, puts nothing back, and reports no loss."""
    message_id = _deleted(document, thread_id)
    peer = begin(2)
    pull(peer, document)
    gone = document.view.marks[message_id]["deleted"][0]
    document.execute(_restore(message_id))
    pull(peer, document)
    for one in (document, peer):
        assert len(one.view.marks[message_id]["deleted"]) == 1
        assert one.engine.copy.session.warm().entry(*place_of(gone)) is None
        assert one.message(message_id).deleted_at is None
        assert not list(hidden(one))
        assert not one.check().incidents
    assert not list(differences(document.view, peer.view))
    assert peer.state_vector() == document.state_vector()


def test_a_session_removes_its_own_facts_without_loading_the_document(
    document: Document, thread_id: ThreadId, tidy: list[Fact]
) -> None:
    """A mark it wrote itself goes while the rest stays on disk; one of another session needs the whole."""
    message_id = _deleted(document, thread_id)
    document.execute(_restore(message_id))
    assert not document.engine.copy.session.replica.whole
    stranger = begin(2)
    pull(stranger, document)
    other = _deleted(document, thread_id)
    pull(stranger, document)
    stranger.execute(_restore(other))
    assert stranger.engine.copy.session.replica.whole
    pull(document, stranger)
    assert not list(differences(document.view, stranger.view))


def test_what_still_counts_is_never_removed(
    document: Document, thread_id: ThreadId, tidy: list[Fact]
) -> None:
    """A plan that would remove a header is refused, and the view is as it was."""
    message_id = _deleted(document, thread_id)
    tidy.append(document.view.headers[message_id])
    before = document.message(message_id)
    with pytest.raises(CommandRefused, match="cannot be removed"):
        document.execute(_restore(message_id))
    assert document.message(message_id) == before
    assert document.check().ok
