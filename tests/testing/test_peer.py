"""A raw peer is what a foreign program is: Yjs, without commands; what it breaks is told by its promise, at once."""

from __future__ import annotations

import os

import pytest

from chatdoc.crdt.keys import encode
from chatdoc.model.facts import Header, RevisionFact, SettingFact
from chatdoc.model.ids import RevisionId, Stamp
from chatdoc.testing import Network, PromiseBroken, peer
from chatdoc.testing.conversation import converse_over
from chatdoc.testing.peer import Peer
from chatdoc.testing.yjs_clients import Library, node_is_installed, open_client


@pytest.fixture
def network() -> Network:
    """Three documents that have heard a conversation."""
    begun = Network(3, seed=1)
    converse_over(begun)
    return begun


@pytest.fixture(params=["yjs", "pycrdt"])
def library(request: pytest.FixtureRequest) -> Library:
    """Each library that can play a client; a missing node fails, unless CHATDOC_WITHOUT_NODE=1 says it is meant."""
    if request.param == "yjs" and os.environ.get("CHATDOC_WITHOUT_NODE") == "1":
        pytest.skip("CHATDOC_WITHOUT_NODE=1: no real Yjs client")
    chosen: Library = request.param
    return chosen


def renamed(raw: Peer, name: str, *, above: str) -> SettingFact:
    """The fact that a peer writes to rename the first thread it sees."""
    thread_id = next(fact for fact in raw.facts() if isinstance(fact, Header)).thread_id
    return SettingFact(thread_id=thread_id, field="name", stamp=Stamp(raw.stamp(above)), value=name, by="yjs")


def newest_name(raw: Peer) -> str:
    """The greatest stamp of any name that a peer sees."""
    return max(fact.stamp for fact in raw.facts() if isinstance(fact, SettingFact) and fact.field == "name")


def test_what_a_peer_writes_is_shown_by_every_document(network: Network, library: Library) -> None:
    """It comes over the same bad network as everything else, and the peer shows in the end what they show."""
    raw = network.join(library=library)
    fact = renamed(raw, "é", above=newest_name(raw))
    raw.put(fact)
    assert network.documents[2].config(fact.thread_id).name != "é"
    network.settle()
    network.assert_converged()
    assert {document.config(fact.thread_id).name for document in network.documents} == {"é"}
    network.close()


def test_updates_of_a_program_of_ones_own_are_sent_as_they_are(network: Network, library: Library) -> None:
    """It is given what the peer has, and makes an update of it by whatever means."""
    raw = network.join(library=library)
    program = open_client(77, "pycrdt")
    program.apply(raw.diff())
    fact = renamed(raw, "theirs", above=newest_name(raw))
    raw.send(program.write([encode(fact)], []))
    network.settle()
    assert {document.config(fact.thread_id).name for document in network.documents} == {"theirs"}
    network.close()


def test_both_libraries_write_the_same_bytes(library: Library) -> None:
    """A client of either, under one id, sends one update for one write, and shows what was written."""
    client, other = open_client(12345, library), open_client(12345, "pycrdt")
    digest, other_digest = "0123456789abcdef", "fedcba9876543210"
    writes = [("attic", digest, "é \N{GRINNING FACE}"), ("attic", other_digest, "")]
    assert client.write(writes, []) == other.write(writes, [])
    assert client.entries() == other.entries() == {(root, key): text for root, key, text in writes}
    assert client.state_vector() == other.state_vector()
    client.write([], [("attic", other_digest)])
    other.apply(client.diff(other.state_vector()))
    assert list(other.entries()) == [("attic", digest)]


def test_the_real_client_is_taken_where_node_is_installed() -> None:
    """Nobody has to ask for it."""
    assert type(open_client(1)) is type(open_client(2, "yjs" if node_is_installed() else "pycrdt"))


def test_each_promise_of_a_writer_is_named_when_it_is_broken(network: Network) -> None:
    """The first thing that is wrong is raised at the write, before any document has it."""
    old = renamed(network.join(), "old", above="")
    entry = encode(renamed(network.join(), "new", above=newest_name(network.peers[0])))
    lasting = next(place for place in network.peers[0].entries() if place[0] == "message")
    cases = [
        (peer.STAMPED, [encode(old)], []),
        (peer.DIGEST, [(entry[0], entry[1], entry[2].replace("new", "other"))], []),
        (peer.FACT, [("setting", entry[1], "no JSON")], []),
        (peer.READABLE, [("setting", "no key", "{}")], []),
        (peer.LASTS, [], [lasting]),
    ]
    before = len(network.in_flight)
    for promise, writes, removals in cases:
        raw = network.join()
        with pytest.raises(PromiseBroken) as caught:
            raw.write(writes, removals)
        told = str(caught.value).splitlines()
        assert told[0] == promise
        assert len(told) > 1
        assert raw.has_broken_a_promise
    assert len(network.in_flight) == before
    network.close()


def test_a_revision_below_one_its_writer_saw_is_told(network: Network) -> None:
    """Of two texts the greater id is shown, so an edit must be above what it edits."""
    raw = network.join()
    seen = next(fact for fact in raw.facts() if isinstance(fact, RevisionFact))
    below = RevisionFact(
        message_id=seen.message_id,
        revision_id=RevisionId(raw.stamp()),
        author_id="yjs",
        content="late",
        date=seen.date,
    )
    with pytest.raises(PromiseBroken, match="stamped above every one"):
        raw.put(below)
    network.close()


def test_a_peer_that_is_not_honest_is_withstood(network: Network) -> None:
    """What it removes is put back, and told by the document that heard of it first."""
    raw = network.join(honest=False)
    raw.write(removals=[place for place in raw.entries() if place[0] == "message"])
    network.settle()
    network.assert_converged()
    assert any(document.check().incidents for document in network.documents)
    assert len(network.documents[0].threads()) == 2
    network.close()
