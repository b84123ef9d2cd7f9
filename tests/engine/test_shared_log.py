"""Two processes on one log hold the same document, whoever writes first."""

from __future__ import annotations

from functools import partial
from random import Random

import pytest

from chatdoc.crdt.keys import encode
from chatdoc.crdt.ydoc import Replica
from chatdoc.document import Document
from chatdoc.testing.content import differences, hidden
from chatdoc.testing.oracle import Oracle
from chatdoc.testing.writer import Writer
from tests.engine.begin import begin, place_of, pull, raw_peer
from tests.engine.sharing import Handle, process, shared_store
from tests.engine.test_incoming import forged

Two = tuple[Document, Handle, Document, Handle]


@pytest.fixture
def two() -> Two:
    """Two processes on one log with one thread."""
    shared = shared_store()
    (one, first), (other, second) = process(shared, 1), process(shared, 2)
    one.create_thread(sender_id="ada", content="root")
    return one, first, other, second


def test_what_one_process_writes_the_other_reads(two: Two) -> None:
    """A read takes what another process has appended since."""
    one, _, other, _ = two
    thread = one.threads()[0]
    message = one.send(thread.thread_id, sender_id="ada", content="Hi")
    assert other.view.has_message(message.message_id)
    assert other.message(message.message_id) == message


@pytest.mark.parametrize("warm", [False, True])
def test_a_write_in_the_gap_before_ours_is_taken_first(two: Two, warm: bool) -> None:
    """Between looking and writing another process may write: both writes are there on both sides."""
    one, first, other, _ = two
    thread_id = one.threads()[0].thread_id
    if warm:
        one.engine.copy.session.warm()
    first.before_begin = lambda: other.send(thread_id, sender_id="bob", content="between")
    one.send(thread_id, sender_id="ada", content="mine")
    one.send(thread_id, sender_id="ada", content="mine too")
    assert {message.content for message in one.messages(thread_id)} == {"root", "between", "mine", "mine too"}
    assert not list(differences(one.view, other.view))
    assert not list(hidden(one))
    assert not list(hidden(other))


def test_a_removal_in_the_gap_before_ours_is_seen_and_put_back(two: Two) -> None:
    """Who must load the whole document just before his write does not write the same clock twice."""
    one, first, other, _ = two
    thread_id = one.threads()[0].thread_id
    root = one.threads()[0].root_message_id

    def remove() -> None:
        other.receive(raw_peer(other).transact([], [place_of(other.view.headers[root])]))

    first.before_begin = remove
    one.send(thread_id, sender_id="ada", content="mine", command_id="one")
    one.send(thread_id, sender_id="ada", content="mine too", command_id="two")
    assert not list(hidden(one))
    late = begin(9)
    pull(late, one)
    assert len(late.messages(thread_id)) == 3


def test_one_peer_at_two_processes_is_one_writer(two: Two) -> None:
    """An update that both take at once is not mistaken for a client id used twice."""
    one, first, other, _ = two
    update = Replica(77).transact([encode(forged(one))])
    first.before_begin = lambda: other.receive(update)
    received = one.receive(update)
    assert received.violations == ()
    assert not one.check().incidents
    assert not other.check().incidents
    assert not list(differences(one.view, other.view))


def test_an_update_held_back_is_taken_once_another_process_had_what_it_lacked(two: Two) -> None:
    """What waits for a predecessor is released by it, through whichever process it came."""
    one, _, other, _ = two
    peer = begin(3)
    thread = peer.create_thread(sender_id="cy", content="first")
    first = peer.diff()
    before = peer.state_vector()
    peer.send(thread.thread_id, sender_id="cy", content="second")
    second = peer.diff(before)
    peer_third = peer.state_vector()
    peer.send(thread.thread_id, sender_id="cy", content="third")
    assert one.receive(peer.diff(peer_third)).held == 1
    other.receive(first)
    assert one.receive(second).held == 0
    assert len(one.messages(thread.thread_id)) == 3
    assert one.receive(b"\x00\x00").wanted is None


def test_a_held_update_is_released_although_the_next_one_is_held_too(two: Two) -> None:
    """What another process brought is enough; nobody waits for an update that need not wait."""
    one, _, other, _ = two
    peer, stranger = begin(3), begin(4)
    thread = peer.create_thread(sender_id="cy", content="first")
    first, before = peer.diff(), peer.state_vector()
    peer.send(thread.thread_id, sender_id="cy", content="second")
    assert one.receive(peer.diff(before)).held == 1
    other.receive(first)
    stranger.create_thread(sender_id="dan", content="x")
    vector = stranger.state_vector()
    stranger.create_thread(sender_id="dan", content="y")
    assert one.receive(stranger.diff(vector)).held == 1
    assert len(one.messages(thread.thread_id)) == 2


@pytest.mark.parametrize("seed", range(4))
def test_processes_that_write_in_each_others_gaps_stay_equal(seed: int) -> None:
    """Random commands of two processes, many of them in the gap, leave both with everything either acknowledged."""
    random, oracle, shared = Random(seed), Oracle(), shared_store()
    pairs = [process(shared, 1), process(shared, 2)]
    writer = Writer(random, oracle, alone=False)
    for _ in range(80):
        (document, handle), (other, _) = random.sample(pairs, 2)
        if random.random() < 0.5:
            handle.before_begin = partial(writer.act, other)
        if random.random() < 0.1:
            document.engine.copy.session.warm()
        writer.act(document)
        handle.before_begin = None
    one, other = pairs[0][0], pairs[1][0]
    assert not list(differences(one.view, other.view))
    for document in (one, other):
        assert not list(hidden(document))
        assert not list(oracle.missing_from(document))
        assert not list(oracle.invented_by(document))
        assert document.check(full=False).violations == document.check(full=True).violations == ()


def test_a_command_id_that_both_use_at_once_is_carried_out_once(two: Two) -> None:
    """The slower process gives the first answer, writes nothing, and goes on working."""
    one, first, other, _ = two
    thread_id = one.threads()[0].thread_id

    def same(document: Document) -> str:
        message = document.send(thread_id, sender_id="ada", content="once", command_id="same")
        return message.message_id

    answers: list[str] = []
    first.before_begin = lambda: answers.append(same(other))
    assert same(one) == answers[0]
    again, _ = process(first.shared, 7)
    assert same(again) == answers[0]
    for document in (one, other, again):
        assert len(document.messages(thread_id)) == 2
