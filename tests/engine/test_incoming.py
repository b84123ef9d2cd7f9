"""What a peer destroys, hides or garbles is seen and put back, whether or not the whole document is loaded."""

from __future__ import annotations

from itertools import pairwise

import pytest

from chatdoc.crdt.keys import encode
from chatdoc.crdt.restore import RESTORES_AT_ONCE
from chatdoc.crdt.ydoc import Replica, merge
from chatdoc.document import Document
from chatdoc.engine.engine import Engine
from chatdoc.model.facts import Header, MarkFact
from chatdoc.model.ids import MessageId, Stamp
from chatdoc.testing.clocks import ManualClock
from chatdoc.testing.content import content_of, differences, hidden
from chatdoc.testing.fuzz import Fuzz
from chatdoc.testing.network import Network
from tests.engine.begin import begin, meet, place_of, pull, raw_peer

NEW = MessageId("01HF7YAT00000000000000000Z")


def forged(document: Document, *, content: str = "forged") -> Header:
    """A message nobody sent, in the document's first thread."""
    thread = document.threads()[0]
    return Header(
        message_id=NEW,
        thread_id=thread.thread_id,
        sender_id="mallory",
        date="2024-01-01T00:00:00.000Z",
        reply_to_message_id=thread.root_message_id,
        content=content,
    )


def test_a_removed_lasting_fact_is_put_back_for_everybody(document: Document) -> None:
    """A message a peer removes stays in sight, is reported, and comes back to the peer and to those who join later."""
    root = document.threads()[0].root_message_id
    place = place_of(document.view.headers[root])
    peer = raw_peer(document)
    received = document.receive(peer.transact([], [place]), origin="mallory")
    assert [(one.root, one.subject) for one in received.delta.losses] == [("message", root)]
    assert [one.code for one in received.violations] == ["fact_rewritten"]
    late = begin(2)
    pull(late, document)
    assert late.message(root) == document.message(root)
    peer.receive(document.diff())
    assert peer.entry(*place) is not None
    assert not list(hidden(document))


def test_a_fact_that_comes_with_its_removal_is_put_back(document: Document) -> None:
    """Batched or not, what was written once stays: the batch leaves nobody without it."""
    peer, fact = raw_peer(document), forged(document)
    batch = merge([peer.transact([encode(fact)]), peer.transact([], [place_of(fact)])])
    document.receive(batch)
    assert document.view.has_message(NEW)
    assert not list(hidden(document))


def test_a_fact_that_comes_overwritten_is_put_back(document: Document) -> None:
    """The batch that writes a fact and garbles it brings the fact."""
    peer, fact = raw_peer(document), forged(document)
    batch = merge([peer.transact([encode(fact)]), peer.transact([(*place_of(fact), "garbage")])])
    document.receive(batch)
    assert document.view.has_message(NEW)
    assert not document.view.unreadable
    assert not list(hidden(document))


@pytest.mark.parametrize("client_id", [1, 2**53 - 1])
@pytest.mark.parametrize("warm", [False, True])
def test_garbage_beside_a_fact_is_unreadable_only_where_it_stands(
    document: Document, client_id: int, warm: bool
) -> None:
    """Written blindly under the key of a fact, garbage stands or not by its client id; the fact stands in the end."""
    root = document.threads()[0].root_message_id
    place = place_of(document.view.headers[root])
    blind = Replica(client_id)
    garbage = blind.transact([(*place, "garbage")])
    if warm:
        document.engine.copy.session.warm()
    document.receive(garbage)
    assert not document.view.unreadable
    assert not list(hidden(document))
    other = begin(2)
    other.receive(garbage)
    assert other.view.unreadable
    meet(document, other)
    assert not other.view.unreadable
    assert not list(differences(document.view, other.view))


def test_unreadable_entries_that_are_taken_away_are_no_longer_told(document: Document) -> None:
    """The view says what stands in the Y document now."""
    peer, place = raw_peer(document), place_of(forged(document))
    document.receive(peer.transact([(*place, "garbage")]))
    assert document.check().diagnostics
    document.receive(peer.transact([], [place]))
    assert not document.check().diagnostics


def test_our_own_fact_stands_where_garbage_was_put_in_its_way(document: Document) -> None:
    """A fact whose key somebody foresaw is written over the garbage, not beside it."""
    peer, fact = raw_peer(document, client_id=2**53 - 1), forged(document)
    document.receive(peer.transact([(*place_of(fact), "garbage")]))
    document.engine.copy.session.renew()
    document.engine.enter([fact], origin="outside")
    assert not document.view.unreadable
    assert document.check(full=False).diagnostics == ()
    assert not list(hidden(document))


def test_a_removed_superseded_mark_is_forgotten_without_a_word(document: Document) -> None:
    """Removing what no longer counts is how a peer saves room."""
    root = document.threads()[0].root_message_id
    document.delete_message(root, deleted_by="ada")
    old = document.view.mark(root, "deleted")
    document.restore_message(root, restored_by="bob")
    assert old is not None
    received = document.receive(raw_peer(document).transact([], [place_of(old)]))
    assert received.delta.losses == ()
    assert received.violations == ()
    assert len(document.view.marks[root]["deleted"]) == 1
    assert document.message(root).deleted_at is None


def test_a_removed_current_mark_is_put_back(document: Document) -> None:
    """A deletion does not go away because a peer removes it."""
    root = document.threads()[0].root_message_id
    document.delete_message(root, deleted_by="ada")
    mark = document.view.mark(root, "deleted")
    assert mark is not None
    document.receive(raw_peer(document).transact([], [place_of(mark)]))
    late = begin(2)
    pull(late, document)
    assert late.message(root).deleted_by == "ada"


def test_a_client_id_used_twice_is_told_and_loses_nothing(document: Document) -> None:
    """Two documents that got different contents under one clock hold both once they see each other's."""
    other = begin(2)
    pull(other, document)
    mark = MarkFact(
        message_id=document.threads()[0].root_message_id,
        field="note",
        stamp=Stamp("01HF7YAT000000000000000001"),
        value="one",
        by="mallory",
    )
    document.receive(Replica(77).transact([encode(forged(document))]))
    other.receive(Replica(77).transact([encode(mark)]))
    assert document.state_vector() == other.state_vector()
    told = [*document.receive(other.diff()).violations, *other.receive(document.diff()).violations]
    meet(document, other)
    assert {one.code for one in told} == {"client_id_reused"}
    assert not list(differences(document.view, other.view))
    assert document.view.has_message(NEW)
    assert other.message(mark.message_id).extra["note"] == "one"


def test_replicas_that_put_back_at_once_fall_silent() -> None:
    """Three that see one removal each write the same entry, and soon nobody writes any more."""
    network = Network(3, seed=1)
    first = network.documents[0]
    thread = first.create_thread(sender_id="ada", content="root", name="Plan")
    network.settle()
    place = place_of(first.view.headers[thread.root_message_id])
    removal = raw_peer(first).transact([], [place])
    for document in network.documents:
        document.receive(removal, origin="mallory")
    written: list[str] = []
    for document in network.documents:
        document.subscribe(lambda update, origin: written.append(origin))
    network.settle()
    network.assert_converged()
    own = [origin for origin in written if not origin.startswith("replica")]
    assert len(own) <= 3
    written.clear()
    network.settle()
    assert not written


def test_a_quarrel_about_an_entry_slows_down(document: Document) -> None:
    """Who removes the same entry again and again is answered a bounded number of times, and we still show it."""
    root = document.threads()[0].root_message_id
    place = place_of(document.view.headers[root])
    peer = raw_peer(document)
    answers: list[str] = []
    document.subscribe(lambda update, origin: answers.append(origin))
    for _ in range(20):
        peer.receive(document.diff())
        if peer.entry(*place) is not None:
            document.receive(peer.transact([], [place]), origin="mallory")
    assert answers.count("repair") == RESTORES_AT_ONCE
    assert document.message(root).content == "root"


def test_a_restored_entry_that_names_no_key_is_understood_by_a_cold_receiver(document: Document) -> None:
    """What is put back continues an older entry; who has not loaded the whole document loads it to see which."""
    cold = begin(2)
    pull(cold, document)
    root = document.threads()[0].root_message_id
    document.receive(raw_peer(document).transact([], [place_of(document.view.headers[root])]))
    assert not cold.engine.copy.session.replica.whole
    pull(cold, document)
    assert not list(hidden(cold))
    assert not list(differences(document.view, cold.view))
    assert not cold.check().incidents


def test_what_a_crash_left_destroyed_is_put_back_after_it(document: Document) -> None:
    """A removal that was stored and not answered is answered at the next change."""
    root = document.threads()[0].root_message_id
    store = document.engine.store
    removal = raw_peer(document).transact([], [place_of(document.view.headers[root])])
    store.write(lambda unit: unit.append_update(removal, "mallory", recorded_at_ms=0))
    opened = Document(Engine(store, clock=ManualClock(), random=lambda size: b"\x05" * size))
    assert opened.view.has_message(root)
    late = begin(2)
    pull(late, opened)
    assert late.view.has_message(root)
    assert not list(hidden(opened))


@pytest.mark.parametrize("seed", range(8))
def test_cold_and_warm_receivers_understand_the_same(seed: int) -> None:
    """Fed the same updates in the same order, they hold equal views and report equal losses and violations."""
    run = Fuzz(2, seed)
    for _ in range(120):
        run.step()
    updates = [entry.update for entry in run.network.documents[0].engine.store.updates.entries()]
    cold, warm = begin(1), begin(1)
    for update in updates:
        warm.engine.copy.session.warm()
        one, other = cold.receive(update, origin="peer"), warm.receive(update, origin="peer")
        assert one == other
        assert content_of(cold.view) == content_of(warm.view)
    assert not list(differences(cold.view, warm.view))
    assert not list(hidden(cold))
    assert not list(hidden(warm))
    assert cold.check() == warm.check()


def test_stamps_of_restored_entries_ascend_nowhere(document: Document) -> None:
    """Putting back writes the same bytes again: neither texts nor stamps change, however often."""
    before = content_of(document.view)
    root = document.threads()[0].root_message_id
    place = place_of(document.view.headers[root])
    for _ in range(4):
        document.receive(raw_peer(document).transact([], [place]))
    assert content_of(document.view) == before
    sequences = [entry.sequence for entry in document.engine.store.updates.entries()]
    assert all(later == earlier + 1 for earlier, later in pairwise(sequences))
