"""Who destroys again and again does not win: what he destroys comes back, and as long as it is gone, that is told."""

from __future__ import annotations

from random import Random

import pytest

from chatdoc.crdt.restore import RESTORES_AT_ONCE, WAIT_MS_MAX, WAIT_MS_MIN
from chatdoc.crdt.ydoc import Replica
from chatdoc.document import Document
from chatdoc.engine.engine import Engine
from chatdoc.engine.load import keep_rows, load_view
from chatdoc.engine.receive_result import Received
from chatdoc.in_memory import memory_document
from chatdoc.model.records.attic import AtticRow
from chatdoc.testing import white_box
from chatdoc.testing.clocks import ManualClock
from chatdoc.testing.content import differences, hidden
from invariants.full import check_all
from tests.engine.begin import begin, pull, raw_peer
from tests.engine.sharing import Handle


class Quarrel:
    """A document with two threads, and a peer that wipes all messages whenever they are back."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.document = memory_document(clock=self.clock, random=Random(1).randbytes)
        for name in ("root", "other"):
            self.document.create_thread(sender_id="ada", content=name)
        self.peer = raw_peer(self.document)

    def wipe(self, *, origin: str = "mallory") -> Received:
        """Let the peer see what is there, and remove every message of it."""
        self.peer.receive(self.document.diff())
        places = [place for place in self.peer.entries() if place[0] == "message"]
        return self.document.receive(self.peer.transact([], places), origin=origin)

    def wipe_often(self) -> Received:
        """So often that restoration begins to wait."""
        return [self.wipe() for _ in range(RESTORES_AT_ONCE + 1)][-1]


@pytest.fixture
def quarrel() -> Quarrel:
    """A quarrel that begins."""
    return Quarrel()


def joined(document: Document, seed: int = 9) -> Document:
    """One that joins now."""
    late = begin(seed)
    pull(late, document)
    return late


def test_what_is_destroyed_often_comes_back_once_a_wait_is_over(quarrel: Quarrel) -> None:
    """While it waits it is shown here and reported as hidden; then whoever joins gets it, and the report is clean."""
    document = quarrel.document
    quarrel.wipe_often()
    assert [one.code for one in document.check(full=False).violations] == ["fact_hidden"] * 2
    assert not document.check().ok
    assert document.check().counters["chat.integrity.fact_hidden"] == 2
    assert len(document.threads()) == len(list(document.view.message_ids())) == 2
    assert list(hidden(document))
    quarrel.clock.advance(WAIT_MS_MIN - 1)
    assert not document.check().ok
    quarrel.clock.advance(1)
    assert document.check(full=False).ok
    assert document.check().ok
    assert not list(hidden(document))
    assert not list(differences(document.view, joined(document).view))


def test_the_quarrel_names_who_destroys_what_and_how_often(quarrel: Quarrel) -> None:
    """Not before it has to wait, and never somebody else."""
    answers = [quarrel.wipe() for _ in range(RESTORES_AT_ONCE)]
    assert not any(one.quarrel for one in answers)
    received = quarrel.wipe()
    [found] = received.quarrel
    assert (found.origin, found.times) == ("mallory", RESTORES_AT_ONCE + 1)
    assert len(found.hidden) == 2
    assert all(place.startswith("message/") for place in found.hidden)
    assert [one.code for one in received.violations] == ["fact_rewritten"] * 2 + ["fact_hidden"] * 2
    quarrel.clock.advance(WAIT_MS_MIN)
    assert not quarrel.wipe(origin="bob").quarrel, "he did it once, and may have passed on what he heard"


def test_origins_without_a_name_are_one(quarrel: Quarrel) -> None:
    """Who comes again without a name goes on where the last one was."""
    for _ in range(RESTORES_AT_ONCE):
        quarrel.peer.receive(quarrel.document.diff())
        stranger = Replica(quarrel.peer.client_id + 1)
        stranger.load([quarrel.document.diff()])
        places = [place for place in stranger.entries() if place[0] == "message"]
        assert not quarrel.document.receive(stranger.transact([], places)).quarrel
    [found] = quarrel.wipe(origin="peer").quarrel
    assert found.origin == "peer"


def test_waits_double_and_never_end(quarrel: Quarrel) -> None:
    """Each restoration after the first ones waits twice as long, up to a longest wait, and comes."""
    quarrel.wipe_often()
    waits = []
    for _ in range(12):
        waited = 0
        while not quarrel.document.check(full=False).ok:
            quarrel.clock.advance(500)
            waited += 500
            assert waited <= WAIT_MS_MAX
        waits.append(waited)
        quarrel.wipe()
    assert waits[:4] == [WAIT_MS_MIN * factor for factor in (1, 2, 4, 8)]
    assert waits[-2:] == [WAIT_MS_MAX, WAIT_MS_MAX]


def test_a_clock_that_is_set_back_makes_nothing_wait_longer(quarrel: Quarrel) -> None:
    """A wait that begins in the future is over."""
    quarrel.wipe_often()
    quarrel.clock.advance(-WAIT_MS_MAX * 10)
    assert quarrel.document.check().ok


def test_the_next_command_puts_back_what_is_due(quarrel: Quarrel) -> None:
    """In its own transaction, before it."""
    document = quarrel.document
    root = document.view.root_of(document.view.thread_ids()[0])
    assert root is not None
    quarrel.wipe_often()
    quarrel.clock.advance(WAIT_MS_MIN)
    origins: list[str] = []
    document.subscribe(lambda update, origin: origins.append(origin))
    document.engine.transact(lambda _: document.edit(root, author_id="ada", content="more"))
    assert origins == ["repair", "local"]
    assert not list(hidden(document))


def test_closing_puts_back_what_waits(quarrel: Quarrel) -> None:
    """Whoever opens the document next finds it whole."""
    quarrel.wipe_often()
    store = quarrel.document.engine.store
    quarrel.document.engine.put_back()
    opened = Document(Engine(store, clock=quarrel.clock, random=Random(5).randbytes))
    assert not list(hidden(opened))
    assert opened.check().ok


def test_what_waits_survives_a_crash(quarrel: Quarrel) -> None:
    """It is seen in the log; also by one that only reads, and row snapshots do not cover it up."""
    quarrel.wipe_often()
    document = quarrel.document
    keep_rows(document.engine.store, document.engine.copy, recorded_at_ms=0)
    found = check_all(load_view(document.engine.store))
    assert {one.code for one in found.values() if one.severity == "violation"} == {"fact_hidden"}
    opened = Document(Engine(document.engine.store, clock=quarrel.clock, random=Random(5).randbytes))
    assert opened.check().ok
    assert not list(hidden(opened))
    assert not list(differences(document.view, opened.view))


def test_another_process_knows_what_is_hidden_and_puts_it_back_when_it_is_due(quarrel: Quarrel) -> None:
    """Its report is no better, and where the first process is gone by then, the second one does it."""
    document = quarrel.document
    handle = Handle(document.engine.store)  # type: ignore[arg-type]
    other = Document(Engine(handle, clock=quarrel.clock, random=Random(6).randbytes))  # type: ignore[arg-type]
    assert other.check().ok
    quarrel.wipe_often()
    assert other.check(full=False).violations == document.check().violations
    quarrel.clock.advance(WAIT_MS_MIN)
    assert other.check().ok
    assert not list(hidden(other))
    assert document.engine.sequence < other.engine.sequence, "it put back what the first one left"


def test_what_is_superseded_while_it_waits_is_hidden_no_more(quarrel: Quarrel) -> None:
    """A mark that a newer one replaces need not come back."""
    document = quarrel.document
    root = document.view.root_of(document.view.thread_ids()[0])
    assert root is not None
    document.delete_message(root, deleted_by="ada")
    for _ in range(RESTORES_AT_ONCE + 1):
        quarrel.peer.receive(document.diff())
        places = [place for place in quarrel.peer.entries() if place[0] == "mark"]
        document.receive(quarrel.peer.transact([], places), origin="mallory")
    assert [one.subject for one in document.check().violations] == [root]
    document.restore_message(root, restored_by="ada")
    assert document.check(full=False).ok
    assert document.check().ok
    quarrel.clock.advance(WAIT_MS_MIN)
    before = document.engine.sequence
    assert document.view.hidden == {}
    assert document.engine.sequence == before


def test_a_peer_that_puts_it_back_first_ends_the_wait(quarrel: Quarrel) -> None:
    """Another replica has it still, and its restoration counts."""
    document = quarrel.document
    friend = joined(document)
    quarrel.wipe_often()
    pull(friend, document)
    assert friend.check().ok, "it saw one destruction only, and put back what was destroyed"
    pull(document, friend)
    assert document.check(full=False).ok
    assert document.check().ok
    assert not list(hidden(document))


def test_an_update_that_was_held_back_is_laid_to_its_sender(quarrel: Quarrel) -> None:
    """Not to the one whose update released it."""
    document = quarrel.document
    [quarrel.wipe() for _ in range(RESTORES_AT_ONCE)]
    quarrel.peer.receive(document.diff())
    peer, places = quarrel.peer, [place for place in quarrel.peer.entries() if place[0] == "message"]
    first = peer.transact([("message", f"{'0' * 26}/{'0' * 16}", "no fact")])
    second = peer.transact([("message", f"{'0' * 26}/{'1' * 16}", "no fact")], places)
    assert document.receive(second, origin="mallory").held
    received = document.receive(first, origin="bob")
    assert [one.origin for one in received.quarrel] == ["mallory"]


def test_a_failed_write_loses_no_wait(quarrel: Quarrel) -> None:
    """A disk that is full when something is due does not keep anybody from reading, and it is tried again."""
    document = quarrel.document
    quarrel.wipe_often()
    quarrel.clock.advance(WAIT_MS_MIN)
    with white_box.failing(document, "append an update"):
        assert len(document.threads()) == 2
    quarrel.clock.advance(2 * WAIT_MS_MIN)
    assert document.check().ok
    assert not list(hidden(document))


def test_what_is_told_of_the_attic_shows_none_of_it(
    quarrel: Quarrel, caplog: pytest.LogCaptureFixture
) -> None:
    """A row that was kept verbatim is named by a digest: the reason it was kept for may quote it."""
    document = quarrel.document
    document.engine.enter(
        [AtticRow(kind="row", reason="unknown event 'hunter2'", text="hunter2")], origin="outside"
    )
    quarrel.peer.receive(document.diff())
    for _ in range(RESTORES_AT_ONCE + 1):
        quarrel.peer.receive(document.diff())
        places = [place for place in quarrel.peer.entries() if place[0] == "attic"]
        document.receive(quarrel.peer.transact([], places), origin="mallory")
    report = document.check()
    assert {one.code for one in report.violations} == {"fact_hidden"}
    assert "hunter2" not in report.to_text() + caplog.text
