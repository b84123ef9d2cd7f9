"""A peer gets all it lacks, and an update that every guard takes, whatever it has already."""

from __future__ import annotations

from itertools import permutations

import pytest

from chatdoc.crdt import read_update
from chatdoc.crdt.keys import encode
from chatdoc.crdt.ydoc import Replica, merge
from chatdoc.document import Document
from chatdoc.engine import log_diff
from chatdoc.engine.log_diff import LogDiff
from chatdoc.testing.fuzz import Fuzz
from tests.engine.begin import begin, place_of, pull, raw_peer
from tests.engine.sharing import shared_store


def test_a_batch_that_repeats_old_items_does_not_hide_those_between() -> None:
    """An entry that repeats a client's first items says nothing of those that came since."""
    ada, bob, hub, late = begin(1), begin(2), begin(3), begin(4)
    thread = ada.create_thread(sender_id="ada", content="one")
    first = ada.diff()
    ada.send(thread.thread_id, sender_id="ada", content="two")
    pull(hub, ada)
    bob.receive(first)
    bob.send(thread.thread_id, sender_id="bob", content="three")
    hub.receive(bob.diff())
    pull(late, hub)
    assert {one.content for one in late.messages(thread.thread_id)} == {"one", "two", "three"}


def test_entries_with_gaps_between_other_clients_make_an_update_without_skips() -> None:
    """What a peer has already is left out, so its gaps never show in what it gets."""
    ada, bob, hub = begin(1), begin(2), begin(3)
    thread = ada.create_thread(sender_id="ada", content="root")
    pull(bob, ada)
    pull(hub, ada)
    for number in range(6):
        before = ada.state_vector()
        ada.send(thread.thread_id, sender_id="ada", content=f"a{number}")
        update = ada.diff(before)
        if number % 2:
            known = bob.state_vector()
            bob.send(thread.thread_id, sender_id="bob", content=f"b{number}")
            update = merge([update, bob.diff(known)])
        hub.receive(update)
    pull(ada, hub)
    assert len(ada.messages(thread.thread_id)) == 1 + 6 + 3


def test_a_removal_that_came_alone_reaches_a_peer_with_what_came_before_it() -> None:
    """Garbage that its author took away again is not handed on."""
    document, late = begin(1), begin(2)
    thread = document.create_thread(sender_id="ada", content="one")
    peer = raw_peer(document)
    fact = document.view.thread_facts[thread.thread_id]
    root, key = place_of(fact)
    elsewhere = key.replace(key[-1], "0" if key[-1] != "0" else "1")
    document.receive(peer.transact([(root, elsewhere, "garbage")]))
    document.receive(peer.transact([], [(root, elsewhere)]))
    assert not document.view.unreadable
    late.receive(document.diff())
    assert not late.view.unreadable


@pytest.mark.parametrize("seed", range(6))
def test_the_tail_never_omits_what_the_whole_has(seed: int) -> None:
    """For every peer of a random history, the tail's answer and the whole document leave it with the same entries."""
    run = Fuzz(3, seed)
    for _ in range(100):
        run.step()
    for document, peer in permutations([*run.network.documents, begin(9)], 2):
        vector = peer.state_vector()
        whole = document.engine.copy.session.warm().encode(vector)
        assert _entries_with(peer, document.diff(vector)) == _entries_with(peer, whole)


def test_far_back_entries_are_read_from_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the tail has forgotten an entry the log is read, and where that is too far the whole is encoded."""
    monkeypatch.setattr(log_diff, "ENTRIES_MAX", 3)
    monkeypatch.setattr(log_diff, "READ_BACK_MAX", 4)
    document = begin(1)
    thread = document.create_thread(sender_id="ada", content="root")
    vectors = [document.state_vector()]
    for number in range(10):
        document.send(thread.thread_id, sender_id="ada", content=str(number))
        vectors.append(document.state_vector())
    for number, vector in enumerate(vectors):
        late = begin(2)
        late.receive(document.diff())
        update = document.diff(vector)
        assert len(read_update.read(update).items) == 10 - number
    assert document.engine.copy.session.replica.whole, "the first vectors lie before what is read back"


def test_a_one_record_change_costs_what_the_record_costs() -> None:
    """After ten thousand items, one more is handed over in the bytes it was written in, without the whole document."""
    document = begin(1)
    thread = document.create_thread(sender_id="ada", content="root")
    for number in range(300):
        document.edit(thread.root_message_id, author_id="ada", content=str(number))
    vector = document.state_vector()
    message = document.send(thread.thread_id, sender_id="ada", content="x" * 100)
    _, _, text = encode(document.view.headers[message.message_id])
    assert len(document.diff(vector)) <= len(text) + 200
    assert not document.engine.copy.session.replica.whole


def test_many_changes_of_one_writer_are_handed_over_without_the_whole_document() -> None:
    """They are put behind each other as bytes, however many; two writers by turns are read and written anew."""
    ada, bob = begin(1), begin(2)
    thread = ada.create_thread(sender_id="ada", content="root")
    pull(bob, ada)
    vector = bob.state_vector()
    for number in range(log_diff.MERGE_MAX + 100):
        ada.send(thread.thread_id, sender_id="ada", content=str(number))
    update = ada.diff(vector)
    assert not ada.engine.copy.session.replica.whole
    assert len(read_update.read(update).items) == log_diff.MERGE_MAX + 100
    bob.receive(update)
    assert bob.messages(thread.thread_id) == ada.messages(thread.thread_id)
    for number in range(20):
        for writer, reader in ((ada, bob), (bob, ada)):
            writer.send(thread.thread_id, sender_id="ada", content=f"by turns {number}")
            pull(reader, writer)
    assert len(read_update.read(ada.diff(vector)).items) == log_diff.MERGE_MAX + 100 + 40
    assert not ada.engine.copy.session.replica.whole


def test_who_lacks_nothing_gets_nothing() -> None:
    """The answer to a peer that is up to date is the empty update."""
    document = begin(1)
    document.create_thread(sender_id="ada", content="root")
    assert document.diff(document.state_vector()) == b"\x00\x00"
    assert LogDiff(shared_store(), 0).since({}, {}) == b"\x00\x00"


def _entries_with(peer: Document, update: bytes) -> dict[tuple[str, str], str]:
    """What a peer's Y document shows once it has an update."""
    replica = Replica(1)
    replica.load([peer.engine.copy.session.warm().encode(), update])
    return replica.entries()
