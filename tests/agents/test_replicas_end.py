"""Replicas that end turns at once, or hear of it late, agree, lose no text and put nothing back."""

from __future__ import annotations

from random import Random

import pytest

from chatdoc.crdt.ydoc import merge
from chatdoc.document import Document
from chatdoc.engine.engine import Engine
from chatdoc.in_memory import memory_document
from chatdoc.model.commands.turn_end import FinalizeTurn, InterruptTurn, KeepLate, RecoverTurn
from chatdoc.model.facts import PieceFact, StateFact
from chatdoc.model.ids import Stamp, ThreadId, derive
from chatdoc.testing.clocks import START_MS, ManualClock
from chatdoc.testing.content import differences, hidden
from tests.agents.agents import append, named, start
from tests.engine.begin import begin, meet, place_of, pull, raw_peer


def test_peers_let_the_pieces_go_and_put_nothing_back(document: Document, thread_id: ThreadId) -> None:
    """A peer that held the pieces sees them superseded: nobody writes anything more, nothing is reported lost."""
    peer = begin(2)
    message = start(document, thread_id)
    append(document, message, "Hello", ", world")
    meet(document, peer)
    document.execute(named(FinalizeTurn, message))
    meet(document, peer)
    assert peer.message(message.message_id).content == "Hello, world"
    assert message.message_id not in peer.view.pieces
    assert peer.state_vector() == document.state_vector()
    for one in (document, peer):
        assert not one.check().incidents
        assert not list(hidden(one))
    assert not list(differences(document.view, peer.view))


def test_a_peer_that_finalizes_pieces_of_another_removes_them(
    document: Document, thread_id: ThreadId
) -> None:
    """Whoever ends the turn, the pieces go from all documents."""
    peer = begin(2)
    message = start(document, thread_id)
    append(document, message, "Hello", ", world")
    meet(document, peer)
    peer.execute(named(RecoverTurn, message))
    meet(document, peer)
    for one in (document, peer):
        assert message.message_id not in one.view.pieces
        assert not list(hidden(one))
    assert document.message(message.message_id).content == "Hello, world"


def test_two_that_end_one_turn_at_once_agree_and_lose_no_text(
    document: Document, thread_id: ThreadId, clock: ManualClock
) -> None:
    """One finalizes, the other interrupts what it has seen: the finished answer is shown, both texts are there."""
    peer = begin(2)
    message = start(document, thread_id)
    append(document, message, "Hello")
    meet(document, peer)
    clock.advance(1000)
    peer.execute(named(InterruptTurn, message, tail=" (cut)"))
    document.execute(named(FinalizeTurn, message, tail=", world"))
    meet(document, peer)
    for one in (document, peer):
        shown = one.message(message.message_id)
        assert shown.content == "Hello, world"
        assert "Hello (cut)" in [revision.content for revision in shown.history]
        assert one.check().ok
    assert not list(differences(document.view, peer.view))


def test_two_that_recover_one_turn_at_once_write_one_text(document: Document, thread_id: ThreadId) -> None:
    """The recovered revision is derived from what was seen, so it is the same fact."""
    peer = begin(2)
    message = start(document, thread_id)
    append(document, message, "Hello")
    meet(document, peer)
    for one in (document, peer):
        one.execute(named(RecoverTurn, message))
    meet(document, peer)
    shown = document.message(message.message_id)
    assert [one.content for one in shown.history] == ["Hello", ""]


def test_two_that_keep_one_late_text_write_one_fact(
    document: Document, thread_id: ThreadId, clock: ManualClock
) -> None:
    """Whoever finds what an agent said after its turn had ended, and whenever, says the same of it."""
    peer = begin(2)
    message = start(document, thread_id)
    document.execute(named(InterruptTurn, message, tail="Hello"))
    meet(document, peer)
    clock.advance(1000)
    for one in (document, peer):
        one.execute(named(KeepLate, message, content="Goodbye"))
    assert not list(differences(document.view, peer.view))


def test_turns_that_replicas_began_at_once_in_one_thread_each_end_on_their_own(
    document: Document, thread_id: ThreadId
) -> None:
    """Ending the one leaves the state to the other while that runs."""
    peer = begin(2)
    meet(document, peer)
    ours, theirs = start(document, thread_id), start(peer, thread_id)
    append(document, ours, "ours")
    append(peer, theirs, "theirs")
    meet(document, peer)
    state = document.state(thread_id)
    assert state is not None
    last = ours if state.active_message_id == ours.message_id else theirs
    first = theirs if last is ours else ours
    document.execute(named(FinalizeTurn, first))
    assert document.state(thread_id) == state
    document.execute(named(FinalizeTurn, last))
    after = document.state(thread_id)
    assert after is not None
    assert (after.state, after.active_message_id) == ("complete", last.message_id)
    assert {one.content for one in document.messages(thread_id)} == {"root", "ours", "theirs"}
    assert document.check().ok


def test_what_another_superseded_is_left_to_it(document: Document, thread_id: ThreadId) -> None:
    """A peer that hears of a removal always hears in the same update why, so it reports and puts back nothing."""
    peer, third = begin(2), begin(3)
    message = start(document, thread_id)
    for one in (peer, third):
        meet(document, one)
    # Not knowing of the turn would let a peer queue; here its state comes after ours, and a third has not heard of it.
    queued = StateFact(
        thread_id=thread_id,
        stamp=Stamp(derive("later", 1_900_000_000_000, thread_id)),
        state="queued",
        updated_at="2030-01-01T00:00:00.000Z",
        active_message_id=document.threads()[0].root_message_id,
    )
    peer.engine.enter([queued], origin="test")
    pull(document, peer)
    document.execute(named(FinalizeTurn, message))
    update = list(document.engine.store.updates.entries())[-1].update
    assert third.receive(update).delta.losses == ()
    assert not third.check().incidents


@pytest.mark.parametrize("warm", [False, True])
def test_pieces_that_come_and_go_in_one_update_are_taken(
    document: Document, thread_id: ThreadId, warm: bool
) -> None:
    """A peer that batches sends a whole turn as one update; the receiver shows how it ended."""
    peer = begin(2)
    meet(document, peer)
    if warm:
        peer.engine.copy.session.warm()
    sequence = document.engine.sequence
    message = start(document, thread_id)
    append(document, message, "Hello", ", world")
    document.execute(named(FinalizeTurn, message))
    batch = merge([entry.update for entry in document.engine.store.updates.entries(after=sequence)])
    peer.receive(batch)
    assert peer.message(message.message_id).content == "Hello, world"
    assert not peer.check().incidents
    assert not list(differences(document.view, peer.view))


def test_a_piece_that_was_put_back_and_then_superseded_stays_away(
    document: Document, thread_id: ThreadId
) -> None:
    """Reopening a document does not put back what the turn's end has removed since."""
    message = start(document, thread_id)
    append(document, message, "Hello")
    piece = PieceFact(message_id=message.message_id, seq=0, text="Hello")
    vandal = raw_peer(document)
    document.receive(vandal.transact([], [place_of(piece)]), origin="vandal")
    assert document.message(message.message_id).content == "Hello"
    document.execute(named(FinalizeTurn, message))
    before = document.state_vector()
    store, random = document.engine.store, Random(7).randbytes
    again = Document(Engine(store, clock=ManualClock(), random=random))
    assert again.state_vector() == before
    assert message.message_id not in again.view.pieces
    assert again.message(message.message_id).content == "Hello"


def test_a_piece_written_twice_and_removed_in_one_update_is_forgotten_once(
    document: Document, thread_id: ThreadId
) -> None:
    """A step that was redelivered at another replica is one piece, and goes as one."""
    message = start(document, thread_id)
    other, reader = begin(2), begin(3)
    meet(document, other)
    sequence = document.engine.sequence
    append(document, message, "Hello")
    append(other, message, "Hello")
    meet(other, reader)
    pull(document, other)
    document.execute(named(FinalizeTurn, message))
    reader.receive(merge([entry.update for entry in document.engine.store.updates.entries(after=sequence)]))
    assert reader.message(message.message_id).content == "Hello"
    assert message.message_id not in reader.view.pieces
    assert not list(hidden(reader))


def test_the_end_of_a_turn_may_come_before_its_beginning(document: Document, thread_id: ThreadId) -> None:
    """Who hears of pieces and of their removal first puts nothing back, and shows the answer once it is there."""
    writer, reader = begin(2), begin(3)
    other = memory_document(clock=ManualClock(START_MS + 1000), random=Random(4).randbytes)
    for one in (writer, reader, other):
        meet(document, one)
    message = start(document, thread_id)
    start(other, thread_id)  # The state is of this turn, so ending the first one takes no state away.
    pull(writer, document)
    pull(writer, other)
    sequence = writer.engine.sequence
    append(writer, message, "Hello")
    writer.execute(named(FinalizeTurn, message))
    for entry in writer.engine.store.updates.entries(after=sequence):
        reader.receive(entry.update)
    assert not reader.check().incidents
    pull(reader, writer)
    assert reader.message(message.message_id).content == "Hello"
    assert not list(differences(writer.view, reader.view))
    assert not list(hidden(reader))
